"""What holds for every text: it is a model, or it is answered by a GlmmSpecError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from glmmspec.errors import GlmmSpecError
from glmmspec.grammar import format_text, parse, parser
from glmmspec.grammar.layout import KEYWORDS, Layout
from glmmspec.grammar.parser import parse_spec

# Hypothesis reads the grammar but no layout, so what Layout makes is given to it as text.
MADE_BY_LAYOUT = {keyword.upper(): st.just(f"\n{keyword} ") for keyword in KEYWORDS}
EXPLICIT = {
    **MADE_BY_LAYOUT,
    "_END": st.just("\n"),
    "COMMENT": st.just(" # a comment\n"),
    "NAME": st.sampled_from(["y", "x", "g", "x.1", "sd", "poisson", "log", "I", "normal", "é", *KEYWORDS]),
    "NUMBER": st.sampled_from(["0", "1", "2", "0.5", ".5", "1e3", "12"]),
}
GRAMMAR = Lark.open("glmmspec.lark", rel_to=parser.__file__, parser="lalr", lexer="basic", postlex=Layout())
TOKENS = st.sampled_from(
    [*"~|+-*/^:(),=<'\"`.#\n\r\0 ", "||", "%in%", "**", "==", "y ", "x ", "g ", "1", "0",
     "poisson ", "sd(", "log(", *(f"\n{keyword} " for keyword in KEYWORDS)]
)  # fmt: skip
DEEP = 3_000
"""Three times Python's limit on recursion; tests/cli/test_hostile.py has texts as long as may be."""


def is_read_or_refused(text: str) -> None:
    with contextlib.suppress(GlmmSpecError):
        model = parse(text, family="poisson")
        assert parse(str(model)) == model
    with contextlib.suppress(GlmmSpecError):
        formatted = format_text(text)
        assert format_text(formatted) == formatted
        assert parse_spec(formatted) == parse_spec(text)


@given(from_lark(GRAMMAR, explicit=EXPLICIT))
@settings(max_examples=40, deadline=None)
def test_texts_of_the_grammar(text: str) -> None:
    is_read_or_refused(text)


@given(st.lists(TOKENS, max_size=30).map("".join))
@settings(max_examples=200, deadline=None)
def test_texts_of_tokens_in_any_order(text: str) -> None:
    is_read_or_refused(text)


@given(st.lists(TOKENS, max_size=8).map("".join))
@settings(max_examples=200, deadline=None)
def test_formulas_with_tokens_in_any_order(text: str) -> None:
    is_read_or_refused(f"y ~ {text} | g")


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text(text: str) -> None:
    is_read_or_refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "y ~ " + "(" * DEEP,
        "y ~ (" + "\n a" * (3 * DEEP),
        "y ~ x\n" * DEEP,
        "@\n" * (10 * DEEP),
        "y ~ " + "-" * DEEP + "x | g",
        "y ~ " + "x^" * DEEP + "x | g",
        "y ~ " + "x/" * DEEP + "x | g",
        "y ~ " + "x - " * DEEP + "x | g",
        "y ~ I(" + "x + " * DEEP + "x) | g",
        "y ~ x | " + "g:" * DEEP + "g",
        "y ~ x | " + ", ".join(f"g{i}" for i in range(DEEP)) + "+",
        "y ~ x + (1 | " + "g/" * DEEP + "g)",
        "weights " + "x + " * DEEP + "x\ny ~ x | g",
        "-" * DEEP + "y ~ x | g",
        "prior sd(" + "x:" * DEEP + "x) ~ flat\ny ~ x | g",
        "prior x ~ normal(" + "-" * DEEP + "1, 1)\ny ~ x | g",
        "levels x = " + "a, " * DEEP + "a\ny ~ x | g",
        "y ~ (" + "+".join(f"x{i}" for i in range(50)) + ")^25 | g",
        "y ~ x^1e300 | g + ",
        "\n" * DEEP + "~",
        "#" * DEEP,
        "'" * (DEEP + 1),
        "\0" * DEEP,
        "\ud800",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_deep_and_large_texts_are_refused(text: str) -> None:
    with pytest.raises(GlmmSpecError):
        parse(text, family="poisson")
    with contextlib.suppress(GlmmSpecError):
        format_text(text)
