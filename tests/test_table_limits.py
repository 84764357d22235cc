"""Files that would take all of memory, made small by lower limits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glmmspec import table_limits
from glmmspec.errors import DataError
from glmmspec.tables import read_table


def test_numbers_that_unfold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "zeros.parquet"
    pq.write_table(pa.table({"x": np.zeros(1000), "y": np.zeros(1000)}), path)
    monkeypatch.setattr(table_limits, "MAX_BYTES", 16_000)
    assert read_table(path).shape == (1000, 2)
    monkeypatch.setattr(table_limits, "MAX_BYTES", 15_999)
    with pytest.raises(DataError, match="the table takes"):
        read_table(path)


def test_text_that_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long word in many rows is stored once."""
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"g": ["a" * 1000, None] * 500, "h": [""] * 1000}), path)
    assert path.stat().st_size < 5000
    monkeypatch.setattr(table_limits, "MAX_BYTES", 500_000)
    assert read_table(path)["g"].str.len().sum() == 500_000
    monkeypatch.setattr(table_limits, "MAX_BYTES", 499_999)
    with pytest.raises(DataError, match="the table takes"):
        read_table(path)


def test_types_of_parquet_stay(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["x", None], "n": [1, 2], "c": pd.Categorical(["v", "u"], ["v", "u"])})
    frame.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), frame)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("a,b\n" + "x," * 1 + "y" * 131_072 + "\n", True),
        ("a,b\n1," + "y" * 131_073 + "\n", False),
        ('a,b\n1,"' + "y\n," * 50_000 + '"\n', False),
        ('a,b\n"1",2\n' + "3,4\n" * 40_000, True),
        ('a,b\n5" pipe,1\n' + "3,4\n" * 40_000, True),
    ],
    ids=["at the limit", "above", "in quotes", "few quotes", "a stray quote"],
)
def test_long_fields(tmp_path: Path, text: str, taken: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    if taken:
        assert read_table(path).shape[1] == 2
        return
    with pytest.raises(DataError, match="has a field of more than 131,072 characters near line"):
        read_table(path)
