"""Hypotheses from text and from matrices, and what is refused."""

import numpy as np
import pytest

from glmmspec.errors import SpecError
from glmmspec.inference.hypotheses import LinearHypotheses

NAMES = (
    "(Intercept)",
    "x",
    "xy",
    "CrossR/R",
    "CrossW/W",
    "trt:drug",
    "I(week > 2)TRUE",
    "`a b`c",
    "a - b",
    "2",
    "F",
)


def combination(**of: float) -> np.ndarray:
    return np.array([of.get(name, 0.0) for name in NAMES])


@pytest.mark.parametrize(
    ("text", "weights", "value"),
    [
        ("(Intercept)", {"(Intercept)": 1}, 0),
        ("CrossR/R = CrossW/W", {"CrossR/R": 1, "CrossW/W": -1}, 0),
        ("CrossR/R=CrossW/W", {"CrossR/R": 1, "CrossW/W": -1}, 0),
        ("`CrossR/R` - `CrossW/W` = 0", {"CrossR/R": 1, "CrossW/W": -1}, 0),
        ("2*x - `trt:drug` = 0.5", {"x": 2, "trt:drug": -1}, 0.5),
        ("-x = -1e-3", {"x": -1}, -0.001),
        ("x/4 + xy / 2 + 1 = .5 + 2.", {"x": 0.25, "xy": 0.5}, 1.5),
        ("3 * 2 * x * 2 = 0", {"x": 12}, 0),
        ("1/3*x", {"x": 1 / 3}, 0),
        ("x + x = xy", {"x": 2, "xy": -1}, 0),
        ("I(week > 2)TRUE = x", {"I(week > 2)TRUE": 1, "x": -1}, 0),
        ("`a b`c = 1", {"`a b`c": 1}, 1),
        ("``a b`c` = 1", {"`a b`c": 1}, 1),
        ("a - b = 1", {"a - b": 1}, 1),  # the longest name
        ("`2` * 2 = 1", {"2": 2}, 1),
        ("2.0 * x = 1", {"x": 2}, 1),
        ("F = 0.5", {"F": 1}, 0.5),
        ("0 = x + 1", {"x": -1}, 1),
    ],
)
def test_text(text, weights, value):
    read = LinearHypotheses.of(text, None, NAMES)
    np.testing.assert_allclose(read.matrix, [combination(**weights)], rtol=1e-15)
    np.testing.assert_allclose(read.value, [value], rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a parameter or a number"),
        ("x +", "1:4: expected a parameter or a number"),
        ("x = = xy", "1:5: expected a parameter or a number"),
        ("x = xy = F", "1:8: a hypothesis has one = at most"),
        ("CrosR/R = 0", "1:1: unknown parameter 'CrosR/R'(.|\n)*did you mean 'CrossR/R'"),
        ("x + `CrosR/R`", "1:5: unknown parameter 'CrosR/R'"),
        ("x:z", "unknown parameter 'x:z'"),
        ("2 x", "1:3: expected +, -, *, / or ="),
        ("x xy", "1:3: expected"),
        ("x * xy", "1:5: a hypothesis is linear"),
        ("1 / x", "1:5: a hypothesis is linear"),
        ("x / 0", "1:5: division by 0"),
        ("x - x", "says nothing of any parameter"),
        ("1 = 1", "says nothing of any parameter"),
        ("1e999 * x = 1e999 - 1e999", "out of range"),
        ("x = 1e-200", "out of range"),
        ("__import__('os').system('true')", "unknown parameter"),
        ("x; x", "unknown parameter 'x;'"),
        ("x\n= 1e", "2:4: expected"),
    ],
)
def test_mistakes_in_text(text, message):
    with pytest.raises(SpecError, match=message.replace("+, -, *, /", r"\+, -, \*, /")):
        LinearHypotheses.of(text, None, NAMES)


def test_a_long_text_is_read():
    terms = 10_000
    assert LinearHypotheses.of(" + ".join(["x"] * terms), None, NAMES).matrix.max() == terms


def test_a_name_of_two_parameters_is_not_guessed():
    with pytest.raises(SpecError, match="'x' names two parameters"):
        LinearHypotheses.of("x = 1", None, ("x", "x"))


def test_several_and_their_labels():
    read = LinearHypotheses.of(["x  =\n xy", "F"], None, NAMES)
    assert read.labels == ("x = xy", "F = 0")
    assert read.matrix.shape == (2, len(NAMES))


def test_matrix():
    row = combination(x=-1, xy=0.5, F=2)
    read = LinearHypotheses.of(row, None, NAMES)
    assert read.labels == ("- x + 0.5*xy + 2*F = 0",)
    assert read.value == [0]
    again = LinearHypotheses.of(read.labels[0], None, NAMES)
    np.testing.assert_array_equal(again.matrix, [row])
    several = LinearHypotheses.of([row, 2 * row], 3, NAMES)
    np.testing.assert_array_equal(several.value, [3, 3])


@pytest.mark.parametrize(
    ("hypothesis", "value", "message"),
    [
        ("x = 1", 1, "stands in its text"),
        ([], None, "no hypothesis"),
        (np.zeros((0, len(NAMES))), None, "no hypothesis"),
        (np.ones(3), None, "does not fit 11 parameters"),
        (np.ones((1, 1, len(NAMES))), None, "does not fit"),
        (np.ones((2, len(NAMES))), [1, 2, 3], "3 values do not fit 2 hypotheses"),
        (np.zeros(len(NAMES)), None, "says nothing"),
        (np.full(len(NAMES), np.nan), None, "out of range"),
        (np.ones(len(NAMES)), np.inf, "out of range"),
        (np.ones(len(NAMES)), "much", "is text, as 'a = b', or numbers"),
        (None, None, "does not fit"),
        (["x = 1", 2], None, "'2 = 0' says nothing"),
        ([["x"], [1, 2]], None, "is text, as 'a = b', or numbers"),
        ({"x": 1}, None, "is text, as 'a = b', or numbers"),
    ],
)
def test_mistakes_in_matrices(hypothesis, value, message):
    with pytest.raises(SpecError, match=message):
        LinearHypotheses.of(hypothesis, value, NAMES)
