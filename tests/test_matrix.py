"""The model matrix against R's names and against a plain loop over rows and names."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from glmmspec.design import bind
from glmmspec.errors import DataError
from glmmspec.grammar import parse

FRAME = pd.DataFrame(
    [
        {"a": a, "b": b, "x": x, "k": x > 1, "g": i % 2}
        for i, (x, b, a) in enumerate(itertools.product([0.5, 2.0, 3.0], "uvw", "pq"))
    ]
).assign(y=1, z=np.sin(np.arange(1, 19)))


def bound(fixed, frame=FRAME, statements=""):
    return bind(parse(f"family poisson\n{statements}\ny ~ {fixed} | g\n"), frame)


def slow_column(name, frame):
    """The column a coefficient's name describes: a product of numbers and indicators, row by row."""

    def part(piece, row):
        if piece == "(Intercept)":
            return 1.0
        if piece in frame.columns:
            return float(row[piece])
        column = next(c for c in frame.columns if piece.startswith(c))
        return float(str(row[column]).upper() == piece.removeprefix(column).upper())

    return [math.prod(part(piece, row) for piece in name.split(":")) for _, row in frame.iterrows()]


# The names that R 4.2.2's model.matrix gives these columns.
R_NAMES = {
    "1": "(Intercept)",
    "a": "(Intercept) aq",
    "0 + a": "ap aq",
    "a + b": "(Intercept) aq bv bw",
    "0 + a + b": "ap aq bv bw",
    "0 + x + a": "x ap aq",
    "a * b": "(Intercept) aq bv bw aq:bv aq:bw",
    "a:x": "(Intercept) ap:x aq:x",
    "a + a:x": "(Intercept) aq ap:x aq:x",
    "x + x:a": "(Intercept) x x:aq",
    "0 + a:b": "ap:bu aq:bu ap:bv aq:bv ap:bw aq:bw",
    "a + a:b": "(Intercept) aq ap:bv aq:bv ap:bw aq:bw",
    "b + a:b": "(Intercept) bv bw bu:aq bv:aq bw:aq",
    "a * x": "(Intercept) aq x aq:x",
    "0 + a * x": "ap aq x aq:x",
    "z + a * b * x": "(Intercept) z aq bv bw x aq:bv aq:bw aq:x bv:x bw:x aq:bv:x aq:bw:x",
    "k": "(Intercept) kTRUE",
    "0 + k:a": "kFALSE:ap kTRUE:ap kFALSE:aq kTRUE:aq",
    "0 + a:x + b": "bu bv bw ap:x aq:x",
    "a:x + b:x": "(Intercept) ap:x aq:x x:bv x:bw",
    "0 + b:a + x": "x bu:ap bv:ap bw:ap bu:aq bv:aq bw:aq",
}


@pytest.mark.parametrize("fixed", R_NAMES)
def test_names_and_columns_as_in_r(fixed):
    design = bound(fixed)
    assert design.coefficients == tuple(R_NAMES[fixed].split(" "))
    slow = np.column_stack([slow_column(name, FRAME) for name in design.coefficients])
    np.testing.assert_array_equal(design.x, slow)


@pytest.mark.parametrize(
    ("fixed", "names"),
    [
        ("poly(z, 3)", ["poly(z, 3)1", "poly(z, 3)2", "poly(z, 3)3"]),
        ("poly(z, 1)", ["poly(z, 1)"]),
        ("bs(z, df = 4)", [f"bs(z, df = 4){i}" for i in (1, 2, 3, 4)]),
        ("scale(z)", ["scale(z)"]),
        ("I(x > 1)", ["I(x > 1)TRUE"]),
        ("factor(x)", ["factor(x)2", "factor(x)3"]),
        ('relevel(b, ref = "w")', ['relevel(b, ref = "w")u', 'relevel(b, ref = "w")v']),
        ("log(x)", ["log(x)"]),
        (
            "poly(z, 2):a",
            ["poly(z, 2)1:ap", "poly(z, 2)2:ap", "poly(z, 2)1:aq", "poly(z, 2)2:aq"],
        ),
    ],
)
def test_names_of_calls(fixed, names):
    assert bound(fixed).coefficients == ("(Intercept)", *names)


