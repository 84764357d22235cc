"""A kind of mistake."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: its stable code, what is wrong, what to do about it, and texts that make it.

    Attributes
    ----------
    code
        Never given to another kind: `G0..` syntax, `G1..` meaning, `G2..` data, `G3..` advice.
    message
        What is wrong; an error says it in more particular words.
    hint
        What to do about it.
    examples
        Specs that make it, which the tests run; of a syntax mistake, statements.
    why
        More, where the message does not explain itself.
    """

    code: str
    message: str
    hint: str
    examples: tuple[str, ...] = ()
    why: str = ""
