"""`glmmspec check`: whether a spec makes sense; a numerical package is loaded only for its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmmspec.cli import forecast
from glmmspec.cli.arguments import AsJson, DataFile, FamilyName, SpecFile
from glmmspec.cli.outcome import BAD_INPUT, DONE
from glmmspec.errors import FitError, GlmmSpecError

if TYPE_CHECKING:
    from glmmspec.ir import Model
    from glmmspec.solver.forecast import Forecast


Quick = Annotated[
    bool, typer.Option("--quick", help="Of the data, look at the names of the columns alone: for editors.")
]


def check(
    file: SpecFile,
    data: DataFile = None,
    family: FamilyName = None,
    quick: Quick = False,
    as_json: AsJson = False,
) -> int:
    """Check a spec, and its data if there are any: all that is wrong, and what is doubtful.

    Warnings do not change the exit code.
    """
    try:
        facts = _facts(file, data, family, quick)
    except GlmmSpecError as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"ok": False, "errors": [_plain(each) for each in error.every]}, indent=2))
        return BAD_INPUT
    doubts: list[GlmmSpecError] = facts.pop("doubts", [])
    expected: Forecast | None = facts.pop("forecast", None)
    if as_json:
        warnings = {"warnings": [_plain(doubt) for doubt in doubts]} if "observations" in facts else {}
        how = forecast.facts(expected) if expected is not None else {}
        typer.echo(json.dumps({"ok": True, "errors": [], **facts, **how, **warnings}, indent=2))
        return DONE
    typer.echo(_line(file, facts))
    for line in forecast.lines(expected) if expected is not None else ():
        typer.echo(f"  {line}")
    for doubt in doubts:
        typer.echo(f"warning: {doubt}", err=True)
    return DONE


def _facts(file: Path, data: Path | None, family: str | None, quick: bool) -> dict[str, Any]:
    """What the model is, and how it was checked against data.

    Raises
    ------
    SpecSyntaxError, SpecError, DataError
        If the spec or its data are wrong.
    """
    from glmmspec import grammar

    model = grammar.read(file, family=family)
    facts: dict[str, Any] = {
        "family": model.family,
        "fixed_terms": len(model.fixed),
        "random_terms": len(model.random),
        "variance_components": len(model.components),
    }
    if data is None and model.data is None:
        return {**facts, "data": None}
    name = str(data) if data is not None else str(model.data.name if model.data is not None else "")
    if quick:
        _check_columns(model, data, name)
        return {**facts, "data": name}
    return {**facts, "data": name, **_bound(model, data)}


def _bound(model: Model, data: Path | None) -> dict[str, Any]:
    from glmmspec.advice import advice, block_sizes
    from glmmspec.design import bind
    from glmmspec.solver.forecast import forecast
    from glmmspec.tables import read_table

    design = bind(model, None if data is None else read_table(data))
    sizes = block_sizes(design)
    doubts = [*(GlmmSpecError(str(note)) for note in design.notes), *advice(model, design)]
    expected = None
    try:
        expected = forecast(design, model.solver)
    except FitError as error:
        doubts.append(error)  # the spec is well, and `fit` will say the same
    return {
        "observations": len(design.y),
        "parameters": list(design.parameters),
        "blocks": len(sizes),
        "largest_block": max(sizes),
        "forecast": expected,
        "doubts": doubts,
    }


def _check_columns(model: Model, data: Path | None, name: str) -> None:
    """Refuse a model that uses columns which the data (of that name) do not have."""
    from glmmspec.tables import column_names, header
    from glmmspec.usage import check_columns

    check_columns(model, column_names(model) if data is None else header(data), f"data '{name}'")


def _line(file: Path, facts: dict[str, Any]) -> str:
    parts = [
        facts["family"],
        _counted(facts["fixed_terms"], "fixed term"),
        _counted(facts["random_terms"], "random term"),
        _counted(facts["variance_components"], "variance component"),
    ]
    if "observations" in facts:
        parts.append(_counted(facts["observations"], "observation"))
        largest = _counted(facts["largest_block"], "effect")
        parts.append(f"{_counted(facts['blocks'], 'block')} of up to {largest}")
    if facts["data"] is None:
        parts.append("no data named: columns not checked")
    return f"{file}: ok ({', '.join(parts)})"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _plain(error: GlmmSpecError) -> dict[str, Any]:
    at = error.location
    return {
        "message": error.message,
        "file": at.name if at is not None else None,
        "line": at.line if at is not None else None,
        "column": at.column if at is not None else None,
        "hint": error.hint,
        "code": error.code,
    }
