"""`glmmspec study`: how estimators fare over simulated data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from glmmspec.cli.arguments import DataFile, FamilyName, SpecFile
from glmmspec.cli.interrupt import reached, stopped_by_interrupt
from glmmspec.cli.outcome import DONE

Truth = Annotated[
    list[str],
    typer.Option(
        "--truth", metavar="NAME=VALUE", help="A parameter's true value; once for each.", show_default=False
    ),
]
Names = Annotated[
    str, typer.Option("--estimators", metavar="NAME,NAME,...", help="Which estimators to study.")
]
Replications = Annotated[int, typer.Option("--replications", metavar="N", help="Data sets to simulate.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of all random draws.")]
Processes = Annotated[int, typer.Option("--processes", metavar="N", help="Processes to use.")]
Kept = Annotated[
    Path | None,
    typer.Option("--path", metavar="DIR", help="Keep replications here; what is there is not done again."),
]


def study(
    file: SpecFile,
    truth: Truth,
    data: DataFile = None,
    family: FamilyName = None,
    estimators: Names = "pql,mcla",
    replications: Replications = 200,
    seed: Seed = 1,
    processes: Processes = 1,
    path: Kept = None,
) -> int:
    """Simulate responses from a spec many times, estimate from each, and print bias, RMSE and coverage."""
    from glmmspec import grammar

    model, values = grammar.read(file, family=family), dict(map(_pair, truth))
    # The numerical packages load only for a spec that makes sense.
    from glmmspec.tables import read_table
    from glmmspec.validation.study import study as studied

    with _shown_progress(path) as progress:
        found = studied(
            model,
            values,
            [name.strip() for name in estimators.split(",")],
            replications,
            data=None if data is None else read_table(data),
            seed=seed,
            path=path,
            processes=processes,
            progress=progress,
        )
    typer.echo(found)
    return DONE


def _pair(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        return name, float(value)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--truth") from None


@contextmanager
def _shown_progress(path: Path | None) -> Iterator[Callable[[int, int], None]]:
    """What to call with the replications done and all; an interrupt says them, and where they are kept."""
    kept = "none is kept" if path is None else f"kept in {path}, where the same command goes on"

    with _bar() as show:

        def update(done: int, total: int) -> None:
            reached(f"{done} of {total} replications are done, {kept}")
            show(done, total)

        yield update


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr with the time that is left; nothing is shown where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar, stopped_by_interrupt(bar.stop):
        task = bar.add_task("replications", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
