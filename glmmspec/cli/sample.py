"""`glmmspec sample`: the posterior of a spec, by NUTS."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glmmspec.cli.arguments import AsJson, DataFile, FamilyName, SpecFile
from glmmspec.cli.draws_output import check_output, write_draws
from glmmspec.cli.outcome import DONE, NO
from glmmspec.cli.solver_flags import given_options, with_sampler_flags
from glmmspec.options import SamplerOptions

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

PriorSet = Annotated[
    str, typer.Option("--prior", metavar="weak|flat", help="The spec's priors and weak ones, or flat ones.")
]

Centred = Annotated[
    bool, typer.Option("--centred", help="Sample the random effects as they are, not scaled to variance 1.")
]

Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="PATH.nc|PATH.zarr", help="Write the draws there, as netCDF or Zarr."),
]


@with_sampler_flags
def sample(
    file: SpecFile,
    data: DataFile = None,
    family: FamilyName = None,
    prior: PriorSet = "weak",
    centred: Centred = False,
    output: Output = None,
    as_json: AsJson = False,
    **flags: str | None,
) -> int:
    """Sample the posterior of a spec by NUTS and print its summary.

    Sampler options given here take the place of the spec's. Exits with 1 if its diagnostics are bad.
    """
    options = given_options(flags, SamplerOptions)
    if output is not None:
        check_output(output)
    from glmmspec import grammar

    model = grammar.read(file, family=family)
    # The numerical packages load only for a spec that makes sense.
    from glmmspec.errors import GlmmSpecWarning, ReliabilityWarning
    from glmmspec.tables import read_table
    from glmmspec.validation.sampling import sample as sampled

    frame = None if data is None else read_table(data)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", GlmmSpecWarning)
        tree = sampled(model, frame, prior=prior, centred=centred, **options)
    if output is not None:
        write_draws(tree, output)
    table = summary(tree)
    typer.echo(json_text(table) if as_json else table_text(table))
    for warning in warned:
        typer.echo(f"warning: {warning.message}", err=True)
    return NO if any(issubclass(warning.category, ReliabilityWarning) for warning in warned) else DONE


def summary(tree: DataTree) -> pd.DataFrame:
    """A row a parameter: mean, sd, central 95 %, MCSE of the mean, R-hat and effective draws."""
    from arviz_stats import summary as summarised  # type: ignore[attr-defined]

    table: pd.DataFrame = summarised(
        tree, var_names=["beta", "nu"], ci_prob=0.95, ci_kind="eti", round_to="none"
    )
    names = [*tree["posterior"]["coef"].to_numpy(), *tree["posterior"]["component"].to_numpy()]
    columns = {
        "mean": "mean",
        "sd": "sd",
        "eti95_lb": "2.5 %",
        "eti95_ub": "97.5 %",
        "mcse_mean": "mcse",
        "r_hat": "r_hat",
        "ess_bulk": "ess_bulk",
        "ess_tail": "ess_tail",
    }
    return table[list(columns)].rename(columns=columns).set_axis(names)


def table_text(table: pd.DataFrame) -> str:
    """The summary as it is printed."""
    from glmmspec.inference.text_table import aligned, decimals, or_blank

    digits = decimals(table["sd"].to_numpy())
    how = dict.fromkeys(table, f".{digits}f") | {
        "mcse": ".2g",
        "r_hat": ".3f",
        "ess_bulk": ".0f",
        "ess_tail": ".0f",
    }
    titles = ("Mean", "Std. Dev.", "2.5 %", "97.5 %", "MC Error", "R-hat", "ESS bulk", "ESS tail")
    columns = [
        [title, *(or_blank(value, how[name]) for value in table[name])]
        for title, name in zip(titles, table, strict=True)
    ]
    return "\n".join(aligned([["", *map(str, table.index)], *columns]))


def json_text(table: pd.DataFrame) -> str:
    """The summary as JSON; missing numbers are null."""
    rows = {
        str(name): {key: value if value == value else None for key, value in row.items()}
        for name, row in table.to_dict("index").items()
    }
    return json.dumps(rows, indent=2, allow_nan=False)
