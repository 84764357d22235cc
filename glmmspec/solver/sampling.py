"""Drawing: from parameters to the approximate likelihood whose proposals are centred there."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import Batch
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Point
from glmmspec.solver.importance import ImportanceSample
from glmmspec.solver.likelihood import Likelihood, log_constant
from glmmspec.solver.modes import Modes, mode_drift, posterior_modes
from glmmspec.solver.points import draws_per_replicate, unit_cube_points
from glmmspec.solver.proposal import RADIAL_DIMENSIONS, Proposal, laplace_proposal, mixture_proposal

_GIB = 2**30


def sampled_likelihood(
    design: Design,
    batches: Sequence[Batch],
    centre: Point,
    varies: Bool[np.ndarray, " K"],
    *,
    draws: int,
    options: SolverOptions,
    stream: int,
) -> Likelihood:
    """Draw each block's effects from a proposal built at `centre`.

    Draws from the laplace proposal follow beta; those from R's mixture stay, as R's do.

    Parameters
    ----------
    varies
        Which variances the likelihood is a function of; the others are held at those of `centre`.
    draws
        Per block, rounded up to whole replicates.
    stream
        Which of the independent random streams of `options.seed` to use.
    """
    beta, variances = centre.beta, centre.variances
    replicates, each = draws_per_replicate(draws, options.points)
    devices = local_devices(options.devices)
    integrals = []
    for batch in batches:
        modes = posterior_modes(batch, design.family, beta, variances)
        proposal = _proposal(batch, modes, variances, options)
        points = unit_cube_points(
            (options.seed, stream),
            kind=options.points,
            blocks=batch.block,
            dimensions=batch.component.shape[1] + RADIAL_DIMENSIONS,
            draws=replicates * each,
        )
        effects, density = proposal.draw(points)
        sample = ImportanceSample(
            batch,
            design.family,
            effects,
            density,
            varies=variances > 0,
            replicates=replicates,
            drift=mode_drift(batch, modes, variances) if options.proposal == "laplace" else None,
            origin=beta,
            devices=devices,
        )
        integrals.append(sample)
    return Likelihood(integrals, varies, np.where(varies, 0.0, variances), log_constant(design))


def local_devices(count: int) -> list[jax.Device]:
    """The first `count` devices of this machine that JAX sees.

    Raises
    ------
    FitError
        If there are fewer.
    """
    found = jax.local_devices()
    if count > len(found):
        raise FitError(
            f"devices = {count}, and JAX sees {len(found)} ({found[0].platform}) on this machine",
            hint="lower it; a CPU counts as one device unless the environment says"
            f" XLA_FLAGS=--xla_force_host_platform_device_count={count}",
        )
    return list(found[:count])


def _proposal(
    batch: Batch, modes: Modes, variances: Float[np.ndarray, " K"], options: SolverOptions
) -> Proposal:
    if options.proposal == "laplace":
        return laplace_proposal(batch, modes, variances, options.df)
    return mixture_proposal(batch, modes, variances, options.mixture, options.df)


def check_block_size(batches: Sequence[Batch], memory: float) -> None:
    """Refuse blocks whose dense matrices would not fit in `memory` GiB.

    Raises
    ------
    FitError
        Naming the size of the largest block and what it would take.
    """
    largest = max(batches, key=lambda b: b.component.shape[1])
    n_blocks, n_rows = largest.row.shape
    n_effects = largest.component.shape[1]
    needed = 8 * n_blocks * n_effects * (2 * n_rows + 4 * n_effects) / _GIB
    if needed > memory:
        raise FitError(
            f"a block of {n_effects} joined random effects needs {needed:.1f} GiB,"
            f" and the budget is {memory:g} GiB",
            hint="raise it with solver memory = ..., or group the data into smaller blocks",
        )


def most_draws(batches: Sequence[Batch], n_parameters: int, memory: float) -> int:
    """The largest number of draws per block that `memory` GiB can hold."""
    kept = sum(8 * len(b.block) * (b.component.shape[1] + 2 * n_parameters + 2) for b in batches)
    passing = max(8 * len(b.block) * (6 * b.component.shape[1] + 3 * n_parameters) for b in batches)
    return int(memory * _GIB / (kept + passing))
