"""The columns a model uses, by name: enough to check a spec against a table's header."""

from __future__ import annotations

from collections.abc import Collection

from glmmspec.errors import DataError, did_you_mean_or_list
from glmmspec.expression import Expression, Name
from glmmspec.functions import children
from glmmspec.ir import Model


def used_columns(model: Model) -> dict[str, Name]:
    """The columns a model evaluates, in its order, and where each first stands."""
    used: dict[str, Name] = {}
    for expression in _expressions(model):
        for name in _names(expression):
            used.setdefault(name.name, name)
    return used


def check_columns(model: Model, known: Collection[str], data: str) -> None:
    """Refuse a model that names a column the data lack.

    Parameters
    ----------
    model
        The model.
    known
        The columns there are.
    data
        What an error calls the data.

    Raises
    ------
    DataError
        At the first such name, with the nearest known one.
    """
    for name in used_columns(model).values():
        if name.name not in known:
            raise model.error(
                f"unknown column '{name.name}' in {data}",
                span=name.span,
                hint=did_you_mean_or_list(name.name, known),
                kind=DataError,
            )


def _expressions(model: Model) -> list[Expression]:
    return [
        *model.response.arguments,
        *(factor for term in model.fixed for factor in term.factors),
        *(factor for term in model.random for factor in term.factors),
        *(term.multiplier for term in model.random if term.multiplier is not None),
        *(part for part in (model.weights, model.offset) if part is not None),
    ]


def _names(expression: Expression) -> list[Name]:
    if isinstance(expression, Name):
        return [expression]
    return [name for child in children(expression) for name in _names(child)]
