"""`glmmspec show`: a fit that was kept, and how a fit is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glmmspec.cli.arguments import AsJson
from glmmspec.cli.outcome import DONE, NO

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

KeptFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="What `glmmspec fit --save` wrote.", show_default=False)
]


def show(file: KeptFile, as_json: AsJson = False) -> int:
    """Print the summary of a fit that was kept.

    Its likelihood is computed again, and must be what it was. Exits with 1 if the fit is not reliable.
    """
    from glmmspec.inference.storage import load

    return report(load(file), as_json)


def report(fit: Fit, as_json: bool) -> int:
    """Print a fit, and give the exit code that it stands for."""
    typer.echo(json_text(fit) if as_json else fit.summary())
    if as_json:
        for warning in fit.warnings:
            typer.echo(f"warning: {warning}", err=True)
    return DONE if fit.reliable else NO


def json_text(fit: Fit) -> str:
    """A fit's numbers as JSON."""
    return json.dumps(fit.to_dict(), indent=2, allow_nan=False)
