from __future__ import annotations

import pytest
from hypothesis import given, settings

from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.expression import Call, Name, Number, Operation, Text, is_plain_name
from glmmspec.grammar import parse
from glmmspec.ir import INTERCEPT, FactorColumn, FixedTerm, Levels, Model, RandomTerm, Response
from tests.strategies import arithmetic, models, names

A, B, G, X, Y = (Name(name) for name in "abgxy")


def model(**changes: object) -> Model:
    parts: dict[str, object] = {
        "response": Response("column", (Y,)),
        "family": "poisson",
        "random": (RandomTerm((G,)),),
    }
    return Model(**(parts | changes))  # type: ignore[arg-type]


@given(models())
@settings(max_examples=150, deadline=None)
def test_the_text_of_a_model_is_that_model(written: Model) -> None:
    assert parse(str(written)) == written


@given(arithmetic())
@settings(max_examples=150, deadline=None)
def test_the_text_of_an_expression_is_that_expression(expression: Name) -> None:
    read = parse(f"y ~ 1 | g\nweights {expression}", family="poisson").weights
    assert read == expression


@given(names())
@settings(deadline=None)
def test_a_name_stands_without_backticks_exactly_if_it_is_plain(name: str) -> None:
    try:
        read = parse(f"(y + 1) ~ 1 | {name}", family="poisson").random[0].factors
    except GlmmSpecError:
        read = ()
    assert (read == (Name(name),)) == is_plain_name(name)


def test_fixed_terms_are_ordered_by_degree_and_keep_the_order_of_their_variables() -> None:
    """A model made of terms as R orders them is written so that R's order is read again."""
    made = model(fixed=(FixedTerm((B, A)), FixedTerm((A,)), FixedTerm((B,)), INTERCEPT))
    assert made.fixed == (INTERCEPT, FixedTerm((A,)), FixedTerm((B,)), FixedTerm((B, A)))
    assert " ~ b:a + a + b" in made.formula


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("y ~ x + offset(log(e)) + (1 | g)", "y ~ x + offset(log(e)) + (1 | g)"),
        ("y ~ x | g\noffset log(e)", "y ~ x + offset(log(e)) | g"),
        ("y ~ 1 | g\noffset a + b", "y ~ 1 + offset(a + b) | g"),
        ("y ~ 0 + x + offset(a) + offset(b) | g", "y ~ 0 + x + offset(a + b) | g"),
        ("y ~ x | g", "y ~ x | g"),
    ],
)
def test_what_results_print_above_their_numbers(text: str, formula: str) -> None:
    made = parse(f'title "T"\n{text}\nweights w / 2', family="poisson")
    assert made.heading == ["T", f"Formula: {formula}", "Family: poisson, link: log", "Weights: w/2"]
    assert parse(f"{formula}\nweights w / 2\n", family="poisson").offset == made.offset
    assert parse(text, family="poisson").heading == made.heading[1:-1]


def test_variables_whose_order_no_text_gives_stand_by_appearance() -> None:
    made = model(fixed=(FixedTerm((A, X)), FixedTerm((B, X))))
    assert made.fixed == (FixedTerm((A, X)), FixedTerm((X, B)))


def test_a_component_is_called_as_its_term_is_written() -> None:
    assert RandomTerm((A, B)).component == "a:b"
    assert RandomTerm((G,), X, by_type=False).component == "g:x"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: model(family="gamma"), "unknown family 'gamma'"),
        (lambda: model(link="probit"), "link 'probit' is not available for family poisson"),
        (lambda: model(random=()), "the model has no random term"),
        (lambda: model(random=(RandomTerm((A, B)), RandomTerm((B, A)))),
         "the random term b:a is written twice"),
        (lambda: model(random=(RandomTerm((G,), component="U"), RandomTerm((G,), by_type=False))),
         "the random term (1 | g) is written twice"),
        (lambda: model(fixed=(FixedTerm((A, B)), FixedTerm((B, A)))), "the fixed term b:a is given twice"),
        (lambda: model(fixed=(FixedTerm((Y,)),)), "the response y also stands right of ~"),
        (lambda: model(random=(RandomTerm((Y, G)),)), "the response y also stands right of ~"),
        (lambda: Operation("+", ()), "the operator + takes two operands"),
        (lambda: Operation("<", (A,)), "the operator < takes two operands"),
        (lambda: Operation("&", (A, B)), "unknown operator '&'"),
        (lambda: model(response=Response("cbind", (Y, X))), "family poisson has no trials"),
        (lambda: model(family="binomial"), "a binomial response comes with its trials"),
        (lambda: model(levels=(Levels("z", ("1", "2")),)), "levels of 'z' has no effect"),
        (lambda: model(factors=(FactorColumn("g"), FactorColumn("g"))), "factor of 'g' is given twice"),
        (lambda: model(weights=Text("w")), 'the string "w" is out of place'),
        (lambda: FixedTerm((A, A)), "a variable appears twice"),
        (lambda: FixedTerm((Number(2),)), "2 is not a variable"),
        (lambda: FixedTerm((Operation("+", (A, B)),)), "a + b is not a variable"),
        (lambda: FixedTerm((Call("offset", (X,)),)), "an offset stands alone"),
        (lambda: RandomTerm(()), "a random term needs a grouping factor"),
        (lambda: RandomTerm((G,), X), "has no explicit multiplier"),
        (lambda: RandomTerm((Call("log", (X,)),), by_type=False), "log(x) cannot group"),
        (lambda: RandomTerm((G,), Call("factor", (X,)), by_type=False), "factor(x) is not numeric"),
        (lambda: RandomTerm((Call("bs", (X,)),)), "bs(...) cannot stand in a random term"),
        (lambda: Levels("x", ("a", "a")), "level 'a' of 'x' is listed twice"),
        (lambda: Levels("x", ("a",)), "'x' needs at least two levels"),
        (lambda: Number(float("inf")), "too large"),
        (lambda: Number(-1.0), "a negative number"),
        (lambda: Name(""), "not empty"),
    ],
)  # fmt: skip
def test_parts_that_contradict_one_another_are_refused(build: object, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build()  # type: ignore[operator]
    assert message in caught.value.message
