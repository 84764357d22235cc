"""docs/language.md: every example is what it says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from glmmspec.errors import GlmmSpecError
from glmmspec.functions import SIGNATURES
from glmmspec.grammar import format_text, parse
from glmmspec.grammar.layout import KEYWORDS
from glmmspec.options import Options, SamplerOptions, SolverOptions
from glmmspec.prior import DISTRIBUTIONS

REFERENCE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
SPECS = re.findall(r"```glmm\n(.*?)```", REFERENCE, re.DOTALL)
MISTAKES = re.findall(r"```glmm-error\n(.*?)```\n\n```text\n(.*?)\n```", REFERENCE, re.DOTALL)


@pytest.mark.parametrize("text", SPECS)
def test_an_example_is_a_spec(text: str) -> None:
    assert parse(format_text(text)) == parse(text)


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_answered_as_shown(text: str, message: str) -> None:
    with pytest.raises(GlmmSpecError) as caught:
        parse(text, name="spec.glmm")
    assert str(caught.value) == message


def test_every_mistake_shows_its_message() -> None:
    assert len(MISTAKES) == REFERENCE.count("```glmm-error")


@pytest.mark.parametrize("name", [*KEYWORDS, *DISTRIBUTIONS, *SIGNATURES])
def test_every_word_of_the_language_is_explained(name: str) -> None:
    assert re.search(rf"(`|### |and ){name}\b", REFERENCE)


@pytest.mark.parametrize("kind", [SolverOptions, SamplerOptions])
def test_every_option_is_listed_with_its_meaning(kind: type[Options]) -> None:
    for field in dataclasses.fields(kind):
        row = re.search(rf"\| `{field.name}` \| (.*) \| {re.escape(field.metadata['help'])}", REFERENCE)
        assert row is not None, field.name
        if isinstance(field.default, int | float | str):
            assert row[1] == f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
