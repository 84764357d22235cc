"""The line on a terminal that says how far a fit has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glmmspec.cli.interrupt import reached, stopped_by_interrupt

if TYPE_CHECKING:
    from glmmspec.options import SolverOptions
    from glmmspec.solver.rounds import Round


@contextmanager
def shown_progress(options: SolverOptions) -> Iterator[Callable[[Round], None]]:
    """What to call with each round while the fit runs: on a terminal, a line says how far it has come.

    The line is rewritten by each round and gone in the end. An interrupt says the last round.
    """
    done = 0
    with _line() as show:

        def update(latest: Round) -> None:
            nonlocal done
            done += 1
            text = round_text(done, latest, options)
            reached(f"{text}; nothing was written")
            show(text)

        yield update


@contextmanager
def _line() -> Iterator[Callable[[str], None]]:
    """What shows a text on a line of the terminal; nothing is shown where stderr is none."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("fitting") as status, stopped_by_interrupt(status.stop):
        yield status.update


def round_text(number: int, latest: Round, options: SolverOptions) -> str:
    """A round in one line: its number, its draws, and its Monte Carlo error beside the one aimed at."""
    aim = "" if options.draws is not None else f" (aim {options.tolerance:g})"
    return (
        f"round {number}: {latest.draws} draws,"
        f" Monte Carlo error {latest.error_ratio:.2g} standard errors{aim}"
    )
