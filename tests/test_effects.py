import numpy as np
import pandas as pd
import pytest

from glmmspec.design import bind
from glmmspec.errors import DataError
from glmmspec.grammar import parse

FRAME = pd.DataFrame(
    {
        "y": [1, 2, 3, 4, 5, 6],
        "site": ["s2", "s1", "s2", "s1", "s2", "s1"],
        "plot": ["b", "b", "a", "a", "b", "b"],
        "id": [10, 9, 10, 9, 7, 7],
        "age": [1.5, 2.0, 0.5, 1.0, 3.0, 2.5],
        "on": [True, False, True, True, False, True],
        "zero": [0, 0, 0, 0, 0, 0],
    }
)
ONES = [1.0] * 6


def bound(random, statements=""):
    return bind(parse(f"family poisson\n{statements}\ny ~ 1 | {random}\n"), FRAME)


def lme4(random):
    return bind(parse(f"family poisson\ny ~ 1 + {random}\n"), FRAME)


@pytest.mark.parametrize(
    ("random", "name", "grouping", "levels", "codes", "values"),
    [
        ("site", "site", "site", "s1 s2", [1, 0, 1, 0, 1, 0], ONES),
        ("id", "id", "id", "7 9 10", [2, 1, 2, 1, 0, 0], ONES),
        ("on", "on", "on", "FALSE TRUE", [1, 0, 1, 1, 0, 1], ONES),
        ("factor(age)", "factor(age)", "factor(age)", "0.5 1 1.5 2 2.5 3", [2, 3, 0, 1, 5, 4], ONES),
        ("site:plot", "site:plot", "site:plot", "s1:a s1:b s2:a s2:b", [3, 1, 2, 0, 3, 1], ONES),
        ("plot:site", "plot:site", "plot:site", "a:s1 a:s2 b:s1 b:s2", [3, 2, 1, 0, 3, 2], ONES),
        ("plot:on:site", "plot:on:site", "plot:on:site",
         "a:TRUE:s1 a:TRUE:s2 b:FALSE:s1 b:FALSE:s2 b:TRUE:s1 b:TRUE:s2", [5, 2, 1, 0, 3, 4], ONES),
        ("site:age", "0 + age | site", "site", "s1 s2", [1, 0, 1, 0, 1, 0], FRAME.age),
        ("id:site", "0 + id | site", "site", "s1 s2", [1, 0, 1, 0, 1, 0], FRAME.id),
        ("site:I(age^2)", "0 + I(age^2) | site", "site", "s1 s2", [1, 0, 1, 0, 1, 0], FRAME.age**2),
        ("age:plot:site", "0 + age | plot:site", "plot:site", "a:s1 a:s2 b:s1 b:s2", [3, 2, 1, 0, 3, 2],
         FRAME.age),
        ("factor(id):age", "0 + age | factor(id)", "factor(id)", "7 9 10", [2, 1, 2, 1, 0, 0], FRAME.age),
        ("age", "age", "", "age", [0] * 6, FRAME.age),
        ("I(id)", "I(id)", "", "I(id)", [0] * 6, FRAME.id),
        ("log(age)", "log(age)", "", "log(age)", [0] * 6, np.log(FRAME.age)),
    ],
)  # fmt: skip
def test_roles_follow_the_columns_types(random, name, grouping, levels, codes, values):
    (term,) = bound(random).random
    assert (term.name, term.grouping) == (name, grouping)
    assert term.levels == tuple(levels.split(" "))
    assert term.codes.tolist() == codes
    assert term.values.tolist() == list(values)


@pytest.mark.parametrize(
    ("random", "name", "levels", "values"),
    [
        ("(1 | id)", "id", "7 9 10", ONES),
        ("(1 | age)", "age", "0.5 1 1.5 2 2.5 3", ONES),
        ("(0 + age | id)", "0 + age | id", "7 9 10", FRAME.age),
        ("(0 + id | age)", "0 + id | age", "0.5 1 1.5 2 2.5 3", FRAME.id),
        ("(1 | id:site)", "id:site", "7:s1 7:s2 9:s1 10:s2", ONES),
    ],
)
def test_the_bar_decides_in_the_lme4_notation(random, name, levels, values):
    (term,) = lme4(random).random
    assert term.name == name
    assert term.levels == tuple(levels.split(" "))
    assert term.values.tolist() == list(values)


def test_declared_columns_group():
    (term,) = bound("id:site", "factor id").random
    assert term.levels == ("7:s1", "7:s2", "9:s1", "10:s2")
    (term,) = bound("age", "factor age").random
    assert term.grouping == "age"
    (term,) = bound("site", "levels site = s2, s1").random
    assert term.levels == ("s2", "s1")


def test_a_coefficient_on_a_lone_column_is_noted():
    (note,) = bound("age").notes
    assert "one random coefficient" in str(note)
    assert "`factor age`" in str(note)
    assert not bound("id").notes
    assert not bound("log(age)").notes


def test_components_are_numbered_in_the_models_order():
    design = bound("S = site, P = plot, S = id")
    assert design.components == ("S", "P")
    assert [term.component for term in design.random] == [0, 1, 0]


@pytest.mark.parametrize(
    ("random", "message"),
    [
        ("id:age", "not clear what groups in id:age: 'id', 'age' are numeric"),
        ("site:id:age", "not clear what groups in site:id:age: 'id', 'age' are numeric"),
        ("zero", "the grouping zero has one level, '0'"),
        ("site:zero", "the multiplier zero of a random term is 0 in every row"),
        (
            "site, S = factor(site)",
            "the random terms 'site' and 'factor\\(site\\)' are the same in every row",
        ),
        ("site:I(on)", "must be numeric, and I\\(on\\) is true or false"),
    ],
)
def test_terms_that_make_no_sense(random, message):
    with pytest.raises(DataError, match=message):
        bound(random)


def test_the_same_grouping_under_other_levels_is_found():
    frame = FRAME.assign(other=FRAME.site.map({"s1": "z", "s2": "a"}))
    with pytest.raises(DataError, match="the random terms 'site' and 'other' are the same in every row"):
        bind(parse("family poisson\ny ~ 1 | site, other\n"), frame)


def test_a_multiplier_has_to_be_numeric():
    with pytest.raises(
        DataError, match="the multiplier of a random term must be numeric, and plot is a factor"
    ):
        lme4("(0 + plot | site)")
