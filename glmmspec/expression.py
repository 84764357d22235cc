"""Expressions: columns, numbers, strings, calls and operators, and how each is written.

Immutable, hashable and comparable; `str()` is the canonical text. Spans, which say where in a
text a part was written, take no part in equality.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from glmmspec.errors import Span, SpecError


def position() -> Span | None:
    """A field for where a part was written, which takes no part in equality."""
    return field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Name:
    """A column of the data."""

    name: str
    span: Span | None = position()

    def __post_init__(self) -> None:
        if not self.name:
            raise SpecError("a column's name is not empty", code="G158")

    def __str__(self) -> str:
        return quoted_name(self.name)


@dataclass(frozen=True)
class Number:
    """A finite number without a sign; a minus before it is an `Operation`."""

    value: float
    span: Span | None = position()

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise SpecError("a number is too large for double precision", span=self.span, code="G060")
        if self.value < 0:
            raise SpecError(
                f"a negative number is the operation - on {number_text(-self.value)}", code="G158"
            )
        object.__setattr__(self, "value", abs(float(self.value)))

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True)
class Text:
    """A quoted string."""

    value: str
    span: Span | None = position()

    def __str__(self) -> str:
        return quoted_text(self.value)


@dataclass(frozen=True)
class Keyword:
    """A named argument of a call, as `df = 4` in `bs(x, df = 4)`."""

    name: str
    value: Expression

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


@dataclass(frozen=True)
class Call:
    """A function applied to arguments; which there are, `functions.SIGNATURES` says."""

    function: str
    arguments: tuple[Expression, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    span: Span | None = position()

    def __str__(self) -> str:
        inside = ", ".join(str(part) for part in (*self.arguments, *self.keywords))
        return f"{self.function}({inside})"


@dataclass(frozen=True)
class Operation:
    """An operator between two operands, or a sign before one.

    Arithmetic and comparisons stand in the IR; the formula operators (`:`, `%in%`, `|`, `||`)
    stand only in the syntax that is lowered to it.
    """

    operator: str
    operands: tuple[Expression, ...]
    span: Span | None = position()

    def __post_init__(self) -> None:
        if self.operator not in PRECEDENCE:
            raise SpecError(f"unknown operator '{self.operator}'", span=self.span, code="G158")
        if len(self.operands) != 2 and not (len(self.operands) == 1 and self.operator in "+-"):
            raise SpecError(f"the operator {self.operator} takes two operands", span=self.span, code="G158")

    def __str__(self) -> str:
        if len(self.operands) == 1:
            return f"{self.operator}{_operand(self, 0)}"
        left, right = _operand(self, 0), _operand(self, 1)
        tight = self.operator in (":", "^", "/")
        return f"{left}{self.operator}{right}" if tight else f"{left} {self.operator} {right}"


Expression = Name | Number | Text | Call | Operation

PRECEDENCE: dict[str, int] = {
    "|": 1, "||": 1,
    "==": 2, "!=": 2, "<": 2, "<=": 2, ">": 2, ">=": 2,
    "+": 3, "-": 3,
    "*": 4, "/": 4,
    "%in%": 5,
    ":": 6,
    "^": 8,
}  # fmt: skip
"""How tightly each binary operator binds, as in R; `^` groups to the right, the others to the left."""

_SIGN_PRECEDENCE = 7


def _binding(expression: Expression) -> int:
    if not isinstance(expression, Operation):
        return 10
    return _SIGN_PRECEDENCE if len(expression.operands) == 1 else PRECEDENCE[expression.operator]


def _operand(parent: Operation, position: int) -> str:
    """The text of an operand, in parentheses where its own operator binds less tightly."""
    child = parent.operands[position]
    outer, inner = _binding(parent), _binding(child)
    groups_away = inner == outer and (position == 0) == (parent.operator == "^")
    unary = len(parent.operands) == 1
    if parent.operator == "^" and position == 1 and inner == _SIGN_PRECEDENCE:
        return str(child)
    # A comparison does not chain, and a sign is not repeated without parentheses.
    strict = unary or outer == PRECEDENCE["=="]
    needs = inner < outer or (inner == outer and strict) or (not unary and groups_away)
    return f"({child})" if needs else str(child)


_PLAIN_NAME = re.compile(r"(?:[^\W\d_]|\.[^\W\d]|\.\.)[\w.]*")


def is_plain_name(name: str) -> bool:
    """True if a name may stand without backticks.

    It starts with a letter, or with a dot and no digit after it, and goes on with letters, digits,
    `.` and `_`. A lone dot is no name: in R's formulas it means "all other columns".
    """
    return _PLAIN_NAME.fullmatch(name) is not None


def quoted_name(name: str) -> str:
    """A name as a spec writes it: in backticks unless it is plain."""
    return name if is_plain_name(name) else backticks(name)


def backticks(name: str) -> str:
    """A name in backticks, with backslash escapes."""
    return "`" + _escaped(name).replace("`", "\\`") + "`"


def quoted_text(text: str) -> str:
    """A string as a spec writes it: in double quotes, with `\\`, `"`, newline and tab escaped."""
    return '"' + _escaped(text).replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    escapes = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(escapes.get(character, character) for character in text)


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def within_term(expression: Expression) -> str:
    """An expression's text as a factor of a `:` product."""
    return f"({expression})" if isinstance(expression, Operation) else str(expression)
