"""Evaluating the IR's expressions on a table, with NumPy only: no text is ever run as code."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.columns import Factor, Table, as_factor
from glmmspec.errors import GlmmSpecError, SpecError, did_you_mean_or_list
from glmmspec.expression import FUNCTIONS, Call, Expression, Name, Number, Operation, Text


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

_KEYWORDS: dict[str, tuple[str, ...]] = {
    "poly": ("degree", "raw"),
    "bs": ("df", "degree"),
    "relevel": ("ref",),
}
"""The arguments after the first, of the functions that take any, in R's order."""


def evaluate(expression: Expression, table: Table) -> Value:
    """The value of an expression in each row of a table.

    Raises
    ------
    DataError
        If a column does not fit its use, or a result is not finite (the first such row is named).
    SpecError
        If a call's arguments are not what its function takes.
    """
    match expression:
        case Name():
            return table.factor(expression) if table.is_factor(expression) else table.values(expression)
        case Number():
            return np.full(len(table), expression.value)
        case Text():
            raise table.error(f"the text {expression} can only be compared with a factor", expression)
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
    held = {Factor: "a factor", Basis: "several columns"}.get(type(value), "true or false")
    raise table.error(f"{role} must be numeric, and {expression} is {held}", expression)


def grouping(expression: Expression, table: Table) -> Factor:
    """The value of an expression as a factor, whatever its type.

    Raises
    ------
    DataError
        As `evaluate`, and if the expression has several columns.
    """
    if isinstance(expression, Name):
        return table.factor(expression)
    value = evaluate(expression, table)
    if isinstance(value, Basis):
        raise table.error(f"{expression} has several columns and cannot be a factor", expression)
    return value if isinstance(value, Factor) else as_factor(value)


def _operand(expression: Expression, table: Table) -> Numbers:
    """Numbers within arithmetic, where a truth value counts as 0 or 1."""
    value = evaluate(expression, table)
    if isinstance(value, np.ndarray):
        return value.astype(np.float64, copy=False)
    held = "a factor" if isinstance(value, Factor) else "several columns"
    raise table.error(f"arithmetic needs numbers, and {expression} is {held}", expression)


def _finite(values: Numbers, expression: Expression, table: Table) -> Numbers:
    """`values`, refused where arithmetic on finite numbers gave none: log(-1), 1 / 0, an overflow."""
    finite = np.isfinite(values)
    if not finite.all():
        raise table.error(
            f"{expression} is not a finite number in {table.row(np.argmin(finite))}", expression
        )
    return values


def _operation(expression: Operation, table: Table) -> Value:
    symbol, operands = expression.operator, expression.operands
    if symbol in _COMPARISONS:
        return _comparison(expression, table)
    if len(operands) == 1 and symbol in ("-", "+"):
        value = _operand(operands[0], table)
        return -value if symbol == "-" else value
    if symbol not in _ARITHMETIC:
        raise _misuse(f"'{symbol}' cannot stand within an expression", expression, table)
    left, right = (_operand(operand, table) for operand in operands)
    with np.errstate(all="ignore"):
        return _finite(_ARITHMETIC[symbol](left, right), expression, table)


def _comparison(expression: Operation, table: Table) -> Logicals:
    compare = _COMPARISONS[expression.operator]
    left, right = expression.operands
    if isinstance(left, Text):
        left, right = right, left
    if not isinstance(right, Text):
        return compare(*(_operand(operand, table) for operand in expression.operands))
    factor = grouping(left, table)
    if expression.operator not in ("==", "!="):
        raise table.error("levels of a factor can only be compared with == and !=", expression)
    return compare(factor.codes, _level(factor, right, left, table))


def _level(factor: Factor, level: Text, of: Expression, table: Table) -> int:
    if level.value not in factor.levels:
        raise table.error(
            f"{of} has no level {level}", level, hint=did_you_mean_or_list(level.value, factor.levels)
        )
    return factor.levels.index(level.value)


