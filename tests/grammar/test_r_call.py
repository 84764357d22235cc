"""The formulas of a call to R's glmm."""

from __future__ import annotations

import pytest

from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.grammar import parse
from glmmspec.grammar.r_call import model_of_call

FIXED = "Mate ~ 0 + Cross"
EACH = "write a formula for each"


@pytest.mark.parametrize(
    ("fixed", "random", "names", "equal", "ours"),
    [
        (FIXED, ["~ 0 + Female", "~ 0 + Male"], ["F", "M"], None, f"{FIXED} | F = Female, M = Male"),
        (FIXED, ["~ 0 + Female", "~ 0 + Male"], "V", [1, 1], f"{FIXED} | V = Female, V = Male"),
        (FIXED, ["~0+a", "~0+b", "~0+c"], ["shared", "two"], [1, 2, 1],
         f"{FIXED} | shared = a, two = b, shared = c"),
        (FIXED, "~ 0 + Female", "F", None, f"{FIXED} | F = Female"),
        (FIXED, ["0 + Female"], ["F"], [1.0], f"{FIXED} | F = Female"),
        (FIXED, ["Mate ~ 0 + Female"], ["F"], None, f"{FIXED} | F = Female"),
        (FIXED, ["~ Female - 1", "~ -1 + Male"], ["F", "M"], None, f"{FIXED} | F = Female, M = Male"),
        (FIXED, ["~ 0 + Female:Year"], ["F"], None, f"{FIXED} | F = Female:Year"),
        (FIXED, ["~ 0 + age:Female"], ["slope"], None, f"{FIXED} | slope = age:Female"),
        (FIXED, ["~ 0 + `a b`"], ["a name"], None, f"{FIXED} | `a name` = `a b`"),
        (f"{FIXED} + offset(x)  # a comment", "~ 0 + g", "G", None, f"{FIXED} + offset(x) | G = g"),
    ],
)  # fmt: skip
def test_the_call_builds_the_model_of_the_formula(fixed, random, names, equal, ours) -> None:
    called = model_of_call(fixed, random, names, equal, "bernoulli.glmm")
    assert called == parse(ours, family="bernoulli")


def test_families_and_weights() -> None:
    called = model_of_call("cbind(y, n - y) ~ x", "~ 0 + g", "G", None, "binomial", "w / 2")
    assert called == parse("cbind(y, n - y) ~ x | G = g\nweights w / 2", family="binomial")


@pytest.mark.parametrize(
    ("random", "message", "hint"),
    [
        ("~ Female", "random 1 = '~ Female' keeps its intercept", 'write "~ 0 + Female"'),
        ("Female", "random 1 = 'Female' keeps its intercept", 'write "~ 0 + Female"'),
        ("~ 1 + Female", "random 1 = '~ 1 + Female' keeps its intercept", 'write "~ 0 + Female"'),
        ("~ 0 + Female + Male", "random 1 = '~ 0 + Female + Male' is not one term", EACH),
        ("~ 0 + Female * Male", "random 1 = '~ 0 + Female * Male' is not one term", EACH),
        ("~ 0 + Site/Plot", "random 1 = '~ 0 + Site/Plot' is not one term", EACH),
        ("~ 0 + (1 | Female)", "random 1 = '~ 0 + (1 | Female)' is not one term", EACH),
        ("~ 0", "random 1 = '~ 0' is not one term", EACH),
        ("~ 0 + Female | Male", "random 1 = 'Mate ~ 0 + Female | Male' is not a formula alone", "as in"),
        ("~ 0 + Female, Male", "a comma out of place", None),
        ("y ~ 0 + Female", "random 1 has another response than fixed: y", None),
        ([], "random is empty", "name a grouping factor"),
    ],
)  # fmt: skip
def test_what_is_no_random_formula_is_refused(random, message, hint) -> None:
    with pytest.raises(GlmmSpecError) as caught:
        model_of_call(FIXED, random, "F", None, "bernoulli")
    assert caught.value.message.startswith(message)
    assert hint is None or str(caught.value.hint).startswith(hint)


@pytest.mark.parametrize(
    "fixed", [f"{FIXED} + (1 | Male)", f"{FIXED} | Male", f"family poisson\n{FIXED}", "x"]
)
def test_what_is_no_fixed_formula_is_refused(fixed: str) -> None:
    with pytest.raises(GlmmSpecError):
        model_of_call(fixed, "~ 0 + Female", "F", None, "bernoulli")


@pytest.mark.parametrize(
    ("names", "equal", "message"),
    [
        (["F"], None, "varcomps_names has 1 name(s) for 2 variance component(s)"),
        (["F", "M"], [1, 1], "varcomps_names has 2 name(s) for 1 variance component(s)"),
        (["F", "F"], None, "varcomps_names = ['F', 'F'] has a name twice"),
        (["F", "M"], [1], "varcomps_equal has 1 number(s) for 2 random formula(s)"),
        (["F", "M"], [2, 1], "varcomps_equal = [2, 1] does not number"),
        (["F", "M"], [1, 3], "varcomps_equal = [1, 3] does not number"),
        (["F", "M"], [0, 1], "varcomps_equal = [0, 1] does not number"),
        (["F", "M"], ["a", "b"], "varcomps_equal = ['a', 'b'] does not number"),
    ],
)
def test_names_and_numbers_fit_together(names, equal, message) -> None:
    with pytest.raises(SpecError) as caught:
        model_of_call(FIXED, ["~ 0 + Female", "~ 0 + Male"], names, equal, "bernoulli")
    assert caught.value.message.startswith(message)
