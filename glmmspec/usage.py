"""A spec checked against the columns there are: all that a table's header can tell."""

from __future__ import annotations

from collections.abc import Collection

from glmmspec.errors import DataError, did_you_mean_or_list
from glmmspec.faults import Faults
from glmmspec.ir import Model


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
        Of every such name, with the nearest known one.
    """
    faults = Faults()
    for name in model.columns.values():
        if name.name not in known:
            faults.add(
                model.error(
                    f"unknown column '{name.name}' in {data}",
                    span=name.span,
                    hint=did_you_mean_or_list(name.name, known),
                    kind=DataError,
                    code="G201",
                )
            )
    faults.raise_any()
