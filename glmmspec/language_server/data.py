"""The columns of the data that a spec names, read for an editor and kept until the file changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmmspec import datasets
from glmmspec.errors import GlmmSpecError
from glmmspec.ir import DataReference
from glmmspec.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_MOST_LEVELS = 50
"""Levels that are kept of a column."""


@dataclass(frozen=True)
class Column:
    """A column: what it holds, its levels (of text, or of few numbers), what it means where that is known."""

    name: str
    holds: str
    levels: tuple[str, ...]
    n_levels: int
    meaning: str = ""

    @property
    def summary(self) -> str:
        """What an editor shows of it."""
        shown = ", ".join(self.levels[:10]) + (", ..." if self.n_levels > 10 else "")
        levels = f"; {self.n_levels} levels: {shown}" if self.levels else ""
        return (f"{self.meaning}. " if self.meaning else "") + f"{self.holds}{levels}"


Columns = dict[str, Column]


def columns_of(reference: DataReference, spec_path: str) -> Columns:
    """The columns of shipped data, or of a file beside the spec; none if they cannot be read."""
    try:
        if reference.kind == "shipped":
            return _shipped(reference.name)
        folder = Path(spec_path).parent.resolve()
        path = (folder / reference.name).resolve()
        # A spec that is only looked at has nothing else read.
        return _file(path, path.stat().st_mtime_ns) if path.is_relative_to(folder) else {}
    except (GlmmSpecError, OSError):
        return {}


@lru_cache(maxsize=16)
def _shipped(name: str) -> Columns:
    meanings = datasets.describe(name).columns
    return _described(datasets.load(name), meanings)


@lru_cache(maxsize=16)
def _file(path: Path, changed: int) -> Columns:
    """`changed` is the file's time of change, so that the columns are read again after it."""
    return _described(read_table(path), {})


def _described(frame: pd.DataFrame, meanings: dict[str, str]) -> Columns:
    return {name: _column(name, frame[name], meanings.get(name, "")) for name in frame.columns}


def _column(name: str, series: pd.Series[Any], meaning: str) -> Column:
    from glmmspec.columns import as_factor, kind

    held = kind(series)
    values = series.dropna()
    if held == "number":
        span = f"numbers from {values.min():g} to {values.max():g}" if len(values) else "no values"
        return Column(name, span, (), int(values.nunique()), meaning)
    levels = as_factor(values).levels if len(values) else ()
    what = "true or false" if held == "logical" else "a factor"
    return Column(name, what, levels[:_MOST_LEVELS], len(levels), meaning)
