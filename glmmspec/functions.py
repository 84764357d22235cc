"""What an expression may hold: arithmetic, and a closed set of functions with their arguments.

Every expression of a `Model` passes these checks when the model is made, whether it came from a
spec, from JSON or from Python. Sizes are bounded here, so that no spec asks for a matrix of a
million columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.expression import Call, Expression, Name, Number, Operation, Text

MAX_DEPTH = 64
"""Deepest nesting of an expression."""

ELEMENTWISE = ("I", "log", "log1p", "log2", "log10", "exp", "sqrt", "abs", "scale", "center")
"""Functions of one numeric argument whose value is one column."""

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_UNQUOTED = "a column's name stands without quotes, or in backticks"
_ARITHMETIC = ("+", "-", "*", "/", "^", *COMPARISONS)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function, and the check its argument must pass."""

    name: str
    check: Callable[[Expression], None]
    required: bool = True


def check_depth(expression: Expression) -> None:
    """Refuse an expression nested more deeply than `MAX_DEPTH`."""
    pending = [(expression, 1)]
    while pending:
        part, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise SpecError(
                f"an expression is nested more than {MAX_DEPTH} deep",
                hint="every operator in it nests once more: take a long sum in brackets apart",
                span=expression.span,
                code="G117",
            )
        pending.extend((child, depth + 1) for child in children(part))


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside another."""
    match expression:
        case Call(_, arguments, keywords):
            return (*arguments, *(keyword.value for keyword in keywords))
        case Operation(_, operands):
            return operands
    return ()


def names(expression: Expression) -> list[Name]:
    """The columns in an expression, as they stand in it."""
    if isinstance(expression, Name):
        return [expression]
    return [name for child in children(expression) for name in names(child)]


def check_arithmetic(expression: Expression) -> None:
    """Refuse what is not arithmetic or comparison on columns and numbers.

    Raises
    ------
    SpecError
        Naming the part that is out of place.
    """
    check_depth(expression)
    _arithmetic(expression)


def check_variable(expression: Expression) -> None:
    """Refuse what cannot stand as one variable of a formula: only a column or a call can."""
    check_depth(expression)
    match expression:
        case Name():
            return
        case Call("offset"):
            raise SpecError(
                "an offset stands alone in the sum of fixed terms",
                hint="as in y ~ x + offset(log(exposure)) | group",
                span=expression.span,
                code="G114",
            )
        case Call():
            arguments_of(expression)
        case Text():
            raise SpecError(
                f"{expression} is not a variable", hint=_UNQUOTED, span=expression.span, code="G104"
            )
        case _:
            raise SpecError(
                f"{expression} is not a variable",
                hint="put arithmetic inside I(...), where a product is written x * z",
                span=expression.span,
                code="G104",
            )


def check_single_column(expression: Expression) -> None:
    """Refuse what is not a variable of one column: `poly` and `bs` make several."""
    check_variable(expression)
    if isinstance(expression, Call) and expression.function not in (*ELEMENTWISE, "factor"):
        raise SpecError(
            f"{expression.function}(...) cannot stand in a random term",
            hint="a column, I(...) or a function such as log(...) can",
            span=expression.span,
            code="G121",
        )


def check_grouping(expression: Expression) -> None:
    """Refuse what is not a column: only columns group."""
    if not isinstance(expression, Name):
        raise SpecError(
            f"{expression} cannot group",
            hint="columns group, alone or as a:b or a/b; each is taken as a factor",
            span=expression.span,
            code="G120",
        )


def check_slope(expression: Expression) -> None:
    """Refuse what cannot be a random slope: a numeric variable of one column can."""
    check_single_column(expression)
    if isinstance(expression, Call) and expression.function == "factor":
        raise SpecError(f"{expression} is not numeric, as a slope must be", span=expression.span, code="G155")


def arguments_of(call: Call) -> dict[str, Expression]:
    """The arguments of a call by parameter name, each checked.

    Raises
    ------
    SpecError
        If the function is unknown, or its arguments are too many, missing, repeated or of the
        wrong kind.
    """
    if call.function == "I" and call.keywords:
        raise SpecError("= compares nothing", hint="write == to compare", span=call.span, code="G018")
    parameters = _parameters(call)
    usage = f"{call.function}({', '.join(_usage(p) for p in parameters)})"
    if len(call.arguments) > len(parameters):
        raise SpecError(
            f"{call.function} takes at most {len(parameters)} argument(s): {usage}",
            span=call.span,
            code="G102",
        )
    bound = dict(zip((p.name for p in parameters), call.arguments, strict=False))
    for keyword in call.keywords:
        if keyword.name not in [p.name for p in parameters]:
            raise SpecError(
                f"{call.function} has no argument '{keyword.name}': {usage}", span=call.span, code="G102"
            )
        if keyword.name in bound:
            raise SpecError(
                f"argument '{keyword.name}' of {call.function} is given twice", span=call.span, code="G102"
            )
        bound[keyword.name] = keyword.value
    for parameter in parameters:
        if parameter.name in bound:
            parameter.check(bound[parameter.name])
        elif parameter.required:
            raise SpecError(
                f"{call.function} lacks its argument '{parameter.name}': {usage}", span=call.span, code="G102"
            )
    _check_spline(call, bound)
    return bound


def _parameters(call: Call) -> tuple[Parameter, ...]:
    if call.function in ("cbind", "proportion"):
        raise SpecError(f"{call.function}(...) stands only left of ~", span=call.span, code="G107")
    if call.function not in SIGNATURES:
        raise SpecError(
            f"unknown function '{call.function}'",
            hint=did_you_mean_or_list(call.function, SIGNATURES),
            span=call.span,
            code="G101",
        )
    return SIGNATURES[call.function]


def _usage(parameter: Parameter) -> str:
    return parameter.name if parameter.required else f"{parameter.name} = ..."


def _check_spline(call: Call, bound: dict[str, Expression]) -> None:
    df, degree = bound.get("df"), bound.get("degree", Number(3))
    if isinstance(df, Number) and isinstance(degree, Number) and df.value < degree.value:
        raise SpecError(
            f"a spline of degree {degree} needs df = {degree} or more, not {df}", span=call.span, code="G103"
        )


def _arithmetic(expression: Expression) -> None:
    match expression:
        case Text():
            raise SpecError(
                f"the string {expression} is out of place",
                hint=f"{_UNQUOTED}; a level in a comparison with == or !=, as in I(trt == 'drug')",
                span=expression.span,
                code="G105",
            )
        case Call(function) if function not in ELEMENTWISE and function in SIGNATURES:
            raise SpecError(f"{function}(...) cannot stand in arithmetic", span=expression.span, code="G108")
        case Call():
            arguments_of(expression)
        case Operation(operator, operands):
            _operation(expression, operator, operands)


def _operation(expression: Expression, operator: str, operands: tuple[Expression, ...]) -> None:
    if operator not in _ARITHMETIC:
        raise SpecError(f"'{operator}' is not arithmetic", span=expression.span, code="G156")
    compared_with_text = operator in ("==", "!=") and sum(isinstance(o, Text) for o in operands) == 1
    for operand in operands:
        if not (compared_with_text and isinstance(operand, Text)):
            _arithmetic(operand)


def _column(expression: Expression) -> None:
    if not isinstance(expression, Name):
        raise SpecError(f"expected a column, not {expression}", span=expression.span, code="G103")


def _column_or_factor(expression: Expression) -> None:
    if isinstance(expression, Call) and expression.function == "factor":
        arguments_of(expression)
    else:
        _column(expression)


def _level(expression: Expression) -> None:
    if not isinstance(expression, Text):
        raise SpecError(
            f"expected a level in quotes, not {expression}",
            hint='as in relevel(trt, ref = "drug")',
            span=expression.span,
            code="G103",
        )


def _whole(high: int) -> Callable[[Expression], None]:
    def check(expression: Expression) -> None:
        whole = isinstance(expression, Number) and expression.value.is_integer()
        if not (whole and isinstance(expression, Number) and 1 <= expression.value <= high):
            raise SpecError(
                f"expected a whole number from 1 to {high}, not {expression}",
                span=expression.span,
                code="G103",
            )

    return check


_X = Parameter("x", _arithmetic)

SIGNATURES: dict[str, tuple[Parameter, ...]] = {
    **dict.fromkeys(ELEMENTWISE, (_X,)),
    "poly": (_X, Parameter("degree", _whole(20))),
    "bs": (_X, Parameter("df", _whole(50), required=False), Parameter("degree", _whole(10), required=False)),
    "factor": (Parameter("x", _column),),
    "relevel": (Parameter("x", _column_or_factor), Parameter("ref", _level)),
    "offset": (_X,),
}
"""Every function a formula may call, and its parameters in order."""
