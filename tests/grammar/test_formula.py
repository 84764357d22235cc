"""Fixed terms: R's formula algebra.

Every expansion below was compared with `terms()` of R 4.x; R differs in two: it refuses the power 1,
and calls `b:a` what stands before `a` and `b` in the formula as `b:a`. A power of one term, which R drops in
silence, is refused.
"""

from __future__ import annotations

import pytest

from glmmspec.errors import GlmmSpecError
from glmmspec.expression import Call, Name
from glmmspec.grammar import parse


def terms(fixed: str) -> str:
    return " ".join(str(term) for term in parse(f"y ~ {fixed} | g", family="poisson").fixed)


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ("1", "1"),
        ("0", ""),
        ("-1", ""),
        ("-0", "1"),
        ("a", "1 a"),
        ("0 + a", "a"),
        ("a + 0", "a"),
        ("a - 1", "a"),
        ("1 + a", "1 a"),
        ("1 + a + 1", "1 a"),
        ("(0 + a) + b", "a b"),
        ("a + b + a", "1 a b"),
        ("a + (b + c)", "1 a b c"),
        ("a:b", "1 a:b"),
        ("a + b + b:a", "1 a b a:b"),
        ("b:a + a + b", "1 a b b:a"),
        ("a:b + b:a", "1 a:b"),
        ("a:a", "1 a"),
        ("a*b", "1 a b a:b"),
        ("a*b*c", "1 a b c a:b a:c b:c a:b:c"),
        ("a:b + c", "1 c a:b"),
        ("a/b", "1 a a:b"),
        ("a/b/c", "1 a a:b a:b:c"),
        ("(a + b)/c", "1 a b a:b:c"),
        ("a/(b + c)", "1 a a:b a:c"),
        ("b %in% a", "1 b:a"),
        ("c %in% (a + b)", "1 c:a:b"),
        ("(a + b)^2", "1 a b a:b"),
        ("(a + b + c)^2", "1 a b c a:b a:c b:c"),
        ("(a + b)^9", "1 a b a:b"),
        ("(a + b)**2", "1 a b a:b"),
        ("(a + b)^1", "1 a b"),
        ("a*b - a:b", "1 a b"),
        ("a*b*c - a:b:c", "1 a b c a:b a:c b:c"),
        ("(a + b + c)^2 - b:a", "1 a b c a:c b:c"),
        ("a + b - (a + 1)", "b"),
        ("a + b - (b - a)", "1 a"),
        ("(a + b - b):c", "1 a:c"),
        ("(1 + a)*b", "1 a b a:b"),
        ("log(a) + log(a):b", "1 log(a) log(a):b"),
        ("I(a^2)*b", "1 I(a^2) b I(a^2):b"),
        ("I(a > 2 + 1)", "1 I(a > 2 + 1)"),
        ("I(-a^2)", "1 I(-a^2)"),
        ("I((-a)^2)", "1 I((-a)^2)"),
        ("I(a - (b - c))", "1 I(a - (b - c))"),
        ("I(2^3^a)", "1 I(2^3^a)"),
        ("I(2^-a^-1)", "1 I(2^-a^-1)"),
        ("I(2^(-a))", "1 I(2^-a)"),
        ("I((2^-a)^-b)", "1 I((2^-a)^-b)"),
        ("I((2^3)^a)", "1 I((2^3)^a)"),
        ("I(trt == 'x')", '1 I(trt == "x")'),
        ("poly(a, 2):b", "1 poly(a, 2):b"),
        ("bs(a, df = 5)", "1 bs(a, df = 5)"),
        ("relevel(trt, ref = 'x')", '1 relevel(trt, ref = "x")'),
        ("relevel(factor(w), '2')", '1 relevel(factor(w), "2")'),
        ("`a b`:`.`", "1 `a b`:`.`"),
        ("offset(a) + b", "1 b"),
    ],
)  # fmt: skip
def test_expansion(fixed: str, expected: str) -> None:
    assert terms(fixed) == expected


def test_a_long_sum_is_no_deep_tree() -> None:
    columns = [f"x{i}" for i in range(5000)]
    assert terms(" + ".join(columns)).split() == ["1", *columns]


def test_offsets_add_up_wherever_they_are_written() -> None:
    model = parse("y ~ a + offset(log(b)) + offset(c) | g\noffset d", family="poisson")
    assert str(model.offset) == "log(b) + c + d"


@pytest.mark.parametrize("response", ["y", "log(y)", "I(y > 2)", "y > 2", "y * 2", "(-y)", "`a b`"])
def test_a_response_is_arithmetic_on_columns(response: str) -> None:
    assert str(parse(f"{response} ~ 1 | g", family="poisson").response) == response


