"""Evaluating the IR's expressions on a table, with NumPy only: no text is ever run as code."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.columns import Factor, Table, as_factor, listed
from glmmspec.errors import GlmmSpecError, did_you_mean_or_list
from glmmspec.expression import Call, Expression, Name, Number, Operation, Text, quoted_text
from glmmspec.functions import arguments_of


@dataclass(frozen=True, eq=False)
class Basis:
    """Several numeric columns that stand for one variable, as `poly` and `bs` make them.

    Attributes
    ----------
    columns
        The columns, each of shape (n,), by the suffix R names them with: 1, 2, ...
    """

    columns: dict[str, Float[np.ndarray, " n"]]


Numbers = Float[np.ndarray, " n"]
Logicals = Bool[np.ndarray, " n"]
Value = Numbers | Logicals | Factor | Basis
"""What an expression can be: numbers, truth values, a factor, or several columns of numbers."""

_LARGEST = 1e100
"""Of numbers to compute with, whose squares, and the squares of their reciprocals, are summed."""

_ARITHMETIC: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}

_COMPARISONS: dict[str, Callable[[Any, Any], Logicals]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_ELEMENTWISE: dict[str, Callable[[Numbers], Numbers]] = {
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}


def evaluate(expression: Expression, table: Table) -> Value:
    """The value of an expression in each row of a table.

    Raises
    ------
    DataError
        If a column does not fit its use, or a result is not finite (the first such row is named).
    """
    match expression:
        case Name():
            return table.factor(expression) if table.is_factor(expression) else table.values(expression)
        case Number():
            return np.full(len(table), expression.value)
        case Text():
            raise table.error(
                f"the text {expression} stands alone: compare it with a factor", expression, code="G105"
            )
        case Operation():
            return _operation(expression, table)
        case Call():
            return _call(expression, table)


def numbers(expression: Expression, table: Table, role: str) -> Numbers:
    """The value of an expression that has to be numeric; `role` says in an error what it is for.

    Raises
    ------
    DataError
        As `evaluate`, and if the value is not numeric.
    """
    value = evaluate(expression, table)
    if isinstance(value, np.ndarray) and value.dtype != bool:
        return value
    raise _not_numeric(f"{role} must be numeric", expression, value, table)


def check_magnitude(values: Numbers, what: str, at: Expression | None, table: Table) -> None:
    """Refuse numbers that are all so small, or some so large, that their squares cannot be computed with.

    Raises
    ------
    DataError
        Naming what they are, and the largest.
    """
    largest = float(np.abs(values).max(initial=0))
    if 1 / _LARGEST <= largest <= _LARGEST or largest == 0:
        return
    wrong = "overflow" if largest > 1 else "vanish"
    raise table.error(
        f"{what}: the largest number is {largest:.3g} in size, and squares of such numbers {wrong}",
        at,
        hint="give it in another unit, as in I(x / 1e100)",
        code="G228",
    )


def grouping(expression: Expression, table: Table) -> Factor:
    """The value of an expression as a factor, whatever its type.

    Raises
    ------
    DataError
        As `evaluate`, and if the value has several columns.
    """
    if isinstance(expression, Name):
        return table.factor(expression)
    value = evaluate(expression, table)
    if isinstance(value, Basis):
        raise table.error(f"{expression} is {_kind_of(value)}, not a factor", expression, code="G225")
    return factor_of(expression, value, table)


def factor_of(expression: Expression, value: Numbers | Logicals | Factor, table: Table) -> Factor:
    """The value of an expression as a factor: numbers and truth values get their levels from the data."""
    return value if isinstance(value, Factor) else table.encoded(expression, as_factor(value))


def _kind_of(value: Value) -> str:
    if isinstance(value, np.ndarray):
        return "true or false" if value.dtype == bool else "numeric"
    return "a factor" if isinstance(value, Factor) else "several columns"


def _operand(expression: Expression, table: Table) -> Numbers:
    """Numbers within arithmetic, where a truth value counts as 0 or 1."""
    value = evaluate(expression, table)
    if isinstance(value, np.ndarray):
        return value.astype(np.float64, copy=False)
    raise _not_numeric("arithmetic needs numbers", expression, value, table)


def _not_numeric(need: str, expression: Expression, value: Value, table: Table) -> GlmmSpecError:
    """The error for a value that should be numbers, with the way to make numbers of what it is."""
    hint = None
    if isinstance(value, Factor):
        compared = f"{expression} == {quoted_text(value.levels[0])}"
        hint = f"its levels are {listed(value.levels)}: make numbers of them, or compare, as in {compared}"
    elif isinstance(value, np.ndarray):
        hint = f"for 0 and 1, write {expression} + 0"
    return table.error(f"{need}, and {expression} is {_kind_of(value)}", expression, hint=hint, code="G204")


def _finite(values: Numbers, expression: Expression, table: Table) -> Numbers:
    """`values`, refused where arithmetic on finite numbers gave none: log(-1), 1 / 0, an overflow."""
    finite = np.isfinite(values)
    if not finite.all():
        raise table.error(
            f"{expression} is not a finite number in {table.row(np.argmin(finite))}",
            expression,
            hint="its argument has no such value there: correct the data, or the expression",
            code="G214",
        )
    return values


def _operation(expression: Operation, table: Table) -> Numbers | Logicals:
    if expression.operator in _COMPARISONS:
        return _comparison(expression, table)
    values = [_operand(operand, table) for operand in expression.operands]
    if len(values) == 1:
        return -values[0] if expression.operator == "-" else values[0]
    with np.errstate(all="ignore"):
        return _finite(_ARITHMETIC[expression.operator](*values), expression, table)


def _comparison(expression: Operation, table: Table) -> Logicals:
    compare = _COMPARISONS[expression.operator]
    left, right = expression.operands
    if isinstance(left, Text):
        left, right = right, left
    if isinstance(right, Text):
        factor = grouping(left, table)
        return compare(factor.codes, _level(factor, right, left, table))
    return compare(_operand(left, table), _operand(right, table))


def _level(factor: Factor, level: Text, of: Expression, table: Table) -> int:
    if level.value not in factor.levels:
        raise table.error(
            f"{of} has no level {level}",
            level,
            hint=did_you_mean_or_list(level.value, factor.levels),
            code="G213",
        )
    return factor.levels.index(level.value)


def _call(call: Call, table: Table) -> Value:
    arguments = arguments_of(call)
    match call.function:
        case "I":
            return evaluate(arguments["x"], table)
        case "factor":
            return grouping(arguments["x"], table)
        case "relevel":
            return _relevel(arguments["x"], arguments["ref"], table)
        case "scale" | "center" | "poly" | "bs":
            return _transform(call, arguments, table)
    with np.errstate(all="ignore"):
        return _finite(_ELEMENTWISE[call.function](_operand(arguments["x"], table)), call, table)


def _relevel(expression: Expression, reference: Expression, table: Table) -> Factor:
    """The factor with its level `reference` moved to the front."""
    factor = grouping(expression, table)
    first = _level(factor, cast(Text, reference), expression, table)
    order = [first, *(code for code in range(len(factor.levels)) if code != first)]
    return Factor(tuple(factor.levels[code] for code in order), np.argsort(order)[factor.codes])


def _check_within_knots(call: Call, values: Numbers, state: dict[str, Any], table: Table) -> None:
    low, high = state["lower_bound"], state["upper_bound"]
    outside = (values < low) | (values > high)
    if outside.any():
        first = int(np.argmax(outside))
        raise table.error(
            f"{call} is known from {low:g} to {high:g}, the range of the fit's data,"
            f" and {table.row(first)} has {values[first]:g}",
            call,
            hint="a spline says nothing outside its knots",
            code="G226",
        )


def _transform(call: Call, arguments: dict[str, Expression], table: Table) -> Numbers | Basis:
    """The transforms that depend on all rows, computed by formulaic."""
    from formulaic.transforms import TRANSFORMS

    values = _operand(arguments.pop("x"), table)
    settings = {name: int(cast(Number, value).value) for name, value in arguments.items()}
    known = str(call) in table.encoding.transforms
    if call.function == "poly" and not known and settings["degree"] >= len(np.unique(values)):
        raise table.error(
            f"{call} needs more different values than its degree",
            call,
            hint=f"there are {len(np.unique(values))}: lower the degree, or use factor(...)",
            code="G215",
        )
    state = table.encoding.transforms.setdefault(str(call), {})
    if call.function == "bs" and known:
        _check_within_knots(call, values, state, table)
    with np.errstate(all="ignore"):
        result = TRANSFORMS[call.function](values, **settings, _state=state)
    parts = list(result.values()) if isinstance(result, dict) else list(np.atleast_2d(np.transpose(result)))
    columns: list[Numbers] = [_finite(np.asarray(part), call, table) for part in parts]
    if len(columns) == 1:
        return columns[0]
    return Basis({str(number): column for number, column in enumerate(columns, start=1)})
