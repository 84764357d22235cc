"""`glmmspec compare`: several estimators on the same data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmmspec.cli.arguments import AsJson, DataFile, FamilyName, SpecFile
from glmmspec.cli.outcome import DONE
from glmmspec.files import check_writable, write_whole

if TYPE_CHECKING:
    from glmmspec.validation.comparison import Comparison
    from glmmspec.validation.estimators import Estimator

Names = Annotated[
    str | None,
    typer.Option(
        "--estimators",
        metavar="NAME,NAME,...",
        help="Which; `all` for all. By default those that do not sample the posterior.",
        show_default=False,
    ),
]

Order = Annotated[
    int | None,
    typer.Option("--order", metavar="N", help="Points of `agq` in each dimension.  [default: 15]"),
]

Picture = Annotated[
    Path | None, typer.Option("--plot", metavar="PATH", help="Draw the comparison, as an SVG file.")
]


def compare(
    file: SpecFile,
    data: DataFile = None,
    family: FamilyName = None,
    names: Names = None,
    order: Order = None,
    as_json: AsJson = False,
    plot: Picture = None,
) -> int:
    """Print what several estimators say: estimates, their errors, log-likelihoods, seconds.

    One that fails says why, and the others go on.
    """
    if plot is not None:
        check_writable(plot)
    from glmmspec import grammar

    model = grammar.read(file, family=family)
    # The numerical packages load only for a spec that makes sense.
    from glmmspec.tables import read_table
    from glmmspec.validation.comparison import compare as compared

    frame = None if data is None else read_table(data)
    result = compared(model, frame, estimators=_estimators(names, order))
    typer.echo(_json_text(result) if as_json else result)
    if plot is not None:
        _draw(result, plot)
    return DONE


def _estimators(names: str | None, order: int | None) -> dict[str, Estimator] | None:
    from functools import partial

    from glmmspec.validation.estimators import chosen, registered
    from glmmspec.validation.quadrature import adaptive_quadrature

    if names is None and order is None:
        return None
    listed = registered() if names == "all" else [name.strip() for name in (names or "agq").split(",")]
    functions = chosen(listed)
    if order is not None:
        if "agq" not in functions:
            raise typer.BadParameter("only `agq` has an order, and it is not asked for", param_hint="--order")
        functions["agq"] = partial(adaptive_quadrature, order=order)
    return functions


def _json_text(comparison: Comparison) -> str:
    document = {
        "model": str(comparison.model),
        "parameters": list(comparison.design.parameters),
        "estimators": [
            {"estimator": name, **_plain(row), "estimates": _of(comparison, name)}
            for name, row in comparison.estimators.iterrows()
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _of(comparison: Comparison, name: Any) -> list[dict[str, Any]] | None:
    """The parameters' estimates by one estimator; None if it failed."""
    table = comparison.estimates
    if name not in table.index.get_level_values("estimator"):
        return None
    return [{"parameter": parameter, **_plain(row)} for parameter, row in table.loc[name].iterrows()]


def _plain(row: Any) -> dict[str, Any]:
    """Plain values for JSON; missing numbers are None."""
    return {key: value if isinstance(value, str) else _number(value) for key, value in row.items()}


def _number(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None


def _draw(comparison: Comparison, path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from glmmspec.plots.svg import as_svg
    from glmmspec.validation.forest import plot_comparison

    write_whole(path, as_svg(plot_comparison(comparison), "comparison"))
    typer.echo(f"drawn: {path}", err=True)
