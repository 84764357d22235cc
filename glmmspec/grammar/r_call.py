"""The model of a call to R's glmm, from the formulas and names among its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from glmmspec.errors import GlmmSpecError, Source, SpecError
from glmmspec.expression import Expression, Number, Operation, quoted_name
from glmmspec.grammar import parse
from glmmspec.grammar.formula import summands
from glmmspec.grammar.nodes import Formula
from glmmspec.grammar.parser import parse_spec
from glmmspec.ir import Model


def model_of_call(
    fixed: str,
    random: str | Sequence[str],
    varcomps_names: str | Sequence[str],
    varcomps_equal: Sequence[int] | None,
    family: str,
    weights: str | None = None,
) -> Model:
    """The model of the call: what our formula `fixed | name = term, ...` says.

    Raises
    ------
    SpecSyntaxError, SpecError
        As `glmm`.
    """
    response = str(_formula("fixed", fixed).response)
    written = [random] if isinstance(random, str) else list(random)
    if not written:
        raise SpecError("random is empty", hint='name a grouping factor, as in "~ 0 + group"')
    terms = [_term(f"random {i}", text, response) for i, text in enumerate(written, 1)]
    components = _components(len(terms), varcomps_names, varcomps_equal)
    entries = (f"{quoted_name(name)} = {term}" for name, term in zip(components, terms, strict=True))
    # The bar opens a line, so that a comment may end the one before.
    text = f"{fixed}\n| {', '.join(entries)}" + (f"\nweights {weights}" if weights is not None else "")
    model = parse(text, family=str(family).removesuffix(".glmm"), name="<glmm>")
    if len(model.random) != len(terms):
        raise SpecError("a random term stands among the fixed ones", hint="list it in random")
    return model


def _formula(argument: str, text: str) -> Formula:
    """The one formula that an argument holds, with no random part of its own."""
    source = Source(f"<{argument}>", text)
    try:
        statements = parse_spec(text).statements
    except GlmmSpecError as error:
        error.locate(source)
        raise
    match statements:
        case (Formula(random=()) as formula,):
            return formula
    raise SpecError(
        f"{argument} = {text.strip()!r} is not a formula alone",
        hint='as in fixed="y ~ x", random=["~ 0 + group"]',
    )


def _term(argument: str, text: str, response: str) -> Expression:
    """The term of a random formula `~ 0 + term`; a response before the ~ must be that of the model."""
    left, _, right = text.rpartition("~")
    formula = _formula(argument, f"{left.strip() or response} ~ {right.strip()}")
    if str(formula.response) != response:
        raise SpecError(f"{argument} has another response than fixed: {formula.response}")
    parts = list(summands(formula.fixed))
    centred = ("+", 0) in _numbers(parts) or ("-", 1) in _numbers(parts)
    terms = [part for _, part in parts if not isinstance(part, Number)]
    if len(terms) != 1 or not _is_product(terms[0]):
        raise SpecError(
            f"{argument} = {text.strip()!r} is not one term",
            hint='write a formula for each, as in ["~ 0 + a", "~ 0 + a:b"]; those of one variance'
            " have one number in varcomps_equal",
        )
    if not centred:
        raise SpecError(
            f"{argument} = {text.strip()!r} keeps its intercept, and R would fit another model:"
            f" an effect for the first level of {terms[0]} in every row, contrasts with it for the others",
            hint=f'write "~ 0 + {terms[0]}"',
        )
    return terms[0]


def _is_product(term: Expression) -> bool:
    """Whether a term is a column, a call, or a product of such, `a:b`."""
    if not isinstance(term, Operation):
        return True
    return term.operator == ":" and all(map(_is_product, term.operands))


def _numbers(parts: list[tuple[str, Expression]]) -> list[tuple[str, float]]:
    return [(sign, part.value) for sign, part in parts if isinstance(part, Number)]


def _components(count: int, names: str | Sequence[str], equal: Sequence[int] | None) -> list[str]:
    """The name of each random formula's variance component."""
    known = [names] if isinstance(names, str) else list(names)
    numbers = list(range(1, count + 1)) if equal is None else list(equal)
    if len(numbers) != count:
        raise SpecError(
            f"varcomps_equal has {len(numbers)} number(s) for {count} random formula(s)",
            hint="one for each: those of one variance have the same",
        )
    order = list(dict.fromkeys(numbers))
    if order != list(range(1, len(order) + 1)):
        raise SpecError(
            f"varcomps_equal = {numbers} does not number the variance components from 1, in order",
            hint="each number is one met before, or the next",
        )
    if len(known) != len(order):
        raise SpecError(
            f"varcomps_names has {len(known)} name(s) for {len(order)} variance component(s)",
            hint="one for each number in varcomps_equal; without it, for each random formula",
        )
    if len(set(known)) != len(known):
        raise SpecError(
            f"varcomps_names = {known} has a name twice", hint="one variance is said by varcomps_equal"
        )
    return [known[int(k) - 1] for k in numbers]
