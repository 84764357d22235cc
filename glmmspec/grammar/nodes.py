"""What a spec says, statement by statement, before it is given a meaning."""

from __future__ import annotations

from dataclasses import dataclass

from glmmspec.errors import Span
from glmmspec.expression import Expression, Name, position
from glmmspec.grammar.layout import Unread

Scalar = int | float | str
"""The value of an option."""


@dataclass(frozen=True)
class Entry:
    """One entry of the `|` list: a random term, with the name of its variance component if given."""

    name: Name | None
    term: Expression


@dataclass(frozen=True)
class Formula:
    """`response ~ fixed | random, ...`; the lme4 forms are still among the fixed terms."""

    response: Expression
    fixed: Expression
    random: tuple[Entry, ...]
    span: Span | None = position()


@dataclass(frozen=True)
class Option:
    """`name = value` in a solver or sampler statement."""

    name: str
    value: Scalar | tuple[Scalar, ...]
    span: Span | None = position()


@dataclass(frozen=True)
class Statement:
    """Any statement but the formula: its keyword and arguments, in the order written."""

    keyword: str
    arguments: tuple[Expression | Option, ...]
    span: Span | None = position()


@dataclass(frozen=True)
class Spec:
    """A whole spec, in the order written.

    Attributes
    ----------
    statements
        Those that could be read.
    unread
        The others.
    """

    statements: tuple[Formula | Statement, ...]
    unread: tuple[Unread, ...] = ()

    def may_have_had(self, what: str) -> bool:
        """True if a statement that could not be read may have been a formula, or the one of that keyword."""
        return any(not each.guesses or what in each.guesses for each in self.unread)
