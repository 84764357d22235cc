"""`glmmspec validate`: a spec's two answers compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from glmmspec.cli.arguments import AsJson, DataFile, FamilyName, SpecFile
from glmmspec.cli.outcome import DONE, NO
from glmmspec.cli.solver_flags import given_options, with_sampler_flags
from glmmspec.files import check_writable, write_whole
from glmmspec.options import SamplerOptions

Page = Annotated[
    Path | None,
    typer.Option("--report", metavar="PATH.html", help="Write tables and pictures to this page."),
]


@with_sampler_flags
def validate(
    file: SpecFile,
    data: DataFile = None,
    family: FamilyName = None,
    report: Page = None,
    as_json: AsJson = False,
    **flags: str | None,
) -> int:
    """Fit a spec, sample its twin in NumPyro under flat priors, and compare the two.

    Sampler options given here take the place of the spec's. Exits with 1 unless every check passes.
    """
    options = given_options(flags, SamplerOptions)
    if report is not None:
        check_writable(report)
    from glmmspec import grammar

    model = grammar.read(file, family=family)
    # The numerical packages load only for a spec that makes sense.
    from glmmspec.tables import read_table
    from glmmspec.validation.agreement import validate as validated

    frame = None if data is None else read_table(data)
    found = validated(model, frame, **options)
    if report is not None:
        from glmmspec.validation.page import page

        write_whole(report, page(found))
    typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found)
    return DONE if found.passed else NO
