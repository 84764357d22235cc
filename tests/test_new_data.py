"""New data are read with the levels, contrasts and transforms of the fit."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.effects import UNSEEN
from glmmspec.new_data import NewData, read_new_data

MODEL = gs.parse(
    "family poisson\n"
    "y ~ scale(x) + poly(z, 2) + bs(w, df = 4) + a * relevel(b, ref = 'v') + I(x > 0) + factor(k)"
    " + offset(log(e)) | g, a:b, (0 + z | g)"
)


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 200
    return pd.DataFrame(
        {
            "y": rng.poisson(2, n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "w": rng.uniform(size=n),
            "e": rng.uniform(1, 2, size=n),
            "a": rng.choice(list("pqr"), n),
            "b": rng.choice(["u", "v"], n),
            "k": rng.integers(1, 4, n),
            "g": rng.integers(0, 9, n),
        }
    )


DATA = frame()
DESIGN = gs.bind(MODEL, DATA)


def new(data: pd.DataFrame, levels: bool = True) -> NewData:
    return read_new_data(MODEL, DESIGN, data, levels=levels)


def test_rows_of_the_fit_come_out_as_they_were():
    """Any few of them, without the response: nothing is taken from the new rows themselves."""
    rows = [5, 17, 3, 17]
    found = new(DATA.iloc[rows].drop(columns="y"))
    np.testing.assert_allclose(found.x, DESIGN.x[rows], atol=1e-14)
    np.testing.assert_allclose(found.offset, DESIGN.offset[rows])
    own = NewData.of_design(DESIGN)
    np.testing.assert_array_equal(found.codes, own.codes[rows])
    np.testing.assert_array_equal(found.values, own.values[rows])
    assert list(found.index) == rows


def test_control_binding_the_new_rows_anew_gives_other_columns():
    """Negative control: scale and poly taken from the new rows are not those of the fit."""
    rows = DATA.iloc[:60]
    anew = gs.bind(gs.parse("family poisson\ny ~ scale(x) + poly(z, 2) | g"), rows)
    of_fit = new(rows).x[:, [DESIGN.coefficients.index(name) for name in anew.coefficients]]
    assert np.abs(anew.x - of_fit).max() > 0.01


def test_types_may_differ_where_the_meaning_does_not():
    rows = DATA.iloc[:9].assign(
        g=DATA["g"].iloc[:9].astype(float), k=DATA["k"].iloc[:9].astype(str), a=DATA["a"].astype("category")
    )
    np.testing.assert_array_equal(new(rows).codes, new(DATA.iloc[:9]).codes)
    np.testing.assert_array_equal(new(rows).x, new(DATA.iloc[:9]).x)


def test_unseen_groups_are_marked_and_named():
    found = new(DATA.iloc[:3].assign(g=[0, 99, 1]))
    assert (found.codes[1, [0, 2]] == UNSEEN).all()
    assert found.labels[0] == ("0", "99", "1")
    assert (found.codes[[0, 2]] != UNSEEN).all()


def test_grouping_columns_are_not_needed_where_levels_are_not():
    assert len(new(DATA.drop(columns=["g", "y"]), levels=False).x) == len(DATA)
    with pytest.raises(gs.DataError, match="unknown column 'g' in the new data"):
        new(DATA.drop(columns="g"))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("a", "s", "'s' is no level of a in the fit"),
        ("k", 7, r"'7' is no level of factor\(k\) in the fit|'7' is no level of k in the fit"),
        ("w", 3.0, "row 1 has 3"),
        ("x", "high", "'x' holds text, and held numbers"),
        ("x", np.nan, "'x' is missing or infinite in row 1"),
        ("z", np.inf, "'z' is missing or infinite in row 1"),
        ("e", -1.0, r"log\(e\) is not a finite number in row 1"),
    ],
)
def test_what_cannot_be_read_like_the_fit_is_refused(column: str, value: Any, message: str):
    with pytest.raises(gs.DataError, match=message):
        new(DATA.iloc[:2].assign(**{column: [value, value]}))


def test_no_rows():
    with pytest.raises(gs.DataError, match="no rows"):
        new(DATA.iloc[:0])
