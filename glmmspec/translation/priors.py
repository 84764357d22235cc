"""The priors of a spec in programs that sample: which of them a program has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glmmspec.expression import number_text
from glmmspec.prior import Distribution, Prior

NOTE = "Samples the posterior: where the spec gives no prior, that of the program holds."


def carried(priors: tuple[Prior, ...], written: Callable[[Prior], str | None]) -> tuple[list[str], list[str]]:
    """The priors as `written` in a program, and a note on each that it has not (None)."""
    texts = {prior: written(prior) for prior in priors}
    notes = [
        f"The program has no counterpart of: prior {prior}" for prior, text in texts.items() if text is None
    ]
    return [text for text in texts.values() if text is not None], notes


def distribution(of: Distribution, known: Mapping[str, str]) -> str | None:
    """A distribution by its pattern in a program, or None if it is not known there."""
    pattern = known.get(of.name)
    return None if pattern is None else pattern.format(*map(number_text, of.arguments))
