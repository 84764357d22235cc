"""`glmmspec translate`: the code that fits a spec's model in another program."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from glmmspec.cli.arguments import DataFile, FamilyName, SpecFile
from glmmspec.cli.outcome import DONE, NO, error_text
from glmmspec.errors import TranslationError

To = Annotated[
    str,
    typer.Option("--to", metavar="PROGRAM", help="glmm, lme4, glmmTMB, bambi or brms.", show_default=False),
]


def translate(file: SpecFile, to: To, data: DataFile = None, family: FamilyName = None) -> int:
    """Print the code that fits the same model in another program: R, or Python for bambi.

    Where that program has no such model, say why, and exit with 1.
    """
    from glmmspec import grammar
    from glmmspec.ir import DataReference
    from glmmspec.translation import translate as translated

    model = grammar.read(file, family=family)
    if data is not None:
        # From here, not from the folder of the spec.
        model = replace(model, data=DataReference("file", str(data.absolute())))
    try:
        code = translated(model, to)
    except TranslationError as error:
        typer.echo(error_text(error), err=True)
        return NO
    typer.echo(code, nl=False)
    return DONE
