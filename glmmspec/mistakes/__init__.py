"""Every kind of mistake that glmmspec explains: the table behind the errors' codes.

`glmmspec explain-error` prints from it, docs/errors.md is made from it, and its examples are tests.
"""

from __future__ import annotations

from glmmspec.errors import GlmmSpecError, did_you_mean_or_list
from glmmspec.mistakes.data import ADVICE, DATA
from glmmspec.mistakes.meaning import MEANING
from glmmspec.mistakes.mistake import Mistake
from glmmspec.mistakes.syntax import SYNTAX

__all__ = ["MISTAKES", "Mistake", "explained"]

MISTAKES: dict[str, Mistake] = {mistake.code: mistake for mistake in (*SYNTAX, *MEANING, *DATA, *ADVICE)}
"""All of them, by code."""


def explained(code: str) -> Mistake:
    """The kind of mistake that has a code, in whatever case it is written.

    Raises
    ------
    GlmmSpecError
        If no kind has it.
    """
    mistake = MISTAKES.get(code.upper())
    if mistake is None:
        raise GlmmSpecError(f"no mistake has the code '{code}'", hint=did_you_mean_or_list(code, MISTAKES))
    return mistake
