"""Finding all that is wrong in one go: errors are gathered, and raised together at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from glmmspec.errors import GlmmSpecError, Source

MOST = 100
"""Most faults that are gathered: a text with more is not a spec."""


class Faults:
    """The errors found so far.

    Attributes
    ----------
    errors
        In the order in which they were found.
    """

    def __init__(self) -> None:
        self.errors: list[GlmmSpecError] = []

    def __len__(self) -> int:
        return len(self.errors)

    def add(self, error: GlmmSpecError) -> None:
        """Keep an error, and those that it holds, for later.

        Raises
        ------
        GlmmSpecError
            If there are too many of them: then all at once.
        """
        self.errors.extend(error.every)
        error.others = ()
        if len(self.errors) >= MOST:
            self.raise_any()

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Keep an error raised inside, and go on after it."""
        try:
            yield
        except GlmmSpecError as error:
            if error in self.errors:  # there were too many: it holds them all
                raise
            self.add(error)

    def raise_any(self, source: Source | None = None) -> None:
        """Raise the errors that there are, as one: the first in the text, which holds the others.

        Raises
        ------
        GlmmSpecError
            If there is any.
        """
        if not self.errors:
            return
        first, *others = sorted(self.errors, key=_place)
        first.others = tuple(others)
        if source is not None:
            first.locate(source)
        raise first


def _place(error: GlmmSpecError) -> int:
    """By where an error stands; one without a place comes first."""
    return error.span.start if error.span is not None else -1
