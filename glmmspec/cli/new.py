"""`glmmspec new`: a first spec for a table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from glmmspec.cli.outcome import DONE
from glmmspec.errors import GlmmSpecError
from glmmspec.files import write_whole

Table = Annotated[
    Path, typer.Argument(metavar="DATA", help="A CSV, TSV or Parquet file.", show_default=False)
]
Response = Annotated[
    str | None, typer.Option("--response", metavar="COLUMN", help="The response, if it is guessed wrong.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="COLUMN", help="A column that groups; may be repeated."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="PATH", help="The spec to write; by default beside the data."),
]


def new(data: Table, response: Response = None, group: Groups = None, output: Output = None) -> int:
    """Write a commented spec for a table: family, fixed terms and groupings with the reasons for them.

    It never writes over a file.
    """
    from glmmspec.starter import starter
    from glmmspec.tables import read_table

    target = data.with_suffix(".glmm") if output is None else output
    if target.exists():
        raise GlmmSpecError(f"{target} is there already", hint="give another name: --output PATH")
    path = Path(os.path.relpath(data.resolve(), target.resolve().parent)).as_posix()
    if path.startswith(".."):
        raise GlmmSpecError(
            f"{target} would stand away from its data",
            hint="a spec names a file in its own folder, or below it: give such an --output PATH",
        )
    text = starter(read_table(data), path, title=data.stem, response=response, groups=tuple(group or ()))
    write_whole(target, text)
    typer.echo(f"{target} written; next: glmmspec check {target}")
    return DONE