def test_a_name_that_is_not_plain_stands_in_backticks():
    frame = FRAME.rename(columns={"x": "my x", "a": "{a}:`"})
    assert bound(r"`my x` + `{a}:\``", frame).coefficients == ("(Intercept)", "`my x`", r"`{a}:\``q")


def test_no_fixed_effect():
    design = bound("0")
    assert design.x.shape == (18, 0)
    assert design.coefficients == ()


def test_the_space_of_an_interaction_alone_is_spanned_once():
    """R gives `~ a:b` an aliased column; the matrix here spans the same space without it."""
    x = bound("a:b").x
    assert x.shape[1] == np.linalg.matrix_rank(np.hstack([x, bound("a * b").x])) == 6


def test_declared_levels_order_the_columns():
    assert bound("b", statements="levels b = w, u, v").coefficients == ("(Intercept)", "bu", "bv")
    assert bound("x", statements="factor x").coefficients == ("(Intercept)", "x2", "x3")


def test_no_name_is_evaluated():
    frame = FRAME.rename(columns={"x": "__import__('os').abort()"})
    assert bound("`__import__('os').abort()`", frame).x[:, 1].tolist() == FRAME.x.tolist()


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ("x + I(2 * x)", r"'I\(2 \* x\)' is a combination of 'x'( \[G\d+\])$"),
        ("x + z + I(x + z)", r"'I\(x \+ z\)' is a combination of 'x', 'z'( \[G\d+\])$"),
        ("b + I(b == 'v')", r"'I\(b == \"v\"\)TRUE' is a combination of 'bv'( \[G\d+\])$"),
        ("I(0 * x)", r"'I\(0 \* x\)' is 0 in every row( \[G\d+\])$"),
        ("I(x^0)", r"'I\(x\^0\)' is a combination of '\(Intercept\)'( \[G\d+\])$"),
        ("I(x > 100)", r"factor I\(x > 100\) has one level, 'FALSE'( \[G\d+\])$"),
        (
            "poly(z, 17) + x + a",
            r"the fixed effects have 20 columns or more, and there are 18 rows( \[G\d+\])$",
        ),
        ("poly(z, 13) + a + I(a == 'q')", r"'I\(a == \"q\"\)TRUE' is a combination of 'aq'( \[G\d+\])$"),
    ],
)
def test_columns_that_cannot_be_estimated(fixed, message):
    with pytest.raises(DataError, match=f"(?m){message}"):
        bound(fixed)


def test_an_empty_cell_of_an_interaction():
    frame = FRAME[~((FRAME.a == "q") & (FRAME.b == "w"))]
    with pytest.raises(DataError, match="'aq:bw' is 0 in every row"):
        bound("a * b", frame)


def test_columns_on_different_scales_are_not_aliased():
    for small, large in ((1e-9, 1e12), (1e-99, 1e99)):
        frame = FRAME.assign(x=small * FRAME.x, z=large * FRAME.z)
        assert bound("x + z", frame).x.shape[1] == 3


def test_the_last_row_of_many_counts():
    n = 40_000
    zero_until_last = np.zeros(n)
    zero_until_last[-1] = 1
    frame = pd.DataFrame({"y": 1, "g": np.arange(n) % 2, "x": np.arange(n) / n, "last": zero_until_last})
    assert bound("x + last", frame).x.shape == (n, 3)
    with pytest.raises(DataError, match="'last' is 0 in every row"):
        bound("x + last", frame.iloc[:-1])
    with pytest.raises(DataError, match=r"'I\(x \+ last\)' is a combination of 'x', 'last' \[G208\]\n"):
        bound("x + last + I(x + last)", frame)


def test_two_coefficients_of_one_name():
    frame = FRAME.assign(aq=np.arange(18.0))
    with pytest.raises(DataError, match="two coefficients would be called 'aq'"):
        bound("a + aq", frame)
