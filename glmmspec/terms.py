"""The parts of a model that a formula and the statements about columns give.

Like all of the IR they are immutable, hashable and comparable, and `str()` is their canonical text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from glmmspec.errors import Span, SpecError
from glmmspec.expression import Expression, Name, Operation, is_plain_name, position, quoted_name, quoted_text
from glmmspec.functions import (
    check_arithmetic,
    check_grouping,
    check_single_column,
    check_slope,
    check_variable,
)


@dataclass(frozen=True)
class Response:
    """What is modelled: a column, `cbind(successes, failures)` or `proportion(successes, trials)`."""

    form: Literal["column", "cbind", "proportion"]
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        wanted = 1 if self.form == "column" else 2
        if len(self.arguments) != wanted:
            raise SpecError(
                f"the response {self.form} takes {wanted} column(s), not {len(self.arguments)}", code="G154"
            )
        for argument in self.arguments:
            check_arithmetic(argument)

    @property
    def trials(self) -> Expression | None:
        """The number of trials, or None where the response comes without: n in `cbind(s, n - s)`."""
        match self.form, self.arguments:
            case "proportion", (_, trials):
                return trials
            case "cbind", (successes, Operation("-", (trials, others))) if others == successes:
                return trials
            case "cbind", pair:
                return Operation("+", pair)
        return None

    def __str__(self) -> str:
        if self.form == "column":
            text = str(self.arguments[0])
            # A line that starts with a sign would carry on the statement before it.
            return f"({text})" if text.startswith(("+", "-")) else text
        return f"{self.form}({', '.join(str(a) for a in self.arguments)})"


@dataclass(frozen=True)
class FixedTerm:
    """A product of factors and variables; the empty product is the intercept."""

    factors: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        for factor in self.factors:
            check_variable(factor)
        if len(set(self.factors)) < len(self.factors):
            raise SpecError(f"a variable appears twice in the term {self}", code="G158")

    def __str__(self) -> str:
        return ":".join(map(str, self.factors)) if self.factors else "1"


INTERCEPT = FixedTerm()


def ordered(terms: tuple[FixedTerm, ...]) -> tuple[FixedTerm, ...]:
    """Terms by degree, as R orders them, each with its variables in their order as given.

    Where no way of writing the terms gives that order back (`(a + b):d`, of which `a:d + b:d` is
    another model in R), variables are put in the order in which they first appear, so that the text
    of a model, read again, is the same model.
    """
    by_degree = tuple(sorted(terms, key=lambda term: len(term.factors)))
    _check_distinct(by_degree)
    return by_degree if _reads_back(written(by_degree)) else tuple(_by_appearance(by_degree))


def written(terms: tuple[FixedTerm, ...]) -> tuple[FixedTerm, ...]:
    """Ordered terms in the order of writing that keeps their variables' order: interactions may stand first.

    In R's formulas, and here, the variables of a term stand in the order in which they first appear:
    `a:b + b` has the term `a:b`, and `b + a:b` the term `b:a`.
    """
    falling = tuple(sorted(terms, key=lambda term: -len(term.factors)))
    return next((order for order in (terms, falling) if _reads_back(order)), terms)


def _reads_back(terms: tuple[FixedTerm, ...]) -> bool:
    return list(terms) == list(_by_appearance(terms))


def _by_appearance(terms: tuple[FixedTerm, ...]) -> Iterator[FixedTerm]:
    """Each term with its variables in the order in which all first appear."""
    order: dict[Expression, int] = {}
    for term in terms:
        for factor in term.factors:
            order.setdefault(factor, len(order))
    for term in terms:
        yield FixedTerm(tuple(sorted(term.factors, key=order.__getitem__)))


def _check_distinct(terms: tuple[FixedTerm, ...]) -> None:
    seen: set[frozenset[Expression]] = set()
    for term in terms:
        if frozenset(term.factors) in seen:
            raise SpecError(f"the fixed term {term} is given twice", code="G158")
        seen.add(frozenset(term.factors))


@dataclass(frozen=True)
class RandomTerm:
    """Independent effects, one per level of the interaction of the grouping factors.

    Attributes
    ----------
    factors
        The columns whose interaction is the grouping. When `by_type`, a numeric one among them
        (by its column's type, known only when data are bound) is the multiplier instead.
    multiplier
        A numeric expression each effect is multiplied by (a random slope); None is an intercept.
    component
        The name of the variance component the effects belong to.
    by_type
        True for an entry of the `|` list, such as `Female:age`, whose numeric columns are
        multipliers; False where the notation itself says what groups, as `(0 + age | Female)`.
    """

    factors: tuple[Expression, ...]
    multiplier: Expression | None = None
    component: str = ""
    by_type: bool = True

    def __post_init__(self) -> None:
        if not self.factors:
            raise SpecError("a random term needs a grouping factor", code="G158")
        if self.by_type and self.multiplier is not None:
            raise SpecError(
                "a random term whose roles follow from column types has no explicit multiplier", code="G158"
            )
        for factor in self.factors:
            if self.by_type:
                check_single_column(factor)
            else:
                check_grouping(factor)
        if self.multiplier is not None:
            check_slope(self.multiplier)
        if len(set(self.factors)) < len(self.factors):
            raise SpecError(f"a column appears twice in the random term {self}", code="G128")
        if not self.component:
            object.__setattr__(self, "component", self.default_component)

    @property
    def identity(self) -> tuple[frozenset[Expression], Expression | None]:
        """What makes it the same term as another, whatever their components are called."""
        return frozenset(self.factors), self.multiplier

    @property
    def default_component(self) -> str:
        """The component's name when none is given: the term as the `|` list writes it.

        A column alone needs no backticks, unless its name reads like an interaction.
        """
        parts = self.factors if self.multiplier is None else (*self.factors, self.multiplier)
        match parts:
            case (Name(name),) if ":" not in name:
                return name
        return ":".join(str(part) for part in parts)

    def __str__(self) -> str:
        grouping = ":".join(map(str, self.factors))
        if self.by_type:
            return grouping
        left = "1" if self.multiplier is None else f"0 + {self.multiplier}"
        return f"({left} | {grouping})"

    @property
    def entry(self) -> str:
        """The term as an entry of the `|` list, with its component's name unless that is the default."""
        named = self.component != self.default_component
        return f"{quoted_name(self.component)} = {self}" if named else str(self)


@dataclass(frozen=True)
class Component:
    """A variance component, and the covariance structure of the effects that share it."""

    name: str
    covariance: Literal["iid"] = "iid"


@dataclass(frozen=True)
class DataReference:
    """Where the data are: a data set shipped with glmmspec, or a file beside the spec."""

    kind: Literal["shipped", "file"]
    name: str

    def __str__(self) -> str:
        return quoted_text(self.name) if self.kind == "file" else quoted_name(self.name)


@dataclass(frozen=True)
class Levels:
    """The levels of a factor, in order; the first is the reference."""

    column: str
    levels: tuple[str, ...]
    span: Span | None = position()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for level in self.levels:
            if level in seen:
                raise SpecError(f"level '{level}' of '{self.column}' is listed twice", code="G152")
            seen.add(level)
        if len(self.levels) < 2:
            raise SpecError(f"'{self.column}' needs at least two levels", code="G153")

    def __str__(self) -> str:
        listed = ", ".join(x if is_plain_name(x) else quoted_text(x) for x in self.levels)
        return f"{quoted_name(self.column)} = {listed}"


@dataclass(frozen=True)
class FactorColumn:
    """A column to be treated as a factor whatever its type."""

    column: str
    span: Span | None = position()

    def __str__(self) -> str:
        return quoted_name(self.column)
