"""Every statement but the formula: what it means, and what is refused."""

from __future__ import annotations

import pytest

from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.expression import Name
from glmmspec.grammar import parse
from glmmspec.ir import DataReference, FactorColumn, Levels, Model
from glmmspec.options import SamplerOptions, SolverOptions
from glmmspec.prior import Distribution, Prior


def spec(*lines: str) -> Model:
    return parse("\n".join(("family poisson", "y ~ x | F = g", *lines)))


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ('title "a \\"b\\" \\\\ \\n"', "title", 'a "b" \\ \n'),
        ("title 'a \"b\"'", "title", 'a "b"'),
        ("data salamander", "data", DataReference("shipped", "salamander")),
        ('data "a b.csv"', "data", DataReference("file", "a b.csv")),
        ("levels x = a, 1, -1.50, 'a b', `c d`, 1e3",
         "levels", (Levels("x", ("a", "1", "-1.50", "a b", "c d", "1e3")),)),
        ("factor x, g", "factors", (FactorColumn("x"), FactorColumn("g"))),
        ("weights w", "weights", Name("w")),
        ("missing drop", "missing", "drop"),
        ("missing fail", "missing", "fail"),
        ("prior fixed ~ normal(-1, 1e1)", "priors", (Prior("fixed", "", Distribution("normal", (-1, 10))),)),
        ("prior x ~ cauchy(+0, 2)", "priors", (Prior("coefficient", "x", Distribution("cauchy", (0, 2))),)),
        ("prior `fixed` ~ flat", "priors", (Prior("coefficient", "fixed", Distribution("flat")),)),
        ("prior `a/b` ~ flat()", "priors", (Prior("coefficient", "a/b", Distribution("flat")),)),
        ("prior sd(F) ~ half_normal(1)", "priors", (Prior("sd", "F", Distribution("half_normal", (1,))),)),
        ("prior var(F) ~ flat", "priors", (Prior("var", "F", Distribution("flat")),)),
        ("solver seed = 7, draws = 1e4, df = 5, proposal = mixture, mixture = (0.5, 0.3, 0.2)", "solver",
         SolverOptions(seed=7, draws=10_000, df=5.0, proposal="mixture", mixture=(0.5, 0.3, 0.2))),
        ("solver seed = 9223372036854775807", "solver", SolverOptions(seed=2**63 - 1)),
        ("sampler chains = 2, warmup = 10", "sampler", SamplerOptions(chains=2, warmup=10)),
    ],
)  # fmt: skip
def test_meaning(line: str, field: str, value: object) -> None:
    assert getattr(spec(line), field) == value


def test_repeatable_statements_add_up() -> None:
    model = spec(
        "levels x = a, b", "levels g = c, d", "factor x", "factor g", "prior x ~ flat", "prior fixed ~ flat"
    )
    assert [part.column for part in model.levels] == ["x", "g"]
    assert [part.column for part in model.factors] == ["x", "g"]
    assert [prior.target for prior in model.priors] == ["coefficient", "fixed"]


def test_a_component_without_a_name_is_found_as_its_term_is_written() -> None:
    model = parse("y ~ x | a:b, `a b`\nprior sd(a:b) ~ flat\nprior sd(`a b`) ~ flat", family="poisson")
    assert [prior.name for prior in model.priors] == ["a:b", "a b"]


def test_the_family_may_come_from_outside() -> None:
    assert parse("y ~ x | g", family="poisson").family == "poisson"
    assert parse("family poisson\ny ~ x | g", family="poisson").family == "poisson"


