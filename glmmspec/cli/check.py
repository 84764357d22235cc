"""`glmmspec check`: whether a spec makes sense, without loading a numerical package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from glmmspec.cli.arguments import AsJson, DataFile, SpecFile
from glmmspec.cli.outcome import BAD_INPUT, DONE
from glmmspec.errors import GlmmSpecError

if TYPE_CHECKING:
    from glmmspec.ir import Model


def check(file: SpecFile, data: DataFile = None, as_json: AsJson = False) -> int:
    """Check a spec, and that its data have the columns it uses.

    With --data the spec is bound to that file in full: values, levels, ranks and all.
    """
    try:
        facts = _facts(file, data)
    except GlmmSpecError as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"ok": False, "errors": [_plain(error)]}, indent=2))
        return BAD_INPUT
    typer.echo(json.dumps({"ok": True, "errors": [], **facts}, indent=2) if as_json else _line(file, facts))
    for warning in facts.get("warnings", ()):
        typer.echo(f"warning: {warning}", err=True)
    return DONE


def _facts(file: Path, data: Path | None) -> dict[str, Any]:
    """What the model is, and how it was checked against data.

    Raises
    ------
    SpecSyntaxError, SpecError, DataError
        If the spec or its data are wrong.
    """
    from glmmspec import grammar

    model = grammar.read(file)
    facts: dict[str, Any] = {
        "family": model.family,
        "fixed_terms": len(model.fixed),
        "random_terms": len(model.random),
        "variance_components": len(model.components),
    }
    if data is not None:
        return {**facts, "data": str(data), **_bound(model, data)}
    if model.data is None:
        return {**facts, "data": None}
    _check_columns(model, model.data.name)
    return {**facts, "data": model.data.name}


def _bound(model: Model, data: Path) -> dict[str, Any]:
    from glmmspec.design import bind
    from glmmspec.tables import read_table

    design = bind(model, read_table(data))
    return {
        "observations": len(design.y),
        "parameters": list(design.parameters),
        "warnings": [str(note) for note in design.notes],
    }


def _check_columns(model: Model, data: str) -> None:
    """Refuse a model that uses a column which the data it names (`data`) do not have."""
    from glmmspec.tables import column_names
    from glmmspec.usage import check_columns

    check_columns(model, column_names(model), f"data '{data}'")


def _line(file: Path, facts: dict[str, Any]) -> str:
    parts = [
        facts["family"],
        _counted(facts["fixed_terms"], "fixed term"),
        _counted(facts["random_terms"], "random term"),
        _counted(facts["variance_components"], "variance component"),
    ]
    if "observations" in facts:
        parts.append(_counted(facts["observations"], "observation"))
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
    }
