"""Processes, on one machine or several, that fit together: they find each other and agree on the fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import jax
import numpy as np
from jax.experimental import multihost_utils

from glmmspec.errors import FitError

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_HEARTBEAT_SECONDS = 20
"""After so long in silence a process counts as gone."""

_LEAVING_SECONDS = 60
"""How long a process that is done waits for the others."""


def join(coordinator: str, processes: int, process_id: int, *, patience: int) -> None:
    """Make this process one of several whose devices share the draws; call it before JAX computes.

    When one of them is gone or does not come, JAX raises an error in the others, or aborts them.

    Parameters
    ----------
    coordinator
        `host:port` where process 0 listens.
    patience
        Seconds to wait for the others.

    Raises
    ------
    FitError
        If they do not find each other.
    """
    host, _, port = coordinator.rpartition(":")
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process_id,
            cluster_detection_method="deactivate",
            coordinator_bind_address=coordinator if host in _LOOPBACK else f"[::]:{port}",
            initialization_timeout=patience,
            heartbeat_timeout_seconds=_HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=_LEAVING_SECONDS,
        )
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise FitError(
            f"the {processes} processes did not join at {coordinator}: {reason}",
            hint=f"start all within {patience} seconds, with process 0 on that host and its port free",
        ) from error


def leave() -> None:
    """Wait until all processes are done, and part."""
    jax.distributed.shutdown()


def check_same(what: Mapping[str, object]) -> None:
    """Refuse to fit together what is not the same in all processes.

    Parameters
    ----------
    what
        Name of each thing that must be the same, and its value; equal values print alike.

    Raises
    ------
    FitError
        In all of them, with the names of what differs.
    """
    if jax.process_count() == 1:
        return
    digests = [hashlib.sha256(repr(value).encode()).digest() for value in what.values()]
    here = np.array([np.frombuffer(digest, np.uint8) for digest in digests])
    everywhere = np.asarray(multihost_utils.process_allgather(here))
    differs = (everywhere != everywhere[0]).any(axis=(0, 2))
    if differs.any():
        names = [name for name, other in zip(what, differs, strict=True) if other]
        raise FitError(
            f"the {len(everywhere)} processes do not fit the same: they differ in {', '.join(names)}",
            hint="give all of them the same spec, data and options, and install the same versions",
        )
