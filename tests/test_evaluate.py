import numpy as np
import pandas as pd
import pytest

from glmmspec.columns import Factor
from glmmspec.errors import DataError, GlmmSpecError
from glmmspec.evaluate import Basis, evaluate, numbers
from glmmspec.grammar import parse
from glmmspec.selection import select

FRAME = pd.DataFrame(
    {
        "y": [0, 1, 2, 3],
        "x": [1.0, 2.0, 4.0, 8.0],
        "z": [-1.0, 0.0, 1.0, 2.0],
        "a": ["p", "q", "r", "p"],
        "on": [True, False, True, True],
        "g": [1, 1, 2, 2],
    }
)


def value(text):
    """The value of a fixed term's one variable."""
    model = parse(f"family poisson\ny ~ 0 + {text} | g\n")
    return evaluate(model.fixed[0].factors[0], select(model, FRAME, "the data"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", FRAME.x),
        ("I(x + 1)", FRAME.x + 1),
        ("I(2 * x - z / 2)", 2 * FRAME.x - FRAME.z / 2),
        ("I(-x^2)", -(FRAME.x**2)),
        ("I(2^z^2)", 2 ** (FRAME.z**2)),
        ("I(+x)", FRAME.x),
        ("I((x > 2) * z)", (FRAME.x > 2) * FRAME.z),
        ("I(on + 1)", FRAME.on + 1.0),
        ("log(x)", np.log(FRAME.x)),
        ("log1p(x)", np.log1p(FRAME.x)),
        ("log2(x)", [0, 1, 2, 3]),
        ("log10(100 * x)", np.log10(100 * FRAME.x)),
        ("exp(z)", np.exp(FRAME.z)),
        ("sqrt(x + z)", np.sqrt(FRAME.x + FRAME.z)),
        ("abs(z)", [1, 0, 1, 2]),
        ("center(x)", FRAME.x - 3.75),
        ("scale(x)", (FRAME.x - 3.75) / FRAME.x.std(ddof=1)),
        ("poly(z, 1)", (FRAME.z - 0.5) / np.sqrt(5)),
    ],
)
def test_numbers(text, expected):
    result = value(text)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", FRAME.on),
        ("I(x > 2)", FRAME.x > 2),
        ("I(x >= 2)", FRAME.x >= 2),
        ("I(x < 2)", FRAME.x < 2),
        ("I(x <= z + 3)", FRAME.x <= FRAME.z + 3),
        ("I(x == 4)", FRAME.x == 4),
        ("I(x != 4)", FRAME.x != 4),
        ("I(a == 'p')", FRAME.a == "p"),
        ("I('p' != a)", FRAME.a != "p"),
    ],
)
def test_truth_values(text, expected):
    result = value(text)
    assert result.dtype == bool
    assert result.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("text", "levels", "codes"),
    [
        ("a", ("p", "q", "r"), [0, 1, 2, 0]),
        ("factor(x)", ("1", "2", "4", "8"), [0, 1, 2, 3]),
        ("factor(on)", ("FALSE", "TRUE"), [1, 0, 1, 1]),
        ("relevel(a, ref = 'q')", ("q", "p", "r"), [1, 0, 2, 1]),
        ("relevel(factor(g), ref = '2')", ("2", "1"), [1, 1, 0, 0]),
    ],
)
def test_factors(text, levels, codes):
    result = value(text)
    assert isinstance(result, Factor)
    assert result.levels == levels
    assert result.codes.tolist() == codes


# R 4.2.2: poly(c(-1, 0, 1, 2), 2) and splines::bs(c(1, 2, 4, 8), df = 4).
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "poly(z, 2)",
            [
                [-0.6708203932499369, 0.5],
                [-0.223606797749979, -0.5],
                [0.223606797749979, -0.5],
                [0.6708203932499369, 0.5],
            ],
        ),
        (
            "bs(x, df = 4)",
            [
                [0, 0, 0, 0],
                [0.7066326530612246, 0.1581632653061225, 0.01020408163265306, 0],
                [0.2612244897959184, 0.483265306122449, 0.2475102040816327, 0.008],
                [0, 0, 0, 1],
            ],
        ),
    ],
)
def test_bases_as_in_r(text, rows):
    result = value(text)
    assert isinstance(result, Basis)
    assert list(result.columns) == [str(i + 1) for i in range(len(rows[0]))]
    np.testing.assert_allclose(np.column_stack(list(result.columns.values())), rows, atol=1e-13)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log(z)", r"log\(z\) is not a finite number in row 1"),
        ("I(x / z)", r"x/z is not a finite number in row 2"),
        ("I(z^0.5)", r"z\^0.5 is not a finite number in row 1"),
        ("exp(1000 * x)", "is not a finite number in row 1"),
        ("scale(x - x)", r"scale\(x - x\) is not a finite number in row 1"),
        ("I(a + 1)", "arithmetic needs numbers, and a is a factor"),
        ("log(a)", "arithmetic needs numbers, and a is a factor"),
        ("I(a > 1)", "arithmetic needs numbers, and a is a factor"),
        ("I(a == 'Q')", 'a has no level "Q"'),
        ("relevel(a, ref = 's')", 'a has no level "s"'),
        ("poly(factor(x), 2)", "cannot stand in arithmetic"),
        ("poly(g, 2)", r"poly\(g, 2\) needs more different values than its degree"),
    ],
)
def test_values_that_make_no_sense(text, message):
    with pytest.raises(GlmmSpecError, match=message):
        value(text)


def test_an_error_stands_where_the_expression_does():
    text = "family poisson\ny ~ x + log(z) | g\n"
    model = parse(text, name="m.glmm")
    with pytest.raises(DataError) as caught:
        evaluate(model.fixed[2].factors[0], select(model, FRAME, "the data"))
    at = caught.value.location
    assert (at.name, at.line, at.column, at.width) == ("m.glmm", 2, 9, 6)


def test_a_role_asks_for_numbers():
    model = parse("family poisson\ny ~ x + on | g\n")
    table = select(model, FRAME, "the data")
    with pytest.raises(DataError, match="the offset must be numeric, and on is true or false"):
        numbers(model.fixed[2].factors[0], table, "the offset")


def test_a_transform_leaves_its_state():
    model = parse("family poisson\ny ~ scale(x) | g\n")
    table = select(model, FRAME, "the data")
    evaluate(model.fixed[1].factors[0], table)
    assert table.encoding.transforms["scale(x)"]["center"] == 3.75
