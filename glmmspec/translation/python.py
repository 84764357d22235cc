"""Expressions as Python code on the columns of a data frame called `data`.

Numbers are computed in double precision, as a spec means them: pandas would add truth values as
"or", and has no negative power of whole numbers.
"""

from __future__ import annotations

from glmmspec.errors import SpecError
from glmmspec.expression import Call, Expression, Name, Number, Operation, Text, number_text, quoted_text
from glmmspec.functions import COMPARISONS, arguments_of
from glmmspec.translation.bound import Bound

HELPERS = {
    "poly": ("from formulae.transforms import Polynomial",),
    "bs": ("from formulae.transforms import BSpline",),
    "center": ("", "def center(x):", "    return x - x.mean()"),
    "scale": ("", "def scale(x):", "    return (x - x.mean()) / x.std()"),
    "relevel": (
        "",
        "def relevel(x, ref):",
        "    levels = pd.Categorical(x, ordered=True).categories",
        "    return pd.Categorical(x, [ref, *levels.drop(ref)], ordered=True)",
    ),
}
"""What the values below call, by the function of the spec that needs it."""

_CUBIC = Number(3)


def literal(value: str | float | bool) -> str:
    """A string, a number or a truth value."""
    if isinstance(value, str):
        return quoted_text(value)
    return str(value) if isinstance(value, bool) else number_text(value)


def column(name: str) -> str:
    """A column of the data."""
    return f"data[{quoted_text(name)}]"


def variable(expression: Expression, bound: Bound) -> str:
    """A variable of a formula: numbers, or categories in the order of the levels."""
    if isinstance(expression, Call) and expression.function in ("factor", "relevel"):
        arguments = arguments_of(expression)
        name = _name(arguments["x"])
        if expression.function == "factor":
            return f"pd.Categorical({column(name)}, ordered=True)"
        reference = arguments["ref"]
        assert isinstance(reference, Text)
        return f"relevel({column(name)}, {literal(bound.value(name, reference.value))})"
    if isinstance(expression, Call) and n_columns(expression) is not None:
        return _basis(expression, bound)
    if is_logical(expression, bound):
        return f"pd.Categorical({_logical(expression, bound)}, [False, True], ordered=True)"
    return column(expression.name) if isinstance(expression, Name) else numbers(expression, bound)


def numbers(expression: Expression, bound: Bound) -> str:
    """An expression as numbers; a truth value is 0 or 1."""
    match expression:
        case Name(name):
            return f"{column(name)}.astype(float)"
        case Number(value):
            return repr(value)
        case Operation(operator) if operator in COMPARISONS:
            return f"(1.0 * {_logical(expression, bound)})"
        case Operation(operator, (operand,)):
            return f"({operator}{numbers(operand, bound)})"
        case Operation(operator, (left, right)):
            symbol = "**" if operator == "^" else operator
            return f"({numbers(left, bound)} {symbol} {numbers(right, bound)})"
        case Call(function):
            x = numbers(arguments_of(expression)["x"], bound)
            if function == "I":
                return x
            return f"{function}({x})" if function in ("center", "scale") else f"np.{function}({x})"
    raise AssertionError(f"{expression} is not arithmetic")


def n_columns(expression: Expression) -> int | None:
    """The number of columns of `poly` and `bs`, None for what is one variable."""
    if not isinstance(expression, Call) or expression.function not in ("poly", "bs"):
        return None
    arguments = arguments_of(expression)
    size = arguments.get("df", arguments.get("degree", _CUBIC))
    assert isinstance(size, Number)
    return int(size.value)


def _basis(call: Call, bound: Bound) -> str:
    """The columns of `poly` or `bs`: by formulae, whose own columns of them Bambi 0.17 gives no prior."""
    arguments = arguments_of(call)
    x = numbers(arguments["x"], bound)
    if call.function == "poly":
        return f"Polynomial()({x}, degree={n_columns(call)})"
    return f"BSpline()({x}, df={n_columns(call)}, degree={arguments.get('degree', _CUBIC)})"


def is_logical(expression: Expression, bound: Bound) -> bool:
    """True for a comparison, and for a column of truth values."""
    match expression:
        case Name(name):
            return bound.kinds.get(name) == "logical" and name not in bound.levels
        case Call("I"):
            return is_logical(arguments_of(expression)["x"], bound)
        case Operation(operator):
            return operator in COMPARISONS
    return False


def _logical(expression: Expression, bound: Bound) -> str:
    match expression:
        case Name(name):
            return column(name)
        case Call("I"):
            return _logical(arguments_of(expression)["x"], bound)
        case Operation(operator, (Text() as level, other) | (other, Text() as level)):
            return _compared_with_level(other, operator, level.value, bound)
        case Operation(operator, (left, right)):
            return f"({numbers(left, bound)} {operator} {numbers(right, bound)})"
    raise AssertionError(f"{expression} is not a truth value")


def _compared_with_level(of: Expression, operator: str, level: str, bound: Bound) -> str:
    """A column compared with a level of it; any other expression is of numbers, and so is its level."""
    if isinstance(of, Name):
        return f"({column(of.name)} {operator} {literal(bound.value(of.name, level))})"
    try:
        return f"({numbers(of, bound)} {operator} {float(level)!r})"
    except ValueError:
        raise SpecError(f"{of} is a number, and '{level}' is none", span=of.span) from None


def _name(expression: Expression) -> str:
    """The column that `factor(...)` makes a factor of."""
    column = arguments_of(expression)["x"] if isinstance(expression, Call) else expression
    assert isinstance(column, Name)
    return column.name
