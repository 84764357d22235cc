"""A command that several processes run together: one speaks, and all end when one is gone."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, NoReturn

import typer

from glmmspec.cli.interrupt import INTERRUPTED
from glmmspec.cli.outcome import BAD_INPUT, exit_code
from glmmspec.errors import FitError

_PATIENCE = 120
"""Seconds within which all processes must have started."""

_GRACE_SECONDS = 5
"""How long a process that failed has to part from the others."""

_SIGNS_OF_LOSS = ("Gloo", "NCCL", "coordination service", "distributed service", "UNAVAILABLE")

_UNHEALTHY = re.compile(r"unhealthy \(stopped sending heartbeats\):\n(\d+)")


@dataclass(frozen=True)
class Company:
    """The processes that run a command, and which of them this is.

    Attributes
    ----------
    coordinator
        `host:port` where process 0 listens.
    """

    coordinator: str
    processes: int
    process_id: int

    @classmethod
    def of(cls, coordinator: str | None, processes: int | None, process_id: int | None) -> Company | None:
        """That of the flags; None if there are none.

        Raises
        ------
        typer.BadParameter
            If some are missing or make no sense.
        """
        if coordinator is None and processes is None and process_id is None:
            return None
        if coordinator is None or processes is None or process_id is None:
            raise typer.BadParameter("give all three or none", param_hint=_FLAGS)
        if not hasattr(os, "fork"):
            raise typer.BadParameter("this system cannot: it has no fork", param_hint=_FLAGS)
        host, _, port = coordinator.rpartition(":")
        if not (host and port.isdecimal() and 0 < int(port) < 2**16):
            raise typer.BadParameter(f"'{coordinator}' is not host:port", param_hint="--coordinator")
        if process_id >= processes:
            raise typer.BadParameter(
                f"{process_id} is not one of 0 to {processes - 1}", param_hint="--process-id"
            )
        return cls(coordinator, processes, process_id)

    @property
    def speaks(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.process_id == 0

    def ended(self, log: str) -> FitError:
        """What the user reads when JAX ended this process, from what JAX said."""
        if "RegisterTask" in log:
            return FitError(
                f"not all of the {self.processes} processes came to {self.coordinator}",
                hint=f"start them within {_PATIENCE} seconds, with process 0 on that host",
            )
        if not _is_loss(log):
            return FitError(
                "the fit was killed from outside", hint="if memory ran out, lower the option memory"
            )
        named = _UNHEALTHY.search(log)
        who = f"one of the {self.processes} processes"
        if self.processes == 2:
            who = f"process {1 - self.process_id} of 2"
        elif named:
            who = f"process {named[1]} of {self.processes}"
        return FitError(f"{who} is gone", hint="see what it said; then start all of them again")


def _is_loss(text: str) -> bool:
    return any(sign in text for sign in _SIGNS_OF_LOSS)


_FLAGS = "--coordinator, --processes, --process-id"


def run_together(company: Company, command: Callable[[], int]) -> int:
    """The exit code of a command that all processes run at the same time.

    It runs in a child: JAX aborts a process that waits for one that is gone, and what it says of that is
    no help to a user. All but process 0 print nothing but errors.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        answer, to_parent = os.pipe()
        lifeline, of_parent = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(answer)
            os.close(of_parent)
            _be_child(company, command, to_parent, lifeline, log)
        os.close(to_parent)
        os.close(lifeline)
        try:
            code = _watched(child, answer)
        except KeyboardInterrupt:
            code = INTERRUPTED
        finally:
            os.close(of_parent)
            os.close(answer)
        if code is not None:
            return code
        log.seek(0)
        said = log.read()
    if os.environ.get("GLMMSPEC_TRACEBACK") == "1":
        typer.echo(said, err=True)
    raise company.ended(said)


def _watched(child: int, answer: int) -> int | None:
    """The code that the child gave, or None if it ended without one; the child has ended."""
    given = os.read(answer, 1)
    code = given[0] if given else None
    if code is not None and code >= BAD_INPUT:
        timer = threading.Timer(_GRACE_SECONDS, os.kill, (child, signal.SIGKILL))
        timer.start()
        os.waitpid(child, 0)
        timer.cancel()
    else:
        os.waitpid(child, 0)
    return code


def _be_child(
    company: Company, command: Callable[[], int], to_parent: int, lifeline: int, log: IO[str]
) -> NoReturn:
    """Run the command, tell the parent its code, part from the others and end."""
    import resource  # Unix has it, as it has fork

    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _keep_output_from_libraries(log.fileno())
    code = exit_code(lambda: _joined(company, command))
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(to_parent, bytes([code]))
    with contextlib.suppress(Exception):
        from glmmspec.solver.processes import leave

        leave()
    os._exit(code)


def _joined(company: Company, command: Callable[[], int]) -> int:
    from glmmspec.solver.processes import join

    join(company.coordinator, company.processes, company.process_id, patience=_PATIENCE)
    try:
        with contextlib.nullcontext() if company.speaks else _silence():
            return command()
    except (RuntimeError, ValueError) as error:
        if _is_loss(str(error)):
            raise company.ended(str(error)) from error
        raise


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(INTERRUPTED)


def _keep_output_from_libraries(log: int) -> None:
    """Python's output goes where it went; what C++ writes to the same descriptors goes to the log."""
    sys.stdout = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
    os.dup2(log, 1)
    os.dup2(log, 2)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield
