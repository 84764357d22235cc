"""From the syntax of a spec to its meaning: an `ir.Model`."""

from __future__ import annotations

from typing import Any

from glmmspec.errors import Source, Span, SpecError, did_you_mean_or_list, within
from glmmspec.expression import Call, Expression, Operation
from glmmspec.family import FAMILIES
from glmmspec.faults import Faults
from glmmspec.functions import check_arithmetic
from glmmspec.grammar.formula import FixedPart
from glmmspec.grammar.nodes import Formula, Spec, Statement
from glmmspec.grammar.random import lower_entry, lower_group
from glmmspec.grammar.statements import REPEATABLE, lower_statement
from glmmspec.ir import Model, RandomTerm, Response


def lower(spec: Spec, family: str | None, source: Source, faults: Faults) -> Model | None:
    """The model that a spec describes, or None if it describes none.

    Parameters
    ----------
    spec
        The syntax of the spec.
    family
        The family given outside the spec, if any; one given in both places must agree.
    source
        The text the spec was read from, kept on the model for its error messages.
    faults
        Gets what makes no sense, each with the span of what is wrong.
    """
    end = len(source.text.rstrip())
    formula = _only_formula(spec, end, faults)
    of_formula = None if formula is None else _formula_fields(formula, faults)
    fields = dict(of_formula or {})
    for statement in _statements(spec, faults):
        with faults.gathering(), within(statement.span):
            for field, value in lower_statement(statement, faults):
                fields[field] = _merged(field, fields.get(field), value)
    if _may_use_more_columns(spec, fields):
        fields |= {"levels": (), "factors": ()}
    fields["family"] = _family(fields.get("family"), family, spec, end, faults)
    if formula is None or of_formula is None:
        return None
    # What depends on the family is not looked at where there is none.
    fields["family"] = fields["family"] or ("binomial" if fields["response"].form != "column" else "poisson")
    models: list[Model] = []
    with faults.gathering(), within(formula.span):
        models.append(Model(**fields, source=source))
    return next(iter(models), None)


def _may_use_more_columns(spec: Spec, fields: dict[str, Any]) -> bool:
    """True if weights or an offset were not understood: a column that is declared may be for them."""
    written = {statement.keyword for statement in spec.statements if isinstance(statement, Statement)}
    return any(
        spec.may_have_had(keyword) or (keyword in written and keyword not in fields)
        for keyword in ("weights", "offset")
    )


def _only_formula(spec: Spec, end: int, faults: Faults) -> Formula | None:
    """The formula of a spec whose text ends at `end`."""
    formulas = [statement for statement in spec.statements if isinstance(statement, Formula)]
    if not formulas and not spec.may_have_had("formula"):
        faults.add(
            SpecError(
                "the spec has no formula",
                hint="add one: response ~ fixed terms | random terms",
                span=Span(end, end),
                code="G132",
            )
        )
    for second in formulas[1:]:
        faults.add(
            SpecError(
                "a second formula",
                hint="a spec holds one model: remove one of them",
                span=second.span,
                code="G133",
            )
        )
    return formulas[0] if formulas else None


def _statements(spec: Spec, faults: Faults) -> list[Statement]:
    """Every statement but the formula, without those that cannot be repeated and are."""
    kept: list[Statement] = []
    seen: set[str] = set()
    for statement in (statement for statement in spec.statements if isinstance(statement, Statement)):
        if statement.keyword in seen and statement.keyword not in REPEATABLE:
            faults.add(
                SpecError(
                    f"a second {statement.keyword} statement",
                    hint="remove one of them",
                    span=statement.span,
                    code="G134",
                )
            )
        else:
            kept.append(statement)
        seen.add(statement.keyword)
    return kept


def _merged(field: str, old: Any, new: Any) -> Any:
    """The offsets of a model add up; what a repeatable statement lists is listed on."""
    if old is None:
        return new
    return Operation("+", (old, new)) if field == "offset" else old + new


def _family(written: str | None, given: str | None, spec: Spec, end: int, faults: Faults) -> str | None:
    """The family, from the spec or from outside (given in both, they must agree); None if there is none."""
    place = next(
        (statement.span for statement in spec.statements if isinstance(statement, Formula)), Span(end, end)
    )
    for statement in spec.statements:
        if isinstance(statement, Statement) and statement.keyword == "family":
            place = statement.arguments[0].span
            break
    family = written or given
    if family is None:
        if not spec.may_have_had("family"):
            known = ", ".join(FAMILIES)
            hint = (
                f"add a line such as: family bernoulli   (known: {known}); or give family= in Python,"
                " --family at the command line"
            )
            faults.add(SpecError("the family is missing", hint=hint, span=place, code="G135"))
    elif given not in (None, family):
        said = f"the spec says family {written}, but family {given} was asked for"
        faults.add(SpecError(said, hint="leave out one of them", span=place, code="G136"))
    elif family not in FAMILIES:
        hint = did_you_mean_or_list(family, FAMILIES)
        faults.add(
            SpecError(f"unknown family '{family}'", hint=hint, span=place if written else None, code="G136")
        )
    else:
        return family
    return None


def _formula_fields(formula: Formula, faults: Faults) -> dict[str, Any] | None:
    """The fields of the model that its formula gives, or None if something in it makes no sense."""
    before = len(faults)
    fields: dict[str, Any] = {}
    with faults.gathering():
        fields["response"] = _response(formula.response)
    fixed = FixedPart(formula.fixed, faults)
    random: list[RandomTerm] = []
    for group in fixed.groups:
        with faults.gathering():
            random += lower_group(group)
    for entry in formula.random:
        with faults.gathering():
            random += lower_entry(entry)
    if len(faults) > before:
        return None
    fields |= {"fixed": fixed.terms, "random": tuple(random)}
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