@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
def test_order_of_statements_does_not_matter(family: str) -> None:
    lines = [f"family {family}", 'title "t"', "y ~ x | g", "weights w", "missing drop"]
    assert parse("\n".join(lines)) == parse("\n".join(reversed(lines)))


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("famly poisson", 1, "unknown statement 'famly'", "did you mean 'family'?"),
        ("seed = 1", 1, "unknown statement 'seed'", None),
        ("y2 ~ x | g", 1, "a second formula", None),
        ("family poisson", 1, "a second family statement", None),
        ("data salamandr", 6, "unknown data set 'salamandr'", None),
        ("missing keep", 9, "unknown way with missing values 'keep'", "known: fail, drop"),
        ("weights factor(x)", 9, "factor(...) cannot stand in arithmetic", None),
        ("offset 'x'", 8, 'the string "x" is out of place', None),
        ("levels x = a, a", 1, "level 'a' of 'x' is listed twice", None),
        ("levels x = a", 1, "'x' needs at least two levels", None),
        ("levels xx = a, b", 1, "levels of 'xx' has no effect: the model does not use that column",
         "did you mean 'x'?"),
        ("factor x, gg", 11, "factor of 'gg' has no effect: the model does not use that column",
         "did you mean 'g'?"),
        ("factor x, x", 11, "factor of 'x' is given twice", None),
        ("prior sd(G) ~ flat", 7, "prior on unknown variance component 'G'", "known: F"),
        ("prior mean(F) ~ flat", 7, "mean(F) is not something a prior can be put on", None),
        ("prior x + z ~ flat", 7, "x + z is not something a prior can be put on", None),
        ("prior x ~ norml(0, 1)", 11, "unknown distribution 'norml'", "did you mean 'normal'?"),
        ("prior x ~ normal(0)", 11, "normal takes 2 argument(s) (location, scale), not 1", None),
        ("prior x ~ normal(0, -1)", 11, "the scale of normal must be positive, not -1", None),
        ("prior x ~ normal(a, 1)", 18, "expected a number, not a", None),
        ("prior x ~ normal(location = 0, 1)", 11, "in normal(...) an argument without a name", None),
        ("prior x ~ normal(0, scale = 1)", 11, "normal(0, scale = 1) is not a distribution", None),
        ("prior x ~ 3", 11, "3 is not a distribution", None),
        ("prior x ~ uniform(1, 1)", 11, "uniform(1, 1) is empty", None),
        ("prior sd(F) ~ normal(0, 1)", 1, "sd(F) is never negative, and normal(0, 1) can be", None),
        ("solver sed = 1", 8, "unknown solver option 'sed'", "did you mean 'seed'?"),
        ("solver seed = 1, seed = 2", 18, "solver option seed is given twice", None),
        ("solver seed = 1.5", 8, "solver option seed = 1.5: expected a whole number between 0 and", None),
        ("solver seed = -1", 8, "solver option seed = -1: expected a whole number between 0 and", None),
        ("solver seed = one", 8, "solver option seed = one: expected a whole number", None),
        ("solver seed = (1)", 8, "solver option seed = (1): expected a whole number", None),
        ("solver seed = 1e400", 15, "this number is too large", None),
        ("solver seed = " + "1" * 5000, 15, "this number is too large", None),
        ("solver proposal = 'laplac'", 8, "solver option proposal = laplac: expected one of laplace, mixture",
         "did you mean 'laplace'?"),
        ("solver mixture = (1, 2)", 8, "solver option mixture = (1, 2): expected 3 numbers", None),
        ("solver mixture = (1, 1, 1)", 1, "the shares in mixture = (1, 1, 1) sum to 3, not 1", None),
        ("sampler chains = 0", 9, "sampler option chains = 0: expected a whole number", None),
        ('title "a\\q"', 9, "unknown escape \\q", "a backslash itself is written \\\\"),
    ],
)  # fmt: skip
def test_refusals(line: str, column: int, message: str, hint: str | None) -> None:
    with pytest.raises(GlmmSpecError) as caught:
        spec(line)
    error = caught.value
    assert error.message.startswith(message)
    assert error.location is not None
    assert (error.location.line, error.location.column) == (3, column)
    if hint is not None:
        assert error.hint == hint


@pytest.mark.parametrize(
    ("text", "family", "message"),
    [
        ("", None, "the spec has no formula"),
        ("# nothing\n\n", None, "the spec has no formula"),
        ("family poisson", None, "the spec has no formula"),
        ("y ~ x | g", None, "the family is missing"),
        ("family gamma\ny ~ x | g", None, "unknown family 'gamma'"),
        ("family poisson\ny ~ x | g", "bernoulli",
         "the spec says family poisson, but family bernoulli was asked for"),
        ("y ~ x", "poisson", "the model has no random term"),
        ("cbind(a, b) ~ x | g", "poisson", "family poisson has no trials, and cbind(a, b) gives them"),
        ("cbind(a) ~ x | g", "binomial", "the response cbind takes 2 column(s), not 1"),
        ("y ~ x | g", "binomial", "a binomial response comes with its trials"),
        ("poly(y, 2) ~ x | g", "poisson", "poly(...) cannot stand in arithmetic"),
        ("a:b ~ x | g", "poisson", "':' is not arithmetic"),
    ],
)  # fmt: skip
def test_specs_that_make_no_model(text: str, family: str | None, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text, family=family)
    assert caught.value.message == message or caught.value.message.startswith(message + " ")
    assert caught.value.location is not None
    assert caught.value.location.name == "<spec>"


def test_an_unknown_family_from_outside_has_no_place_in_the_text() -> None:
    with pytest.raises(SpecError, match="unknown family 'poison'") as caught:
        parse("y ~ x | g", family="poison")
    assert caught.value.location is None
    assert caught.value.hint == "did you mean 'poisson'?"
