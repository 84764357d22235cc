"""Data frames of every kind of column that pandas has, well and badly behaved."""

from __future__ import annotations

import datetime
import decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

NAMES = ("y", "x", "g", "h", "a b", "`", "é", "(Intercept)", "x:g", "", "0", "I(x)", "\n", "log")

_WORDS = st.sampled_from(("a", "b", "c", "", "1", "NA", "é", "a:b", "\0", "TRUE"))
_REALS = st.floats(width=64) | st.sampled_from((0.0, -0.0, 1.0, 2.0, 1e308, 5e-324, 1e-300))


_THINGS = (
    decimal.Decimal("1.5"), decimal.Decimal("NaN"), datetime.date(2020, 1, 1), 1 + 2j, b"x", (1,)
)  # fmt: skip


def _arrow_dictionary(values: list[str | None]) -> pd.arrays.ArrowExtensionArray:
    return pd.arrays.ArrowExtensionArray(pa.array(values, pa.string()).dictionary_encode())


@cache
def columns(rows: int) -> st.SearchStrategy[Any]:
    """One column of so many rows, of any type."""

    def of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(values, min_size=rows, max_size=rows)

    whole, counts, truth = st.integers(-3, 3), st.integers(0, 4), st.booleans()
    gap = st.none()
    return st.one_of(
        of(counts).map(np.array),
        of(counts | st.integers(0, 2**63 - 1)).map(lambda v: np.array(v, dtype=np.int64)),
        of(_REALS).map(np.array),
        of(st.floats(-5, 5)).map(np.array),
        of(truth).map(np.array),
        of(_WORDS),
        st.sampled_from((0, 1, "k", None, float("nan"), True)).map(lambda value: [value] * rows),
        of(whole | gap).map(lambda v: pd.array(v, dtype="Int64")),
        of(_REALS | gap).map(lambda v: pd.array(v, dtype="Float64")),
        of(truth | gap).map(lambda v: pd.array(v, dtype="boolean")),
        of(_WORDS | gap).map(lambda v: pd.array(v, dtype="string")),
        of(whole | gap).map(lambda v: pd.arrays.ArrowExtensionArray(pa.array(v, pa.int32()))),
        of(_WORDS | gap).map(lambda v: pd.arrays.ArrowExtensionArray(pa.array(v, pa.string()))),
        of(_WORDS | gap).map(_arrow_dictionary),
        of(st.sampled_from(("a", "b")) | gap).map(lambda v: pd.Categorical(v, ["c", "b", "a"])),
        of(counts).map(lambda v: pd.Categorical(v, [4, 3, 2, 1, 0, 9], ordered=True)),
        of(truth).map(lambda v: pd.Categorical(v)),
        of(whole | _WORDS | gap | truth | _REALS).map(lambda v: pd.Series(v, dtype=object)),
        of(st.sampled_from(_THINGS)).map(lambda v: pd.Series(v, dtype=object)),
        of(st.dates(datetime.date(1990, 1, 1), datetime.date(2030, 1, 1))).map(pd.to_datetime),
        of(st.integers(0, 10**6)).map(pd.to_timedelta),
        of(st.complex_numbers(max_magnitude=9)).map(np.array),
        of(st.integers(0, 3)).map(lambda v: pd.arrays.SparseArray(v)),
        of(st.integers(0, 3)).map(lambda v: pd.period_range("2020", periods=max(rows, 1), freq="D")[:rows]),
        of(st.integers(-2, 2)).map(lambda v: np.array(v, dtype=np.int8)),
        of(st.integers(0, 2)).map(lambda v: np.array(v, dtype=np.uint64)),
        of(st.floats(-5, 5, width=16)).map(lambda v: np.array(v, dtype=np.float16)),
    )  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """A data frame: now and then without rows, of one row, with an odd index, or with copies of columns."""
    rows = draw(st.sampled_from((0, 1, 2, 3, 6, 12, 12, 12)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    frame = pd.DataFrame({name: draw(columns(rows)) for name in names}, index=range(rows))
    if draw(st.booleans()):
        frame[draw(st.sampled_from(NAMES))] = frame[names[0]]
    if draw(st.booleans()):
        frame["y"] = np.arange(rows) % 2
        frame["g"] = [f"g{i % 3}" for i in range(rows)]
    if draw(st.booleans()):
        frame.index = pd.Index(draw(st.sampled_from(([0] * rows, list(range(rows))[::-1], ["r"] * rows))))
    return frame
