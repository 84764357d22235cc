import pandas as pd
import pytest

from glmmspec.design import bind
from glmmspec.errors import DataError
from glmmspec.grammar import parse

FRAME = pd.DataFrame(
    {
        "zero_one": [0, 1, 1, 0],
        "on": [False, True, True, False],
        "yes": ["n", "y", "y", "n"],
        "three": ["a", "b", "c", "a"],
        "same": ["a", "a", "a", "a"],
        "count": [0, 3, 2, 5],
        "size": [4, 3, 2, 7],
        "half": [0.0, 0.5, 1.0, 1.0],
        "minus": [0.0, 1.0, 1.0, -1.0],
        "g": [1, 1, 2, 2],
    }
)


def bound(response, family, statements=""):
    return bind(parse(f"family {family}\n{statements}\n{response} ~ 1 | g\n"), FRAME)


@pytest.mark.parametrize(
    ("family", "response", "y", "trials"),
    [
        ("bernoulli", "zero_one", [0, 1, 1, 0], [1, 1, 1, 1]),
        ("bernoulli", "on", [0, 1, 1, 0], [1, 1, 1, 1]),
        ("bernoulli", "yes", [0, 1, 1, 0], [1, 1, 1, 1]),
        ("poisson", "count", [0, 3, 2, 5], [1, 1, 1, 1]),
        ("poisson", "size - count", [4, 0, 0, 2], [1, 1, 1, 1]),
        ("binomial", "cbind(count, size)", [0, 3, 2, 5], [4, 6, 4, 12]),
        ("binomial", "cbind(count, size - count)", [0, 3, 2, 5], [4, 3, 2, 7]),
        ("binomial", "proportion(count, size)", [0, 3, 2, 5], [4, 3, 2, 7]),
    ],
)
def test_responses(family, response, y, trials):
    design = bound(response, family)
    assert design.y.tolist() == y
    assert design.trials.tolist() == trials


def test_the_second_level_is_the_success():
    assert bound("yes", "bernoulli", "levels yes = y, n").y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("family", "response", "message"),
    [
        ("bernoulli", "count", r"outside its family's support: count = 3 is neither 0 nor 1 \(row 2\)"),
        ("bernoulli", "three", "the response three must have two levels, and has 'a', 'b', 'c'"),
        ("bernoulli", "same", "the response same must have two levels, and has 'a'"),
        ("poisson", "half", r"half = 0.5 is not a whole number from 0 up \(row 2\)"),
        ("poisson", "minus", r"minus = -1 is not a whole number from 0 up \(row 4\)"),
        ("poisson", "yes", "the response must be numeric, and yes is a factor"),
        ("poisson", "on", "the response must be numeric, and on is true or false"),
        ("binomial", "cbind(count, minus)", r"minus = -1 is not a whole number from 0 up \(row 4\)"),
        ("binomial", "proportion(size, count)", r"size = 4 is more than its number of trials \(row 1\)"),
    ],
)
def test_responses_outside_the_support(family, response, message):
    with pytest.raises(DataError, match=message):
        bound(response, family)
