"""malformed.txt: every mistake of a spec is answered in one run, by its code and place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glmmspec.errors import GlmmSpecError, Location, Source, Span
from glmmspec.grammar import parse

LINES = [
    line
    for line in (Path(__file__).parent / "malformed.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_the_table_is_long_and_says_nothing_twice() -> None:
    specs = [line.partition("  ")[2] for line in LINES]
    assert len(specs) == len(set(specs))
    assert len(specs) >= 200


@pytest.mark.parametrize("line", LINES)
def test_is_answered_by_code_and_place(line: str) -> None:
    codes, _, marked = line.partition("  ")
    text, places = _unmarked(marked.replace("⏎", "\n"))
    family = None if "family" in text or "G135" in codes else "poisson"
    with pytest.raises(GlmmSpecError) as caught:
        parse(text, family=family, name="spec.glmm")
    said = [(error.code, error.location) for error in caught.value.every]
    source = Source("spec.glmm", text)
    assert said == [
        (code, Location.of(source, place)) for code, place in zip(codes.split(","), places, strict=True)
    ]
    assert all(error.hint is not None or error.code in WITHOUT_REMEDY for error in caught.value.every)


WITHOUT_REMEDY = {
    "G052", "G057", "G058", "G060", "G102", "G103", "G107", "G108", "G112", "G116", "G121", "G123", "G128",
    "G134", "G141", "G143", "G146", "G149", "G150", "G152", "G153", "G154", "G155", "G156", "G054",
}  # fmt: skip
"""What the message itself says how to put right."""


def _unmarked(marked: str) -> tuple[str, list[Span]]:
    """The text without its brackets, and the places they mark by where each opens."""
    text, opened, places = "", [], []
    for part in re.split("([⟦⟧])", marked):
        if part == "⟦":
            opened.append(len(text))
        elif part == "⟧":
            places.append(Span(opened.pop(), len(text)))
        else:
            text += part
    return text, sorted(places, key=lambda place: place.start)
