"""The meaning of every statement but the formula: the fields of the model that it sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glmmspec import datasets
from glmmspec.errors import SpecError, did_you_mean_or_list, within
from glmmspec.expression import Call, Expression, Name, Number, Operation, Text
from glmmspec.faults import Faults
from glmmspec.functions import check_arithmetic, check_depth
from glmmspec.grammar.nodes import Option, Statement
from glmmspec.ir import DataReference, FactorColumn, Levels
from glmmspec.options import SamplerOptions, SolverOptions, check_option
from glmmspec.prior import Distribution, Prior

REPEATABLE = ("levels", "factor", "prior")
"""Statements that may be written more than once."""

_MISSING = ("fail", "drop")


def lower_statement(statement: Statement, faults: Faults) -> Iterator[tuple[str, Any]]:
    """The fields of the model that a statement sets, with their values; wrong options go to `faults`.

    Raises
    ------
    SpecError
        If the statement makes no sense.
    """
    keyword, arguments = statement.keyword, statement.arguments
    for argument in arguments:
        if isinstance(argument, Expression):
            check_depth(argument)
    match keyword, arguments:
        case "title", (Text(title),):
            yield "title", title
        case "data", (Name() | Text() as reference,):
            yield "data", _data(reference)
        case "family", (Name(family),):
            yield "family", family
        case "levels", (Name(column), *listed):
            levels = tuple(level.value for level in listed if isinstance(level, Text))
            yield "levels", (Levels(column, levels, span=statement.span),)
        case "factor", _:
            yield (
                "factors",
                tuple(FactorColumn(n.name, span=n.span) for n in arguments if isinstance(n, Name)),
            )
        case (("weights" | "offset"), (Name() | Number() | Text() | Call() | Operation() as expression,)):
            check_arithmetic(expression)
            yield keyword, expression
        case "missing", (Name() as policy,):
            yield "missing", _missing(policy)
        case "prior", (target, distribution):
            yield "priors", (_prior(target, distribution),)
        case (("solver" | "sampler"), _):
            options = [part for part in arguments if isinstance(part, Option)]
            yield keyword, _options(keyword, options, faults)


def _data(reference: Name | Text) -> DataReference:
    if isinstance(reference, Text):
        return DataReference("file", reference.value)
    shipped = datasets.names()
    if reference.name not in shipped:
        raise SpecError(
            f"unknown data set '{reference.name}'",
            hint=f"{did_you_mean_or_list(reference.name, shipped)}; the path of a file stands in quotes",
            span=reference.span,
            code="G138",
        )
    return DataReference("shipped", reference.name)


def _missing(policy: Name) -> str:
    if policy.name not in _MISSING:
        raise SpecError(
            f"unknown way with missing values '{policy.name}'",
            hint=did_you_mean_or_list(policy.name, _MISSING),
            span=policy.span,
            code="G139",
        )
    return policy.name


def _options(keyword: str, given: list[Option], faults: Faults) -> SolverOptions | SamplerOptions:
    kind = SolverOptions if keyword == "solver" else SamplerOptions
    values: dict[str, Any] = {}
    for option in given:
        with faults.gathering(), within(option.span):
            check_option(kind, option.name, option.value)
            if option.name in values:
                raise SpecError(
                    f"{keyword} option {option.name} is given twice", hint="remove one of them", code="G142"
                )
            values[option.name] = option.value
    return kind(**values)


def _prior(target: Expression | Option, distribution: Expression | Option) -> Prior:
    kind, name = _target(target)
    return Prior(kind, name, _distribution(distribution), span=target.span)  # type: ignore[arg-type]


def _target(target: Expression | Option) -> tuple[str, str]:
    match target:
        case Name("fixed") if not _is_quoted(target):
            return "fixed", ""
        case Name(coefficient):
            return "coefficient", coefficient
        case Call("sd" | "var" as kind, (component,), ()):
            return kind, component.name if isinstance(component, Name) else str(component)
    raise SpecError(
        f"{target} is not something a prior can be put on",
        hint="write fixed, a coefficient's name (in backticks if need be), sd(component) or var(component)",
        span=target.span,
        code="G144",
    )


def _is_quoted(name: Name) -> bool:
    """True if a name stood in backticks, which are part of its span."""
    return name.span is not None and name.span.end - name.span.start > len(name.name)


def _distribution(expression: Expression | Option) -> Distribution:
    with within(expression.span):
        match expression:
            case Name(name):
                return Distribution(name)
            case Call(name, arguments, ()):
                return Distribution(name, tuple(map(_number, arguments)))
        raise SpecError(
            f"{expression} is not a distribution",
            hint="write its name and arguments in order, as in normal(0, 5)",
            code="G145",
        )


def _number(expression: Expression) -> float:
    match expression:
        case Number(value):
            return value
        case Operation("-", (Number(value),)):
            return -value
        case Operation("+", (Number(value),)):
            return value
    raise SpecError(f"expected a number, not {expression}", span=expression.span, code="G146")