def _call(call: Call, table: Table) -> Value:
    if call.function not in FUNCTIONS or call.function == "offset":
        raise _misuse(f"{call.function}() cannot stand here", call, table)
    options = _options(call, table)
    argument = call.arguments[0]
    match call.function:
        case "I":
            return evaluate(argument, table)
        case "factor":
            return grouping(argument, table)
        case "relevel":
            return _relevel(call, options, table)
        case "scale" | "center" | "poly" | "bs":
            return _transform(call, options, table)
    with np.errstate(all="ignore"):
        return _finite(_ELEMENTWISE[call.function](_operand(argument, table)), call, table)


def _options(call: Call, table: Table) -> dict[str, Expression]:
    """The arguments after the first, by name."""
    known = _KEYWORDS.get(call.function, ())
    if not call.arguments or len(call.arguments) > 1 + len(known):
        most = f" and then at most {', '.join(known)}" if known else ""
        raise _misuse(f"{call.function}() takes one variable{most}", call, table)
    options = dict(zip(known, call.arguments[1:], strict=False))
    for keyword in call.keywords:
        if keyword.name not in known or keyword.name in options:
            what = "is given twice" if keyword.name in options else "is unknown"
            hint = did_you_mean_or_list(keyword.name, known) if known else "it takes none"
            raise _misuse(f"argument '{keyword.name}' of {call.function}() {what}", call, table, hint=hint)
        options[keyword.name] = keyword.value
    return options


def _relevel(call: Call, options: dict[str, Expression], table: Table) -> Factor:
    """The factor with the level `ref` moved to the front."""
    factor = grouping(call.arguments[0], table)
    match options.get("ref"):
        case Text() as text:
            reference = _level(factor, text, call.arguments[0], table)
        case Number() | Name() as plain:
            text = Text(str(plain), span=plain.span)
            reference = _level(factor, text, call.arguments[0], table)
        case _:
            raise _misuse("relevel() needs the reference level", call, table, hint='write ref = "level"')
    order = [reference, *(i for i in range(len(factor.levels)) if i != reference)]
    return Factor(tuple(factor.levels[i] for i in order), np.argsort(order)[factor.codes])


def _transform(call: Call, options: dict[str, Expression], table: Table) -> Numbers | Basis:
    from formulaic.transforms import TRANSFORMS

    values = _operand(call.arguments[0], table)
    settings = {name: _setting(call, name, value, table) for name, value in options.items()}
    if call.function == "poly" and settings.get("degree", 1) >= len(np.unique(values)):
        raise table.error(f"the degree of {call} is not below the number of different values", call)
    state = table.transform_states.setdefault(str(call), {})
    try:
        with np.errstate(all="ignore"):
            result = TRANSFORMS[call.function](values, **settings, _state=state)
    except ValueError as error:
        raise _misuse(f"{call}: {error}", call, table) from error
    if call.function in ("scale", "center"):
        return _finite(result, call, table)
    return _basis(result, call, table)


def _basis(result: Any, call: Call, table: Table) -> Numbers | Basis:
    """The columns of `poly` (a matrix) or `bs` (a mapping), numbered from 1; a single one as numbers."""
    columns = list(result.values()) if isinstance(result, dict) else list(np.asarray(result).T)
    for column in columns:
        _finite(column, call, table)
    if len(columns) == 1:
        return cast(Numbers, columns[0])
    return Basis({str(number): column for number, column in enumerate(columns, start=1)})


def _setting(call: Call, name: str, value: Expression, table: Table) -> int | bool:
    """A degree, a number of degrees of freedom, or TRUE or FALSE."""
    if name == "raw" and isinstance(value, Name) and value.name in ("TRUE", "FALSE"):
        return value.name == "TRUE"
    if name != "raw" and isinstance(value, Number) and value.value.is_integer() and value.value >= 1:
        return int(value.value)
    expected = "TRUE or FALSE" if name == "raw" else "a whole number from 1 up"
    raise _misuse(f"{name} of {call.function}() must be {expected}, not {value}", call, table)


def _misuse(message: str, at: Expression, table: Table, *, hint: str | None = None) -> GlmmSpecError:
    """An error in the spec itself, whatever the data."""
    return table.model.error(message, span=at.span, hint=hint, kind=SpecError)