@pytest.mark.parametrize("form", ["cbind(s, n - s)", "proportion(s, n)"])
def test_a_response_with_trials_has_two_arguments(form: str) -> None:
    model = parse(f"{form} ~ 1 | g", family="binomial")
    assert str(model.response) == form
    assert model.response.arguments[0] == Name("s")


def test_numbers_in_calls_stay_numbers() -> None:
    (_, term) = parse("y ~ poly(x, degree = 2) | g", family="poisson").fixed
    (call,) = term.factors
    assert isinstance(call, Call)
    assert str(call) == "poly(x, degree = 2)"


@pytest.mark.parametrize(
    ("fixed", "column", "message"),
    [
        ("0 + 1 + x", 9, "the intercept is both asked for and removed"),
        ("-1 + 1", 10, "the intercept is both asked for and removed"),
        ("x - x:z", 9, "there is no term x:z to remove"),
        ("-x", 6, "there is no term x to remove"),
        ("2 + x", 5, "2 is out of place"),
        ("0:x", 5, "0 is out of place"),
        ("a:-b", 7, "a sign is out of place before b"),
        ("a^b", 7, "the exponent of a formula's ^ is a whole number from 1"),
        ("a^0", 7, "the exponent of a formula's ^ is a whole number from 1"),
        ("a^1.5", 7, "the exponent of a formula's ^ is a whole number from 1"),
        ("a > 2", 5, "a comparison stands inside I(...)"),
        ("'a'", 5, '"a" is not a variable'),
        ("a:(1 | g)", 7, "a group stands alone in the sum of fixed terms"),
        ("a - (1 | g)", 9, "a group stands alone in the sum of fixed terms"),
        ("a:offset(b)", 7, "an offset stands alone in the sum of fixed terms"),
        ("y", 5, "the response y also stands right of ~"),
        ("a + x^2", 9, "x^2 is x alone: the ^ of a formula makes interactions"),
        ("(a:b)^2", 6, "(a:b)^2 is a:b alone"),
        ("lgo(x)", 5, "unknown function 'lgo'"),
        ("cbind(x, z)", 5, "cbind(...) stands only left of ~"),
        ("I(log(factor(x)))", 11, "factor(...) cannot stand in arithmetic"),
        ("I(a:b)", 7, "':' is not arithmetic"),
        ("I('a')", 7, 'the string "a" is out of place'),
        ("I('a' == 'b')", 7, 'the string "a" is out of place'),
        ("log(x, 2)", 5, "log takes at most 1 argument(s): log(x)"),
        ("log()", 5, "log lacks its argument 'x': log(x)"),
        ("log(x, base = 2)", 5, "log has no argument 'base': log(x)"),
        ("log(x, x = 2)", 5, "argument 'x' of log is given twice"),
        ("log(x = x, x = x)", 5, "argument 'x' of log is given twice"),
        ("bs(df = 3, x)", 5, "in bs(...) an argument without a name follows a named one"),
        ("poly(x)", 5, "poly lacks its argument 'degree': poly(x, degree)"),
        ("poly(x, 21)", 13, "expected a whole number from 1 to 20, not 21"),
        ("poly(x, 1.5)", 13, "expected a whole number from 1 to 20, not 1.5"),
        ("poly(x, n)", 13, "expected a whole number from 1 to 20, not n"),
        ("bs(x, df = 1e9)", 16, "expected a whole number from 1 to 50, not 1000000000"),
        ("bs(x, df = 2)", 5, "a spline of degree 3 needs df = 3 or more, not 2"),
        ("factor(log(x))", 12, "expected a column, not log(x)"),
        ("relevel(x)", 5, "relevel lacks its argument 'ref': relevel(x, ref)"),
        ("relevel(x, ref = a)", 22, "expected a level in quotes, not a"),
        ("1e999", 5, "a number is too large for double precision"),
        ("+".join(f"x{i}" for i in range(10_001)), 58895, "the formula expands to more than 10,000 terms"),
        ("(" + "+".join(f"x{i}" for i in range(60)) + ")^60", 6,
         "the formula expands to more than 10,000 terms"),
        ("*".join(f"x{i}" for i in range(60)), 5, "the formula expands to more than 10,000 terms"),
        (":".join("x" * 70), 5, "an expression is nested more than 64 deep"),
        ("(" * 65 + "x" + ")" * 65, 69, "brackets are nested more than 64 deep"),
        ("I(" + "-" * 70_000 + "x)", 5, "an expression is nested more than 64 deep"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_where_it_stands(fixed: str, column: int, message: str) -> None:
    with pytest.raises(GlmmSpecError) as caught:
        parse(f"y ~ {fixed} | g", family="poisson")
    assert caught.value.message.startswith(message)
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.column) == (1, column)
