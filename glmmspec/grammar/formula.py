"""R's formula algebra: from a formula's right side to its terms.

A term is a set of variables, held as the bits of an integer over the variables in order of
appearance (as R's `terms.formula` does); the empty set is the intercept. An operator is then a few
lines of set algebra, and `a:b`, `b:a` and `a:b:a` are one term.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

from glmmspec.errors import SpecError
from glmmspec.expression import Call, Expression, Number, Operation
from glmmspec.faults import Faults
from glmmspec.functions import COMPARISONS, arguments_of, check_arithmetic, check_depth, check_variable
from glmmspec.ir import INTERCEPT, FixedTerm

MAX_TERMS = 10_000
"""Most terms that a formula may expand to."""

MAX_STEPS = 20 * MAX_TERMS
"""Most terms that its operators may make on the way, counted again each time."""

Terms = list[int]


class FixedPart:
    """The fixed part of a formula, filled summand by summand; what makes no sense goes to `faults`.

    Attributes
    ----------
    groups
        The lme4 forms found among the summands, `(x | g)` and `(x || g)`, in order.
    offsets
        The arguments of `offset(...)`, in order.
    """

    def __init__(self, fixed: Expression, faults: Faults) -> None:
        self.groups: list[Operation] = []
        self.offsets: list[Expression] = []
        self._variables: list[Expression] = []
        self._bits: dict[Expression, int] = {}
        self._masks: dict[int, None] = {}
        self._intercept: bool | None = None
        self._faults = faults
        self._steps = 0
        for sign, summand in summands(fixed):
            with faults.gathering():
                check_depth(summand)
                if sign == "+":
                    self._add(summand)
                else:
                    self._remove(summand)

    @property
    def terms(self) -> tuple[FixedTerm, ...]:
        """The fixed terms, the intercept first if there is one."""
        terms = [self._term(mask) for mask in self._masks]
        return tuple(terms) if self._intercept is False else (INTERCEPT, *terms)

    def _add(self, summand: Expression) -> None:
        match summand:
            case Number(0 | 1):
                self._set_intercept(summand.value == 1, summand)
            case Operation("|" | "||"):
                self.groups.append(summand)
            case Call("offset"):
                self.offsets.append(arguments_of(summand)["x"])
            case _:
                self._add_terms(summand)

    def _add_terms(self, summand: Expression) -> None:
        masks = self._expand(summand)
        _check_size(len(self._masks) + len(masks), summand)
        if 0 in masks:
            self._set_intercept(True, summand)
        self._masks.update(dict.fromkeys(mask for mask in masks if mask))

    def _remove(self, summand: Expression) -> None:
        if isinstance(summand, Number) and summand.value in (0, 1):
            self._set_intercept(summand.value == 0, summand)
            return
        known = len(self._faults)
        masks = self._expand(summand)
        for mask in masks if len(self._faults) == known else ():
            if mask == 0:
                self._set_intercept(False, summand)
            elif mask in self._masks:
                del self._masks[mask]
            else:
                raise SpecError(
                    f"there is no term {self._term(mask)} to remove", span=summand.span, code="G112"
                )

    def _set_intercept(self, present: bool, summand: Expression) -> None:
        if self._intercept not in (None, present):
            raise SpecError(
                "the intercept is both asked for and removed",
                hint="0 or -1 removes it; without either it is there",
                span=summand.span,
                code="G113",
            )
        self._intercept = present

    def _term(self, mask: int) -> FixedTerm:
        variables = []
        while mask:
            lowest = mask & -mask
            variables.append(self._variables[lowest.bit_length() - 1])
            mask ^= lowest
        return FixedTerm(tuple(variables))

    def _expand(self, expression: Expression) -> Terms:
        """The distinct terms of an expression, in order of appearance."""
        match expression:
            case Operation(operator, (_, _)) if operator in _ALGEBRA:
                return self._counted(self._operate(expression), expression)
            case Number(1):
                return [0]
            case Number():
                raise SpecError(
                    f"{expression} is out of place: only the intercept, 0 or 1, is a number in a formula",
                    hint="0 stands alone in the sum; a multiple of a variable is written I(2 * x)",
                    span=expression.span,
                    code="G110",
                )
        return [self._bit(expression)]

    def _counted(self, terms: Terms, expression: Expression) -> Terms:
        self._steps += len(terms)
        if self._steps > MAX_STEPS:
            raise SpecError(
                f"the formula takes more than {MAX_STEPS:,} terms to expand",
                hint="write each product once",
                span=expression.span,
                code="G116",
            )
        return terms

    def _bit(self, variable: Expression) -> int:
        if variable not in self._bits:
            with self._faults.gathering():
                _check_is_variable(variable)
            self._bits[variable] = 1 << len(self._variables)
            self._variables.append(variable)
        return self._bits[variable]

    def _operate(self, whole: Operation) -> Terms:
        operator, (left, right) = whole.operator, whole.operands
        if operator == "^":
            return _power(self._expand(left), right, whole)
        a, b = self._expand(left), self._expand(right)
        if operator == "+":
            return _distinct([*a, *b], whole)
        if operator == "-":
            removed = set(b)
            return [term for term in a if term not in removed]
        if operator in ("/", "%in%"):
            nested = [_union(a) | y for y in b]
            return _distinct([*a, *nested] if operator == "/" else [x | _union(b) for x in a], whole)
        _check_size(len(a) + len(b) + len(a) * len(b), whole)
        products = [x | y for x in a for y in b]
        return _distinct([*a, *b, *products] if operator == "*" else products, whole)


_ALGEBRA = ("+", "-", "*", "/", ":", "^", "%in%")


def summands(expression: Expression) -> Iterator[tuple[str, Expression]]:
    """The parts of a sum, each with its sign, by a loop: a long sum is a deep tree.

    What is subtracted is not taken apart: `a - (b - c)` removes the terms of `b - c`.
    """
    pending = [("+", expression)]
    while pending:
        sign, part = pending.pop()
        match part:
            case Operation("+" | "-" as operator, (left, right)) if sign == "+":
                pending += [(operator, right), ("+", left)]
            case Operation("+" | "-" as operator, (operand,)) if sign == "+":
                pending.append((operator, operand))
            case _:
                yield sign, part


def _power(base: Terms, exponent: Expression, whole: Operation) -> Terms:
    """Every product of up to `exponent` distinct terms of the base."""
    if not (isinstance(exponent, Number) and exponent.value.is_integer() and exponent.value >= 1):
        raise SpecError(
            "the exponent of a formula's ^ is a whole number from 1",
            hint="for the power of a variable write I(x^2)",
            span=exponent.span,
            code="G111",
        )
    if exponent.value > 1 and len(base) == 1:
        raise SpecError(
            f"{whole} is {whole.operands[0]} alone: the ^ of a formula makes interactions",
            hint="for the power of a variable write I(x^2)",
            span=whole.span,
            code="G111",
        )
    degree = int(min(exponent.value, len(base)))
    _check_size(sum(comb(len(base), k) for k in range(1, degree + 1)), whole)
    return _distinct([_union(c) for k in range(1, degree + 1) for c in combinations(base, k)], whole)


def _union(terms: tuple[int, ...] | Terms) -> int:
    union = 0
    for term in terms:
        union |= term
    return union


def _distinct(terms: Terms, whole: Expression) -> Terms:
    _check_size(len(terms), whole)
    return list(dict.fromkeys(terms))


def _check_size(count: int, expression: Expression) -> None:
    if count > MAX_TERMS:
        raise SpecError(
            f"the formula expands to more than {MAX_TERMS:,} terms", span=expression.span, code="G116"
        )


def _check_is_variable(expression: Expression) -> None:
    match expression:
        case Operation("|" | "||"):
            raise SpecError(
                "a group stands alone in the sum of fixed terms",
                hint="as in y ~ x + (1 | group)",
                span=expression.span,
                code="G115",
            )
        case Operation(operator) if operator in COMPARISONS:
            check_arithmetic(expression)
            raise SpecError(
                "a comparison stands inside I(...)",
                hint=f"write I({expression})",
                span=expression.span,
                code="G106",
            )
        case Operation(sign, (operand,)):
            raise SpecError(
                f"a sign is out of place before {operand}",
                hint=f"to remove the term write ... - {operand}; to negate it, I({sign}{operand})",
                span=expression.span,
                code="G109",
            )
    check_variable(expression)
