"""New data read as the data of a design were: what prediction starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from glmmspec import tables
from glmmspec.columns import Table, kind
from glmmspec.design import Design
from glmmspec.effects import RandomEffects, new_levels, new_multipliers
from glmmspec.errors import DataError, did_you_mean_or_list
from glmmspec.evaluate import numbers
from glmmspec.expression import Expression, Name
from glmmspec.functions import names
from glmmspec.ir import Model
from glmmspec.matrix import new_rows


@dataclass(frozen=True, eq=False)
class NewData:
    """Rows to predict for. n rows, p coefficients, T random terms.

    Attributes
    ----------
    x, offset
        As in `Design`.
    values
        What each term's effect is multiplied by.
    codes
        The level of each term, `UNSEEN` where the term lacks it; of 0 rows if not asked for.
    labels
        The name of that level, by term.
    index
        Labels of the rows in the caller's data.
    """

    x: Float[np.ndarray, "n p"]
    offset: Float[np.ndarray, " n"]
    values: Float[np.ndarray, "n T"]
    codes: Int[np.ndarray, "n T"]
    labels: tuple[tuple[str, ...], ...]
    index: pd.Index[Any]

    @classmethod
    def of_design(cls, design: Design) -> NewData:
        """The design's own rows."""
        return cls(
            x=design.x,
            offset=design.offset,
            values=np.stack([term.values for term in design.random], axis=1),
            codes=np.stack([term.codes for term in design.random], axis=1),
            labels=(),
            index=design.data.index,
        )


def read_new_data(model: Model, design: Design, data: Any, *, levels: bool) -> NewData:
    """Read new data with the levels, contrasts and transforms of a design.

    Only the columns of the fixed terms, the offset, the multipliers and, with `levels`, the grouping
    factors need be there.

    Raises
    ------
    DataError
        If a column is unknown, a value missing or infinite, or a level of a fixed factor is not the fit's.
    """
    given = tables.as_frame(data)
    expressions = [*_fixed_expressions(model), *_random_expressions(design.random, levels)]
    table = Table(model, _columns(model, expressions, given), np.arange(len(given)), design.encoding)
    offset = np.zeros(len(table)) if model.offset is None else numbers(model.offset, table, "the offset")
    found = [new_levels(term, table) for term in design.random] if levels else []
    return NewData(
        x=new_rows(model.fixed, table),
        offset=offset,
        values=np.stack([new_multipliers(term, table) for term in design.random], axis=1),
        codes=np.stack([codes for codes, _ in found], axis=1) if found else np.zeros((0, 0), dtype=np.int64),
        labels=tuple(labels for _, labels in found),
        index=given.index,
    )


def _fixed_expressions(model: Model) -> Iterable[Expression]:
    yield from (factor for term in model.fixed for factor in term.factors)
    if model.offset is not None:
        yield model.offset


def _random_expressions(terms: Iterable[RandomEffects], levels: bool) -> Iterable[Expression]:
    for term in terms:
        if term.multiplier is not None:
            yield term.multiplier
        if levels:
            yield from term.groups


def _columns(model: Model, expressions: Iterable[Expression], given: pd.DataFrame) -> pd.DataFrame:
    """The columns that are read, refused where one is not there or has a row without a value."""
    if not len(given):
        raise DataError("the new data have no rows")
    used = {name.name: name for expression in expressions for name in names(expression)}
    for name in used.values():
        if name.name not in given.columns:
            raise _error(
                model,
                name,
                f"unknown column '{name.name}' in the new data",
                did_you_mean_or_list(name.name, list(map(str, given.columns))),
            )
        lacking = _lacking(given[name.name])
        if lacking.any():
            where = f"row {int(np.argmax(lacking)) + 1} of the new data"
            raise _error(
                model, name, f"'{name.name}' is missing or infinite in {where}", "fill it in, or drop the row"
            )
    return given[list(used)]


def _lacking(series: pd.Series[Any]) -> np.ndarray:
    if kind(series) != "number":
        return series.isna().to_numpy(dtype=bool)
    return np.asarray(~np.isfinite(series.to_numpy(dtype=np.float64, na_value=np.nan)))


def _error(model: Model, name: Name, message: str, hint: str) -> Exception:
    return model.error(message, span=name.span, hint=hint, kind=DataError)
