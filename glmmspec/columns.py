"""The columns of a data frame as a model sees them: numbers, truth values or factors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from glmmspec.errors import DataError, DataWarning, GlmmSpecError, did_you_mean, did_you_mean_or_list
from glmmspec.expression import Expression, Name, number_text
from glmmspec.ir import Levels, Model

_HELD = {"number": "numbers", "logical": "truth values", "text": "text", "other": "other things"}

LOGICAL_LEVELS = ("FALSE", "TRUE")
"""The levels of a truth value as a factor, as R names them."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor: q levels in order, of which the first is the reference.

    Attributes
    ----------
    levels
        The level names.
    codes
        The level of each row, in [0, q).
    """

    levels: tuple[str, ...]
    codes: Int[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Encoding:
    """What a model took from its data, by which new data are read alike.

    Attributes
    ----------
    kinds
        What each column holds (see `kind`).
    levels
        The levels of each factor, by its expression's text.
    transforms
        What `scale`, `center`, `poly` and `bs` took, by the text of the call.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    transforms: dict[str, dict[str, Any]] = field(default_factory=dict)


class Table:
    """The rows of a data frame that a model uses, its columns read as the model declares them.

    Parameters
    ----------
    model
        The model, for its `levels` and `factor` statements and for the places errors point at.
    frame
        The columns the model uses, without the rows left out.
    rows
        Positions in the caller's data of the frame's rows.
    encoding
        How other data were read, if these are to be read like them.

    Attributes
    ----------
    frame
        As given.
    encoding
        How the data were read.
    is_new
        Whether they are read as others were.
    notes
        What reading the columns did that the reader should know of.
    """

    def __init__(
        self,
        model: Model,
        frame: pd.DataFrame,
        rows: Int[np.ndarray, " n"],
        encoding: Encoding | None = None,
    ) -> None:
        self._model = model
        self.rows = rows
        self.notes: list[DataWarning] = []
        self.is_new = encoding is not None
        self.encoding = encoding if encoding is not None else Encoding()
        self.frame = frame
        self._levels = {declared.column: declared for declared in model.levels}
        self._declared = {*self._levels, *(factor.column for factor in model.factors)}
        self._factors: dict[str, Factor] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, position: int | np.integer[Any]) -> str:
        """How an error names a row: by its number in the caller's data, from 1."""
        return f"row {self.rows[position] + 1}"

    def is_factor(self, name: Name) -> bool:
        """True for a column of text or of categories, and for one that is declared a factor."""
        return name.name in self._declared or self._kind(name) == "text"

    def is_numeric(self, name: Name) -> bool:
        """True for a column of numbers that is not declared a factor."""
        return name.name not in self._declared and self._kind(name) == "number"

    def values(self, name: Name) -> Float[np.ndarray, " n"] | Bool[np.ndarray, " n"]:
        """The numbers, or the truth values, of a column.

        Raises
        ------
        DataError
            If the column holds neither, or the other of the two in the data this table is read like.
        """
        series = self.frame[name.name]
        held = kind(series)
        if held != self._kind(name):
            raise self.error(
                f"column '{name.name}' holds {_HELD[held]}, and held {_HELD[self._kind(name)]} in the fit",
                name,
                code="G226",
            )
        if held not in ("number", "logical"):
            raise self.error(
                f"column '{name.name}' is not numeric: it holds {series.dtype}",
                name,
                hint=f"make numbers of it, or declare it a factor (factor {name})",
                code="G204",
            )
        return series.to_numpy(dtype=bool if held == "logical" else np.float64)

    def factor(self, name: Name) -> Factor:
        """A column as a factor, whatever its type.

        Levels are in the order of the model's `levels` statement; else a categorical's own; else
        sorted, numbers as numbers.

        Raises
        ------
        DataError
            If `levels` leaves out a value in the data, or lists one that is not there.
        """
        if name.name not in self._factors:
            factor = self.as_found(name) if self.is_new else self._read_factor(name)
            self._factors[name.name] = self.encoded(name, factor)
        return self._factors[name.name]

    def as_found(self, name: Name) -> Factor:
        """A column as a factor of the levels that are in it, whatever they should be."""
        return Factor(*_coded(self.frame[name.name]))

    def encoded(self, expression: Expression, factor: Factor) -> Factor:
        """The factor with the levels its expression has in the data this table is read like.

        Raises
        ------
        DataError
            If a level was not among them.
        """
        levels = self.encoding.levels.setdefault(str(expression), factor.levels)
        if levels == factor.levels:
            return factor
        place = {_number_or_text(level): code for code, level in enumerate(levels)}
        place |= {level: code for code, level in enumerate(levels)}
        found = [place.get(level, place.get(_number_or_text(level), -1)) for level in factor.levels]
        codes = np.array(found, dtype=np.int64)
        if (codes < 0).any():
            unseen = factor.levels[int(np.argmin(codes))]
            raise self.error(
                f"'{unseen}' is no level of {expression} in the fit",
                expression,
                hint=did_you_mean_or_list(unseen, levels),
                code="G226",
            )
        return Factor(levels, codes[factor.codes])

    def note_words_among_numbers(self, name: Name) -> None:
        """Note a column that is a factor only because a few words stand among its numbers: typing errors."""
        if name.name in self._declared or isinstance(self.frame[name.name].dtype, pd.CategoricalDtype):
            return
        levels = self.factor(name).levels
        words = [level for level in levels if not _is_number(level)]
        if 0 < len(words) < len(levels) / 2:
            self.notes.append(
                DataWarning(
                    f"'{name.name}' is a factor of {len(levels)} levels, since {listed(words)} stands among"
                    f" its numbers (`factor {name}` in the spec says that this is meant)"
                )
            )

    def error(
        self, message: str, at: Any = None, *, hint: str | None = None, code: str | None = None
    ) -> GlmmSpecError:
        """A DataError about a part of the model (anything with a span), with its place in the text."""
        span = getattr(at, "span", None)
        return self._model.error(message, span=span, hint=hint, kind=DataError, code=code)

    def _kind(self, name: Name) -> str:
        """What a column holds, in the data this table is read like."""
        return self.encoding.kinds.setdefault(name.name, kind(self.frame[name.name]))

    def _read_factor(self, name: Name) -> Factor:
        series = self.frame[name.name]
        levels, codes = _coded(series)
        if name.name in self._levels:
            return self._ordered(series, levels, codes, self._levels[name.name])
        used = np.bincount(codes, minlength=len(levels)) > 0
        if used.all():
            return Factor(levels, codes)
        unused = [level for level, is_used in zip(levels, used, strict=True) if not is_used]
        self.notes.append(DataWarning(f"levels of '{name.name}' without a row are dropped: {listed(unused)}"))
        kept = tuple(level for level, is_used in zip(levels, used, strict=True) if is_used)
        return Factor(kept, (np.cumsum(used) - 1)[codes])

    def _ordered(
        self, series: pd.Series[Any], found: tuple[str, ...], codes: Int[np.ndarray, " n"], declared: Levels
    ) -> Factor:
        """The factor with the declared levels, which must be those that are found."""
        normal = _matching(kind(series))
        place = {normal(level): position for position, level in enumerate(declared.levels)}
        new_codes = np.array([place.get(normal(level), -1) for level in found], dtype=np.int64)[codes]
        if (new_codes < 0).any():
            first = np.argmax(new_codes < 0)
            value = found[codes[first]]
            raise self.error(
                f"'{value}' in {self.row(first)} of '{declared.column}' is not among its levels",
                declared,
                hint=did_you_mean(value, declared.levels) or "list it too, or correct the data",
                code="G211",
            )
        used = np.bincount(new_codes, minlength=len(declared.levels)) > 0
        if not used.all():
            absent = [level for level, is_used in zip(declared.levels, used, strict=True) if not is_used]
            raise self.error(
                f"no row has the level {listed(absent)} of '{declared.column}'",
                declared,
                hint=did_you_mean(absent[0], found) or f"leave it out of the list: there are {listed(found)}",
                code="G212",
            )
        return Factor(declared.levels, new_codes)


