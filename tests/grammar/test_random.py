"""Random terms in both notations."""

from __future__ import annotations

import pytest

from glmmspec.errors import SpecError
from glmmspec.expression import Expression, Name
from glmmspec.grammar import parse
from glmmspec.ir import Component, RandomTerm

A, B, C, G, X, Z = (Name(name) for name in "abcgxz")


def explicit(*factors: Expression, slope: Expression | None = None) -> RandomTerm:
    return RandomTerm(factors, slope, by_type=False)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("g", [RandomTerm((G,))]),
        ("0 + g", [RandomTerm((G,))]),
        ("F = g", [RandomTerm((G,), component="F")]),
        ("`F 1` = g", [RandomTerm((G,), component="F 1")]),
        ("a:b", [RandomTerm((A, B))]),
        ("0 + a:b", [RandomTerm((A, B))]),
        ("a:b:c", [RandomTerm((A, B, C))]),
        ("a, b", [RandomTerm((A,)), RandomTerm((B,))]),
        ("V = a, V = b", [RandomTerm((A,), component="V"), RandomTerm((B,), component="V")]),
        ("a/b", [explicit(A), explicit(A, B)]),
        ("a/b/c", [explicit(A), explicit(A, B), explicit(A, B, C)]),
        ("(1 | g)", [explicit(G)]),
        ("V = (0 + x | g)", [RandomTerm((G,), X, "V", by_type=False)]),
        ("(x || g)", [explicit(G), explicit(G, slope=X)]),
    ],
)
def test_entries_of_the_list(entries: str, expected: list[RandomTerm]) -> None:
    assert list(parse(f"y ~ x | {entries}", family="poisson").random) == expected


@pytest.mark.parametrize("entry", ["log(x)", "I(x^2)", "g:I(x > 2)", "factor(x)"])
def test_expressions_as_entries(entry: str) -> None:
    (term,) = parse(f"y ~ 1 | {entry}", family="poisson").random
    assert str(term) == entry
    assert term.component == entry


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("(1 | g)", [explicit(G)]),
        ("(1 || g)", [explicit(G)]),
        ("(0 + x | g)", [explicit(G, slope=X)]),
        ("(x - 1 | g)", [explicit(G, slope=X)]),
        ("(-1 + x | g)", [explicit(G, slope=X)]),
        ("(x || g)", [explicit(G), explicit(G, slope=X)]),
        ("(1 + x || g)", [explicit(G), explicit(G, slope=X)]),
        ("(0 + x || g)", [explicit(G, slope=X)]),
        ("(x + z || g)", [explicit(G), explicit(G, slope=X), explicit(G, slope=Z)]),
        ("(1 | a:b)", [explicit(A, B)]),
        ("(1 | a/b)", [explicit(A), explicit(A, B)]),
        ("(1 | a/b/c)", [explicit(A), explicit(A, B), explicit(A, B, C)]),
        ("(1 | a/(b:c))", [explicit(A), explicit(A, B, C)]),
        ("(x || a/b)", [explicit(A), explicit(A, slope=X), explicit(A, B), explicit(A, B, slope=X)]),
        ("((1 | g))", [explicit(G)]),
        ("(1 | a) + (1 | b)", [explicit(A), explicit(B)]),
    ],
)
def test_groups_among_the_fixed_terms(group: str, expected: list[RandomTerm]) -> None:
    model = parse(f"y ~ w + {group}", family="poisson")
    assert list(model.random) == expected
    assert [str(term) for term in model.fixed] == ["1", "w"]


def test_both_notations_in_one_formula() -> None:
    model = parse("y ~ (1 | a) + w | b", family="poisson")
    assert model.random == (explicit(A), RandomTerm((B,)))
    assert model.formula == "y ~ w | (1 | a), b"


def test_entries_of_one_name_share_a_component() -> None:
    model = parse("y ~ x | V = a, b, V = c", family="poisson")
    assert model.components == (Component("V"), Component("b"))


@pytest.mark.parametrize(
    ("right", "column", "message", "hint"),
    [
        ("x | S = a/b", 13, "'S' names 2 terms at once", "name each, as in S1 = (1 | a), S2 = (1 | a:b)"),
        ("x | S = (x || g)", 13, "'S' names 2 terms at once",
         "name each, as in S1 = (1 | g), S2 = (0 + x | g)"),
        ("(x | g)", 5, "correlated random effects are not available", "uncorrelated: (x || g)"),
        ("(1 + x | g)", 5, "correlated random effects are not available", "uncorrelated: (x || g)"),
        ("(0 + x + z | g)", 5, "correlated random effects are not available",
         "uncorrelated: (0 + x + z || g)"),
        ("(0 | g)", 5, "nothing varies in this group", "write 1 for an intercept"),
        ("(1 | a + b)", 10, "a group has one grouping", "write (1 | a) + (1 | b)"),
        ("(1 | log(a))", 10, "log(a) cannot group", None),
        ("(1 | 1)", 10, "1 cannot group", None),
        ("(1 - x || g)", 10, "only the intercept can be removed from a group", None),
        ("(2 | g)", 6, "2 is not a random term", None),
        ("(a:b || g)", 6, "a:b is not a variable", None),
        ("(factor(a) || g)", 6, "factor(a) is not numeric, as a slope must be", None),
        ("(poly(x, 2) || g)", 6, "poly(...) cannot stand in a random term", None),
        ("x | 1", 9, "1 is not a random term", None),
        ("x | g + h", 9, "an entry of the random part is one term", "separate random terms by commas"),
        ("x | g*h", 9, "g * h is several random terms", "list those meant: g, h, g:h"),
        ("x | g - h", 9, "- is not available in a random term", None),
        ("x | g^2", 9, "^ is not available in a random term", None),
        ("x | a %in% b", 9, "%in% is not available in a random term", None),
        ("x | a:a", 9, "a column appears twice in the random term a:a", None),
        ("x | bs(x)", 9, "bs(...) cannot stand in a random term", None),
        ("x | lgo(x)", 9, "unknown function 'lgo'", "did you mean 'log'?"),
        ("x | g, g", 12, "the random term g is written twice", None),
        ("x | A = g, B = g", 20, "the random term g is written twice", None),
        ("x + (1 | g) | g", 19, "the random term g is written twice", None),
        ("x | 'g'", 9, '"g" is not a variable', "a column's name stands without quotes, or in backticks"),
        ("x | g, y:g", 12, "the response y also stands right of ~", None),
    ],
)  # fmt: skip
def test_what_is_no_random_term_is_refused(right: str, column: int, message: str, hint: str | None) -> None:
    with pytest.raises(SpecError) as caught:
        parse(f"y ~ {right}", family="poisson")
    assert caught.value.message.startswith(message)
    assert caught.value.location is not None
    assert caught.value.location.column == column
    if hint is not None:
        assert caught.value.hint == hint
