"""The columns that a fit read, kept so that reading them again gives the same design."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from glmmspec.columns import as_factor, kind
from glmmspec.errors import DataError

_NUMBERS = {
    **{f"{sign}int{bits}": (int,) for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": (int, float) for bits in (16, 32, 64)},
}
"""NumPy's types of numbers, and what JSON has for them."""

_PLAIN = {"bool": (bool,), "integer": (int,), **_NUMBERS}


@dataclass(frozen=True)
class KeptColumn:
    """One column as plain values.

    Attributes
    ----------
    type
        `bool`, a NumPy type of numbers, `integer` or `decimal` (of any length), `text` or `category`.
    values
        One for each row; of text and categories, the position of its level.
    levels
        The levels of text, or of categories in their order, used or not. What is neither numbers nor
        truth values, such as dates, is kept as the text by which a model tells its values apart.
    """

    name: str
    type: str
    values: Any
    levels: tuple[str, ...] | None

    @classmethod
    def of(cls, series: pd.Series[Any]) -> KeptColumn:
        """A column of a design's data; it has no missing value."""
        name, held = str(series.name), kind(series)
        if held == "logical":
            return cls(name, "bool", series.astype(bool).tolist(), None)
        if held == "number":
            return cls(name, *_numbers(series), None)
        factor = as_factor(series)
        is_category = isinstance(series.dtype, pd.CategoricalDtype)
        return cls(name, "category" if is_category else "text", factor.codes.tolist(), factor.levels)

    def series(self) -> pd.Series[Any]:
        """The column.

        Raises
        ------
        DataError
            If the values are not of the type.
        """
        try:
            with np.errstate(over="ignore"):  # binding refuses what is infinite
                values = self._array()
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise DataError(f"column '{self.name}' does not hold values of type '{self.type}'") from error
        return pd.Series(values, name=self.name, dtype=values.dtype)

    def _array(self) -> np.ndarray[Any, Any] | pd.Categorical[Any]:
        if self.type == "decimal":
            return np.array([Decimal(text) for text in _each(self.values, str)], dtype=object)
        if self.type in _PLAIN:
            dtype = "object" if self.type == "integer" else self.type
            return np.array(_each(self.values, *_PLAIN[self.type]), dtype=dtype)
        levels = np.array({"text": self.levels, "category": self.levels}[self.type], dtype=object)
        codes = np.array(_each(self.values, int), dtype=np.int64)
        if self.type == "category":
            return pd.Categorical.from_codes(codes, pd.Index(levels))
        return levels[np.where(codes < 0, len(levels), codes)]


def _numbers(series: pd.Series[Any]) -> tuple[str, list[Any]]:
    """The type and the values of a column of numbers, whichever library's they are."""
    name = str(getattr(series.dtype, "numpy_dtype", series.dtype))
    if name in _NUMBERS:
        return name, series.to_numpy(dtype=name).tolist()
    values = list(series)
    if all(isinstance(value, int | np.integer) for value in values):
        return "integer", [int(value) for value in values]
    if all(isinstance(value, Decimal) for value in values):
        return "decimal", [str(value) for value in values]
    return "float64", series.to_numpy(dtype=np.float64).tolist()


def _each(values: Any, *kinds: type) -> list[Any]:
    if not isinstance(values, list) or not all(type(value) in kinds for value in values):
        raise TypeError
    return values
