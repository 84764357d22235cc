"""Specs built in Python equal the parsed ones."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import glmmspec as gs
from glmmspec.building import Term
from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.expression import Expression, Operation
from glmmspec.grammar.nodes import Formula
from glmmspec.grammar.parser import parse_spec
from glmmspec.ir import Model
from tests.strategies import models

y, x, z, a, b, g, h = gs.variables("y", "x", "z", "a", "b", "g", "h")
f = gs.f


@pytest.mark.parametrize(
    ("built", "written"),
    [
        (x | g, "x | g"),
        (x + z | g, "x + z | g"),
        (x | g + h, "x | g, h"),
        (0 + x | g, "0 + x | g"),
        (x - 1 | g, "x - 1 | g"),
        (x | {"F": g, "M": h}, "x | F = g, M = h"),
        (x | {"V": [g, h]}, "x | V = g, V = h"),
        (x | a / b, "x | a/b"),
        (x | a @ b, "x | a:b"),
        (x | [g, (0 + z | h)], "x | g, (0 + z | h)"),
        (a * b + x | g, "a * b + x | g"),
        (a @ b + x | g, "a:b + x | g"),
        ((a + b + x) ** 2 - a @ b | g, "(a + b + x)^2 - a:b | g"),
        (a / b | g, "a / b | g"),
        (x + (1 | g), "x + (1 | g)"),
        (x + (1 | g) + (0 + z | h), "x + (1 | g) + (0 + z | h)"),
        ((1 | g) + x, "(1 | g) + x"),
        (1 + (1 | g), "1 + (1 | g)"),
        (f.log(x) + f.poly(z, 2) | g, "log(x) + poly(z, 2) | g"),
        (f.bs(x, df=4) | g, "bs(x, df = 4) | g"),
        (f.relevel(a, ref="v") | g, 'relevel(a, ref = "v") | g'),
        (f.I(x**2 / (z - 1)) | g, "I(x^2 / (z - 1)) | g"),
        (f.I((a == "u") * (x >= -2)) | g, "I((a == 'u') * (x >= -2)) | g"),
        (x + f.offset(f.log(z)) | g, "x + offset(log(z)) | g"),
    ],
)
def test_operators_say_what_a_formula_says(built: Any, written: str) -> None:
    assert gs.build(y, built, family="poisson") == gs.parse(f"y ~ {written}", family="poisson")


def test_every_statement() -> None:
    built = gs.build(
        f.proportion(y, x),
        a + z | {"F": g},
        family="binomial",
        title='a "title"',
        data="some/where.csv",
        levels={"a": ["v", "u w"]},
        factors=["z"],
        weights=h,
        offset=f.log(x) / 2,
        missing="drop",
        priors={"fixed": "normal(0, 5)", "av": "flat", "sd(F)": "half_normal(1)"},
        solver={"seed": 7, "mixture": (0.5, 0.5, 0)},
        sampler={"chains": 2},
    )
    assert built == gs.parse(
        """title "a \\"title\\""
        data "some/where.csv"
        family binomial
        levels a = v, "u w"
        factor z
        proportion(y, x) ~ a + z | F = g
        weights h
        offset log(x) / 2
        missing drop
        prior fixed ~ normal(0, 5)
        prior av ~ flat
        prior sd(F) ~ half_normal(1)
        solver seed = 7, mixture = (0.5, 0.5, 0)
        sampler chains = 2"""
    )
    assert (
        gs.build("y", x | g, family="poisson", data="cbpp").data
        == gs.parse("data cbpp\nfamily poisson\ny ~ x | g").data
    )


OPERATORS: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    ":": operator.matmul,
    "|": operator.or_,
}


def rebuilt(expression: Expression) -> Any:
    """An expression of a formula's right side, made again by Python's operators."""
    match expression:
        case Operation(symbol, (left, right)):
            return OPERATORS[symbol](rebuilt(left), rebuilt(right))
    return Term(expression)


@given(models())
@settings(max_examples=40, deadline=None)
def test_the_formula_of_any_model_is_built(model: Model) -> None:
    formula = next(part for part in parse_spec(str(model)).statements if isinstance(part, Formula))
    random = [
        {entry.name.name: rebuilt(entry.term)} if entry.name is not None else rebuilt(entry.term)
        for entry in formula.random
    ]
    fixed = rebuilt(formula.fixed)
    built = gs.build(Term(formula.response), fixed | random if random else fixed, family=model.family)
    assert (built.response, built.fixed, built.random) == (model.response, model.fixed, model.random)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: f.lgo(x), r"unknown function 'lgo' \[G101\]\n.*did you mean 'log'"),
        (lambda: gs.build(y, x**2 | g, family="poisson"), r"<build>:2:5: x\^2 is x alone"),
        (lambda: gs.build(y, x | 1, family="poisson"), "1 is not a random term"),
        (lambda: gs.build(y, x + {} | g, family="poisson"), "a dict is no part of a formula"),
        (lambda: gs.build(y, x + True | g, family="poisson"), "True is no part of a formula"),
        (lambda: gs.build(y, x + (z | [g, h]), family="poisson"), "has one grouping"),
        (lambda: gs.build(y, x | g, family="poison"), "unknown family 'poison'"),
        (lambda: gs.build(y, x | g, family="poisson", solver={"sed": 1}), "unknown solver option"),
    ],
)
def test_mistakes_are_answered(wrong: Any, said: str) -> None:
    with pytest.raises((SpecError, GlmmSpecError), match=f"(?s){said}"):
        wrong()


def test_a_chain_of_comparisons_is_refused() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        f.I(1 < x < 2)


def test_no_public_name_is_that_of_a_module() -> None:
    """It would be the module's once that is imported."""
    package = Path(gs.__file__).parent
    assert [
        name for name in gs.__all__ if (package / f"{name}.py").exists() or (package / name).is_dir()
    ] == []


def test_functions_are_listed() -> None:
    assert {"log", "poly", "cbind"} <= set(dir(f))
    assert repr(x + f.log(z) | {"F": g}) == "x + log(z) | F = g"
