"""`glmmspec data`: the data sets that ship."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from glmmspec import datasets
from glmmspec.cli.arguments import AsJson
from glmmspec.cli.outcome import DONE

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A data set.", show_default=False)]


def data(name: Name = None, as_json: AsJson = False) -> int:
    """List the data sets that ship, or describe one."""
    if as_json:
        everything = [asdict(datasets.describe(each)) for each in datasets.names()]
        document = everything if name is None else asdict(datasets.describe(name))
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(_listing() if name is None else _described(datasets.describe(name)))
    return DONE


def _listing() -> str:
    """Each data set in two lines: name, size and title; source."""
    width = max(map(len, datasets.names()))
    lines = []
    for dataset in map(datasets.describe, datasets.names()):
        size = f"{dataset.n_rows:5} rows {len(dataset.columns):3} columns"
        lines += [f"{dataset.name:{width}} {size}  {dataset.title}", f"{'':{width}}   {dataset.source}"]
    return "\n".join(lines)


def _described(dataset: datasets.Dataset) -> str:
    width = max(map(len, dataset.columns))
    return "\n".join(
        [
            f"{dataset.name}: {dataset.title}",
            f"{dataset.n_rows} rows. Source: {dataset.source}",
            "",
            *(f"  {column:{width}}  {meaning}" for column, meaning in dataset.columns.items()),
        ]
    )
