"""The arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SpecFile = Annotated[Path, typer.Argument(metavar="FILE", help="The spec file.", show_default=False)]

DataFile = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="PATH", help="CSV, TSV or Parquet file to use in place of the spec's data."
    ),
]

FamilyName = Annotated[
    str | None,
    typer.Option("--family", metavar="NAME", help="The response family, for a spec that does not say it."),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

OutputFile = Annotated[
    Path | None, typer.Option("--output", metavar="PATH", help="Write the JSON to this file.")
]
