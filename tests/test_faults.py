"""Errors that are gathered and raised together."""

from __future__ import annotations

import pytest

from glmmspec.errors import GlmmSpecError, Source, Span
from glmmspec.faults import MOST, Faults


def test_the_first_in_the_text_holds_the_others() -> None:
    faults = Faults()
    for word in ("third", "second"):
        with faults.gathering():
            raise GlmmSpecError(word, span=Span(len(word), len(word)))
    faults.add(GlmmSpecError("placeless"))
    with pytest.raises(GlmmSpecError) as caught:
        faults.raise_any(Source("a", "text of no interest"))
    assert [error.message for error in caught.value.every] == ["placeless", "third", "second"]
    assert str(caught.value).count("\n  ") == 4


def test_errors_that_hold_others_are_taken_apart() -> None:
    inner, outer = Faults(), Faults()
    inner.add(GlmmSpecError("a", span=Span(4, 5)))
    inner.add(GlmmSpecError("b", span=Span(2, 3)))
    with outer.gathering():
        inner.raise_any()
    outer.add(GlmmSpecError("c", span=Span(3, 4)))
    with pytest.raises(GlmmSpecError) as caught:
        outer.raise_any()
    assert [error.message for error in caught.value.every] == ["b", "c", "a"]


def test_nothing_gathered_raises_nothing() -> None:
    faults = Faults()
    with faults.gathering():
        pass
    faults.raise_any()
    assert len(faults) == 0


def test_too_many_are_raised_at_once_through_every_level() -> None:
    with pytest.raises(GlmmSpecError) as caught:
        _many(Faults())
    assert len(caught.value.every) == MOST


def _many(faults: Faults) -> None:
    with faults.gathering():
        for i in range(MOST + 10):
            with faults.gathering():
                raise GlmmSpecError(str(i))


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), Faults().gathering():
        raise ZeroDivisionError
