"""`glmmspec new`: a first spec, whatever the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmmspec import datasets
from glmmspec.design import bind
from glmmspec.errors import DataError
from glmmspec.grammar import format_text, parse, read
from glmmspec.starter import starter
from tests.cli.support import run

GUESSES = {
    "bacteria": ("family bernoulli", "y ~ ap + hilo + week", "| ID"),
    "cbpp": ("family binomial", "proportion(incidence, size) ~ period", "| herd"),
    "epil": ("family poisson", "y ~ trt + base + age + V4 + lbase + lage", "| subject"),
    "grouseticks": ("family poisson", "TICKS ~ HEIGHT + YEAR", "| BROOD, LOCATION"),
    "salamander": ("family bernoulli", "Mate ~ Cross", "| Female, Male"),
}


@pytest.mark.parametrize("name", GUESSES)
def test_the_shipped_data(name: str, tmp_path: Path) -> None:
    """Family, response and groupings are those of the published analyses."""
    data = tmp_path / f"{name}.csv"
    data.write_bytes(datasets.path(name).read_bytes())
    result = run("new", data)
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / f"{name}.glmm").read_text()
    assert [line.strip() in map(str.strip, text.splitlines()) for line in GUESSES[name]] == [True] * 3
    assert format_text(text) == text
    assert len(bind(read(tmp_path / f"{name}.glmm")).y) == datasets.describe(name).n_rows
    for column in datasets.describe(name).columns:
        assert column in text


def test_it_never_writes_over_a_file(tmp_path: Path) -> None:
    data, spec = tmp_path / "cbpp.csv", tmp_path / "cbpp.glmm"
    data.write_bytes(datasets.path("cbpp").read_bytes())
    spec.write_text("mine")
    result = run("new", data)
    assert (result.exit_code, result.stdout, spec.read_text()) == (2, "", "mine")
    assert "--output PATH" in result.stderr
    (tmp_path / "below").mkdir()
    data = data.rename(tmp_path / "below" / "cbpp.csv")
    assert run("new", data, "--output", tmp_path / "a.glmm").exit_code == 0
    assert 'data "below/cbpp.csv"' in (tmp_path / "a.glmm").read_text()
    assert len(bind(read(tmp_path / "a.glmm")).y) == 56
    (tmp_path / "aside").mkdir()
    result = run("new", data, "--output", tmp_path / "aside" / "a.glmm")
    assert result.exit_code == 2
    assert "would stand away from its data" in result.stderr


def test_response_and_groups_can_be_given(tmp_path: Path) -> None:
    data = tmp_path / "murder.csv"
    data.write_bytes(datasets.path("murder").read_bytes())
    result = run("new", data)
    assert result.exit_code == 2
    assert "--group COLUMN" in result.stderr
    assert run("new", data, "--group", "subject").exit_code == 0
    assert "| subject" in (tmp_path / "murder.glmm").read_text()
    result = run("new", data, "--group", "subjct", "--output", tmp_path / "b.glmm")
    assert "did you mean 'subject'?" in result.stderr
    result = run("new", data, "--response", "race", "--group", "subject", "--output", tmp_path / "b.glmm")
    assert result.exit_code == 2
    assert "no column can group" in result.stderr
    assert not (tmp_path / "b.glmm").exists()


@pytest.mark.parametrize("first", [0, 1])
def test_groups_are_numbered_from_0_or_1(first: int) -> None:
    rows = np.arange(160)
    frame = pd.DataFrame({"y": rows % 2, "x": rows % 7 / 2, "g": rows // 8 + first, "arm": rows % 3 + first})
    text = starter(frame, "data.csv", title="data")
    assert "y ~ x + arm\n" in text
    assert "| g\n" in text
    assert "factor arm, g" in text


def test_counts_are_no_groups() -> None:
    """Of a few rows each value from 0 to the largest occurs, as in numberings."""
    seizures = np.repeat(np.arange(12), [5, 9, 14, 16, 15, 11, 8, 5, 4, 2, 1, 1])
    frame = pd.DataFrame({"x": np.arange(91) % 7 / 2, "herd": np.arange(91) % 10 + 1, "seizures": seizures})
    text = starter(frame, "data.csv", title="data")
    assert "seizures ~ x" in text
    assert "| herd\n" in text


def test_missing_values_and_odd_names() -> None:
    rows = np.arange(60)
    frame = pd.DataFrame(
        {
            "my response": rows % 3 == 0,
            "subject #": [f"s{i % 12}" for i in rows],
            "x": np.where(rows == 7, np.nan, rows % 7),
            "constant": 1,
            "note": [f"text {i}" for i in rows],
        }
    )
    text = starter(frame, "a\nb.csv", title='the "title"')
    assert "missing drop" in text
    assert "`my response` ~ x" in text
    assert "| `subject #`" in text
    assert bind(parse(text), frame).n_dropped == 1


COLUMNS = st.one_of(
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.lists(st.sampled_from("abc"), min_size=12, max_size=12),
    st.lists(st.none() | st.booleans(), min_size=12, max_size=12),
    st.lists(st.none() | st.floats(-1e3, 1e3), min_size=12, max_size=12),
    st.just([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]),
    st.just([[1]] * 12),
)
NAMES = st.sampled_from(["y", "n", "size", "id", "x", "a b", "`", "family", "data", "herd", "."])


@given(st.dictionaries(NAMES, COLUMNS, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_table_has_a_spec_that_binds_or_an_answer(columns: dict[str, list[object]]) -> None:
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    try:
        text = starter(frame, "data.csv", title="data")
    except DataError:
        return
    assert len(bind(parse(text), frame).y)
