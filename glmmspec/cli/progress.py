"""The line on a terminal that says how far a fit has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmmspec.options import SolverOptions
    from glmmspec.solver.rounds import Round


@contextmanager
def shown_progress(options: SolverOptions) -> Iterator[Callable[[Round], None] | None]:
    """What to call with each round while the fit runs; None where stderr is no terminal.

    The line is rewritten by each round and gone in the end.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    done = 0
    with Console(stderr=True).status("fitting") as status:

        def show(latest: Round) -> None:
            nonlocal done
            done += 1
            status.update(round_text(done, latest, options))

        yield show


def round_text(number: int, latest: Round, options: SolverOptions) -> str:
    """A round in one line: its number, its draws, and its Monte Carlo error beside the one aimed at."""
    aim = "" if options.draws is not None else f" (aim {options.tolerance:g})"
    return (
        f"round {number}: {latest.draws} draws,"
        f" Monte Carlo error {latest.error_ratio:.2g} standard errors{aim}"
    )
