"""Random terms, from either notation: the `|` list and the lme4 forms among the fixed terms."""

from __future__ import annotations

from glmmspec.errors import SpecError, within
from glmmspec.expression import Expression, Number, Operation
from glmmspec.functions import check_depth
from glmmspec.grammar.formula import summands
from glmmspec.grammar.nodes import Entry
from glmmspec.ir import RandomTerm

Grouping = tuple[Expression, ...]
"""The columns whose interaction groups."""


def lower_entry(entry: Entry) -> list[RandomTerm]:
    """The random terms of one entry of the `|` list."""
    check_depth(entry.term)
    component = entry.name.name if entry.name is not None else ""
    with within(entry.term.span):
        terms = _entry_terms(_without_zero(entry.term), component)
    if component and len(terms) > 1:
        spelled = ", ".join(f"{component}{i} = {term}" for i, term in enumerate(terms, 1))
        raise SpecError(
            f"'{component}' names {len(terms)} terms at once",
            hint=f"name each, as in {spelled}",
            span=entry.term.span,
            code="G126",
        )
    return terms


def lower_group(group: Operation, component: str = "") -> list[RandomTerm]:
    """The random terms of an lme4 form, `(left | grouping)` or `(left || grouping)`."""
    check_depth(group)
    left, right = group.operands
    with within(group.span):
        multipliers = _multipliers(left, correlated=group.operator == "|", group=group)
        return [
            RandomTerm(grouping, multiplier, component, by_type=False)
            for grouping in _groupings(right)
            for multiplier in multipliers
        ]


def _entry_terms(term: Expression, component: str) -> list[RandomTerm]:
    match term:
        case Operation("|" | "||"):
            return lower_group(term, component)
        case Operation("/"):
            return [RandomTerm(g, component=component, by_type=False) for g in _groupings(term)]
        case Operation("+"):
            raise SpecError(
                "an entry of the random part is one term", hint="separate random terms by commas", code="G118"
            )
        case Operation("*", (left, right)):
            raise SpecError(
                f"{term} is several random terms",
                hint=f"list those meant: {left}, {right}, {left}:{right}",
                code="G118",
            )
    factors = _factors(term)
    for factor in factors:
        _check_not_number(factor)
    return [RandomTerm(factors, component=component)]


def _without_zero(term: Expression) -> Expression:
    """`0 + term`, as R's glmm writes a random term, is `term`."""
    match term:
        case Operation("+", (Number(0), inner)):
            return inner
    return term


def _check_not_number(factor: Expression) -> None:
    if isinstance(factor, Number):
        raise SpecError(
            f"{factor} is not a random term",
            hint="name a grouping factor, or write (1 | group) for its intercepts",
            span=factor.span,
            code="G119",
        )


def _multipliers(left: Expression, *, correlated: bool, group: Operation) -> list[Expression | None]:
    """What varies by group: None for an intercept, or the numeric expression of a slope."""
    intercept, slopes = True, []
    for sign, part in summands(left):
        if isinstance(part, Number) and part.value in (0, 1):
            intercept = (part.value == 1) == (sign == "+")
        elif sign == "-":
            raise SpecError("only the intercept can be removed from a group", span=part.span, code="G123")
        else:
            _check_not_number(part)
            slopes.append(part)
    if correlated and len(slopes) + intercept > 1:
        raise SpecError(
            "correlated random effects are not available",
            hint=f"uncorrelated: {_uncorrelated(intercept, slopes, group.operands[1])}",
            span=group.span,
            code="G122",
        )
    if not intercept and not slopes:
        raise SpecError(
            "nothing varies in this group", hint="write 1 for an intercept", span=group.span, code="G124"
        )
    return [*([None] if intercept else []), *slopes]


def _uncorrelated(intercept: bool, slopes: list[Expression], grouping: Expression) -> str:
    left = " + ".join(["0"] * (not intercept) + [str(slope) for slope in slopes])
    return f"({left} || {grouping})"


def _groupings(right: Expression) -> list[Grouping]:
    """The groupings of `a`, `a:b` or `a/b`: the last is `a` and, nested in it, `a:b`."""
    match right:
        case Operation("/", (outer, inner)):
            groupings = _groupings(outer)
            return [*groupings, *((*groupings[-1], *nested) for nested in _groupings(inner))]
        case Operation("+", (left, other)):
            raise SpecError(
                "a group has one grouping",
                hint=f"write (1 | {left}) + (1 | {other})",
                span=right.span,
                code="G125",
            )
    return [_factors(right)]


def _factors(term: Expression) -> tuple[Expression, ...]:
    """The factors of an `a:b` product, in order."""
    match term:
        case Operation(":", (left, right)):
            return (*_factors(left), *_factors(right))
        case Operation("^" | "%in%" | "-"):
            raise SpecError(
                f"{term.operator} is not available in a random term",
                hint="a random term is a column, a product a:b, nesting a/b, or I(...)",
                span=term.span,
                code="G121",
            )
    return (term,)
