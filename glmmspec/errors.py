"""Every error and warning a user can meet.

An error says what is wrong, where, and what to do. One that comes from the text of a spec
carries the place, and prints with the code of its kind (`glmmspec explain-error G201`) as

    salamander.glmm:5:12: unknown column 'Cros' in data 'salamander' [G201]
      5 | Mate ~ 0 + Cros | F = Female, M = Male
        |            ^^^^ did you mean 'Cross'?
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A text and the name it is reported under (a path, or ``<spec>``)."""

    name: str
    text: str


@dataclass(frozen=True)
class Span:
    """A stretch of a source text: offsets of its first character and of the one after its last."""

    start: int
    end: int


@dataclass(frozen=True)
class Location:
    """A span resolved to what a reader sees: 1-based line and column, and the line itself."""

    name: str
    line: int
    column: int
    width: int
    text: str

    @classmethod
    def of(cls, source: Source, span: Span) -> Location:
        """Resolve `span` in `source`; a span over several lines is cut at the end of its first."""
        start = min(span.start, len(source.text))
        line_start = source.text.rfind("\n", 0, start) + 1
        line_end = source.text.find("\n", start)
        line_end = len(source.text) if line_end < 0 else line_end
        return cls(
            name=source.name,
            line=source.text.count("\n", 0, start) + 1,
            column=start - line_start + 1,
            width=max(1, min(span.end, line_end) - start),
            text=source.text[line_start:line_end],
        )


class GlmmSpecError(Exception):
    """Base of every error that a user can cause.

    Parameters
    ----------
    message
        What is wrong, in one sentence without a final stop.
    hint
        What to do about it.
    location
        Where in a spec's text, when it comes from there.
    span
        The same place while the text itself is not at hand; `locate` resolves it.
    code
        The kind of mistake, by which `glmmspec.mistakes` explains it.

    Attributes
    ----------
    others
        What else is wrong, when several things were looked at together.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        location: Location | None = None,
        span: Span | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.span = span
        self.code = code
        self.others: tuple[GlmmSpecError, ...] = ()

    @property
    def every(self) -> tuple[GlmmSpecError, ...]:
        """The error and the others found with it."""
        return (self, *self.others)

    def locate(self, source: Source) -> None:
        """Resolve the errors' spans in `source`, save of those with a location, or without a span."""
        for error in self.every:
            if error.location is None and error.span is not None:
                error.location = Location.of(source, error.span)

    def __str__(self) -> str:
        return "\n".join(error.text for error in self.every)

    @property
    def text(self) -> str:
        """The error alone, as it prints."""
        message, hint = printable(self.message), printable(self.hint or "")
        message += f" [{self.code}]" if self.code is not None else ""
        if self.location is None:
            return f"{message}\n  {hint}" if hint else message
        return _annotated(message, hint, self.location)


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """Give `span` to the errors raised inside that do not know their own place."""
    try:
        yield
    except GlmmSpecError as error:
        for each in error.every:
            each.span = each.span or span
        raise


class SpecSyntaxError(GlmmSpecError):
    """The text is not in the model language."""


class SpecError(GlmmSpecError):
    """A well-formed spec that makes no sense."""


class TranslationError(SpecError):
    """Another program has no such model."""


class DataError(GlmmSpecError):
    """The data do not fit the spec, or cannot be read."""


class FitError(GlmmSpecError):
    """No trustworthy estimate can be given."""


class GlmmSpecWarning(UserWarning):
    """Base of every warning; each is also kept on the result it concerns."""


class DataWarning(GlmmSpecWarning):
    """The data were used in a way the reader should know of."""


class FitWarning(GlmmSpecWarning):
    """An estimate stands, but something about it should be known before it is used."""


class ReliabilityWarning(FitWarning):
    """The Monte Carlo standard errors of a fit cannot be trusted."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The hint that names the known word nearest to a misspelt one, or None when none is near."""
    candidates = list(known)
    nearest = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    if not nearest:
        folded = {candidate.lower(): candidate for candidate in candidates}
        nearest = [folded[match] for match in difflib.get_close_matches(word.lower(), folded, n=1)]
    return f"did you mean '{nearest[0]}'?" if nearest else None


def did_you_mean_or_list(word: str, known: Iterable[str]) -> str:
    """As `did_you_mean`, or else the list of what is known (its first sixteen)."""
    candidates = list(known)
    listed = ", ".join(candidates[:16]) + (", ..." if len(candidates) > 16 else "")
    return did_you_mean(word, candidates) or f"known: {listed}"


def printable(text: str) -> str:
    """A text with escapes for what a terminal would obey or could not show: names come from anywhere."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


_WINDOW = 100


def _annotated(message: str, hint: str, at: Location) -> str:
    """`message` under its position, with the line, a caret and the hint; long lines are cut."""
    first = max(0, at.column - 1 - _WINDOW // 2)
    line = at.text[first : first + _WINDOW].rstrip()
    shown = "".join(c if c.isprintable() else " " for c in line)
    offset = at.column - 1 - first
    carets = "^" * max(1, min(at.width, _WINDOW - offset))
    number = str(at.line)
    gutter = " " * len(number)
    return (
        f"{printable(at.name)}:{at.line}:{at.column}: {message}\n"
        f"  {number} | {shown}\n"
        f"  {gutter} | {' ' * offset}{carets}" + (f" {hint}" if hint else "")
    )
