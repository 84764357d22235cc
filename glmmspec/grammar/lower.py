"""From the syntax of a spec to its meaning: an `ir.Model`."""

from __future__ import annotations

from typing import Any

from glmmspec.errors import Source, Span, SpecError, did_you_mean_or_list, within
from glmmspec.expression import Call, Expression, Operation
from glmmspec.family import FAMILIES
from glmmspec.functions import check_arithmetic
from glmmspec.grammar.formula import FixedPart
from glmmspec.grammar.nodes import Formula, Spec, Statement
from glmmspec.grammar.random import lower_entry, lower_group
from glmmspec.grammar.statements import REPEATABLE, lower_statement
from glmmspec.ir import Model, Response


def lower(spec: Spec, family: str | None, source: Source) -> Model:
    """The model that a spec describes.

    Parameters
    ----------
    spec
        The syntax of the spec.
    family
        The family given outside the spec, if any; one given in both places must agree.
    source
        The text the spec was read from, kept on the model for its error messages.

    Raises
    ------
    SpecError
        If the spec makes no sense, with the span of what is wrong.
    """
    formula = _only_formula(spec)
    fields = _formula_fields(formula)
    for statement in _statements(spec):
        with within(statement.span):
            for field, value in lower_statement(statement):
                fields[field] = _merged(field, fields.get(field), value)
    fields["family"] = _family(fields.get("family"), family, spec)
    with within(formula.span):
        return Model(**fields, source=source)


def _only_formula(spec: Spec) -> Formula:
    formulas = [statement for statement in spec.statements if isinstance(statement, Formula)]
    if not formulas:
        raise SpecError(
            "the spec has no formula",
            hint="add one: response ~ fixed terms | random terms",
            span=Span(0, 0),
        )
    if len(formulas) > 1:
        raise SpecError(
            "a second formula", hint="a spec holds one model: remove one of them", span=formulas[1].span
        )
    return formulas[0]


def _statements(spec: Spec) -> list[Statement]:
    """Every statement but the formula, after a check that none is repeated that cannot be."""
    statements = [statement for statement in spec.statements if isinstance(statement, Statement)]
    seen: set[str] = set()
    for statement in statements:
        if statement.keyword in seen and statement.keyword not in REPEATABLE:
            raise SpecError(
                f"a second {statement.keyword} statement", hint="remove one of them", span=statement.span
            )
        seen.add(statement.keyword)
    return statements


def _merged(field: str, old: Any, new: Any) -> Any:
    """The offsets of a model add up; what a repeatable statement lists is listed on."""
    if old is None:
        return new
    return Operation("+", (old, new)) if field == "offset" else old + new


def _family(written: str | None, given: str | None, spec: Spec) -> str:
    """The family, from the spec or from outside; given in both, they must agree."""
    place = next((s.arguments[0].span for s in _statements(spec) if s.keyword == "family"), None)
    family = written or given
    if family is None:
        raise SpecError(
            "the family is missing",
            hint=f"add a line such as: family bernoulli   (known: {', '.join(FAMILIES)})",
            span=_only_formula(spec).span,
        )
    if given not in (None, family):
        raise SpecError(
            f"the spec says family {written}, but family {given} was asked for",
            hint="leave out one of them",
            span=place,
        )
    if family not in FAMILIES:
        raise SpecError(f"unknown family '{family}'", hint=did_you_mean_or_list(family, FAMILIES), span=place)
    return family


def _formula_fields(formula: Formula) -> dict[str, Any]:
    """The fields of the model that its formula gives."""
    response = _response(formula.response)
    fixed = FixedPart(formula.fixed)
    random = [term for group in fixed.groups for term in lower_group(group)]
    random += [term for entry in formula.random for term in lower_entry(entry)]
    fields: dict[str, Any] = {"response": response, "fixed": fixed.terms, "random": tuple(random)}
    for offset in fixed.offsets:
        fields["offset"] = _merged("offset", fields.get("offset"), offset)
    return fields


def _response(expression: Expression) -> Response:
    with within(expression.span):
        match expression:
            case Call("cbind" | "proportion" as form, arguments, ()):
                return Response(form, arguments)
        check_arithmetic(expression)
        return Response("column", (expression,))