def kind(series: pd.Series[Any]) -> str:
    """What a column holds: `number`, `logical`, `text` (or categories), or `other`."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(series):
        return "text"
    if pd.api.types.is_bool_dtype(dtype):
        return "logical"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return "number"
    if not pd.api.types.is_object_dtype(dtype):
        return "other"
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
        return "number"
    return {"boolean": "logical", "string": "text"}.get(inferred, "other")


def as_factor(values: Float[np.ndarray, " n"] | Bool[np.ndarray, " n"] | pd.Series[Any]) -> Factor:
    """Values as a factor: a categorical's levels as they are, else those that occur, in increasing order."""
    levels, codes = _coded(pd.Series(values))
    return Factor(levels, codes)


def listed(names: Any) -> str:
    """Names for a message, the first ten of them."""
    quoted = [f"'{name}'" for name in names]
    return ", ".join(quoted[:10]) + (f" and {len(quoted) - 10} more" if len(quoted) > 10 else "")


def _coded(series: pd.Series[Any]) -> tuple[tuple[str, ...], Int[np.ndarray, " n"]]:
    """The levels of a column without missing values, in order, and the level of each row."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        values, codes = series.cat.categories, series.cat.codes.to_numpy(dtype=np.int64)
        order = np.arange(len(values))
    else:
        codes, values = pd.factorize(series.astype(str) if kind(series) == "other" else series)
        order = pd.Index(values).argsort()
    text = _level_text(kind(pd.Series(values)))
    names = [text(value) for value in values]
    # Different values may have one text: they are one level.
    place = {level: i for i, level in enumerate(dict.fromkeys(names[i] for i in order))}
    return tuple(place), np.array([place[level] for level in names], dtype=np.int64)[codes]


def _level_text(kind: str) -> Callable[[Any], str]:
    if kind == "logical":
        return lambda value: LOGICAL_LEVELS[bool(value)]
    if kind == "number":
        return lambda value: number_text(value) if isinstance(value, float) else str(value)
    return str


def _matching(kind: str) -> Callable[[str], str]:
    """How a listed level is compared with the data's: 1.0 is 1 among numbers, true is TRUE among logicals."""
    if kind == "logical":
        return str.upper
    return _number_or_text if kind == "number" else str


def _is_number(level: str) -> bool:
    try:
        return math.isfinite(float(level))
    except ValueError:
        return False


def _number_or_text(level: str) -> str:
    try:
        return number_text(float(level))
    except ValueError:
        return level
