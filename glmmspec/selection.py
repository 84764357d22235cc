"""The part of a data frame that a model uses: the columns it names, the rows that are complete in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from glmmspec.columns import Table, kind
from glmmspec.errors import DataError, DataWarning
from glmmspec.expression import Name
from glmmspec.ir import Model
from glmmspec.usage import check_columns


def select(model: Model, frame: pd.DataFrame, data: str) -> Table:
    """The table a model is evaluated on; `data` is what an error calls the data.

    Raises
    ------
    DataError
        If a column is unknown or holds an infinite number, values are missing and the model does
        not say `missing drop`, or no row is left.
    """
    check_columns(model, frame.columns, data)
    used = model.columns
    frame = frame[list(used)]
    rows, notes = _complete_rows(model, frame, data)
    if len(rows) < len(frame):
        frame = frame.iloc[rows]
    table = Table(model, frame, rows)
    for name in used.values():
        _check_finite(frame[name.name], name, table)
    table.notes.extend(notes)
    return table


def _complete_rows(
    model: Model, frame: pd.DataFrame, data: str
) -> tuple[Int[np.ndarray, " n"], list[DataWarning]]:
    """Positions of the rows without missing values, and what to say of the others."""
    missing = {column: _missing(frame[column]) for column in frame.columns}
    incomplete = np.logical_or.reduce(list(missing.values()))
    if not len(frame):
        raise DataError(f"{data} have no rows", code="G222")
    if not incomplete.any():
        return np.arange(len(frame)), []
    found = "missing values in " + ", ".join(
        f"'{column}' ({mask.sum()} in all, the first in row {np.argmax(mask) + 1})"
        for column, mask in missing.items()
        if mask.any()
    )
    first = next(name for name in model.columns.values() if missing[name.name].any())
    if model.missing == "fail":
        hint = "fill them in, or leave such rows out: missing drop"
        raise model.error(found, span=first.span, hint=hint, kind=DataError, code="G202")
    if incomplete.all():
        hint = "leave a column out of the model"
        raise model.error(f"no row is left: {found}", span=first.span, hint=hint, kind=DataError, code="G222")
    dropped = f"{incomplete.sum()} of {len(frame)} rows are left out"
    return np.flatnonzero(~incomplete), [DataWarning(f"{dropped}: {found}")]


def _missing(series: pd.Series[Any]) -> Bool[np.ndarray, " n"]:
    """Where a column has no value: null, None, or a number that is NaN."""
    missing = series.isna().to_numpy(dtype=bool)
    if kind(series) == "number":
        missing = missing | np.isnan(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return missing


def _check_finite(series: pd.Series[Any], name: Name, table: Table) -> None:
    if kind(series) != "number":
        return
    infinite = np.isinf(series.to_numpy(dtype=np.float64))
    if infinite.any():
        raise table.error(
            f"column '{name.name}' is infinite in {table.row(np.argmax(infinite))}",
            name,
            hint="make it missing (missing drop leaves such rows out), or a number",
            code="G203",
        )
