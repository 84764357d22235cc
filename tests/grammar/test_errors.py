"""Syntax errors: every example in the catalogue, and how an error looks."""

from __future__ import annotations

import pytest
from lark import Lark

from glmmspec.errors import GlmmSpecError, SpecSyntaxError
from glmmspec.grammar import parse, parser
from glmmspec.grammar.layout import Layout
from glmmspec.mistakes.mistake import Mistake
from glmmspec.mistakes.syntax import STATES

# A line that starts with an operator carries on the one before it.
EXAMPLES = [
    (mistake, example, before)
    for mistake in STATES
    for example in mistake.examples
    for before in ("", "# a comment\n\n", "data cbpp\n\n")
    if not (example.startswith("~") and before.startswith("data"))
]


def error_of(text: str) -> SpecSyntaxError:
    with pytest.raises(SpecSyntaxError) as caught:
        parse(text, family="poisson")
    return caught.value


def test_the_grammar_is_free_of_conflicts() -> None:
    pytest.importorskip("interegular", reason="lark compares terminals with it; reading specs needs none")
    Lark.open(
        "glmmspec.lark", rel_to=parser.__file__, parser="lalr", lexer="basic", postlex=Layout(), strict=True
    )


@pytest.mark.parametrize(("mistake", "example", "before"), EXAMPLES)
def test_an_example_is_answered_by_its_message(mistake: Mistake, example: str, before: str) -> None:
    error = error_of(f"{before}{example}\nmissing drop\n")
    assert (error.message, error.hint) == (mistake.message, mistake.hint)
    assert error.location is not None
    assert error.location.line == 1 + before.count("\n")


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("y ~ (x | g", 1, 5, "this bracket is never closed", "add a )"),
        ("y ~ (x | g\nfamily poisson", 1, 5, "this bracket is never closed", "add a )"),
        ("y ~ log(x)) | g", 1, 11, "this bracket closes nothing", "remove it"),
        ("y ~ ((x) | g", 1, 5, "this bracket is never closed", "add a )"),
        ("Mate Cross | F = Female", 1, 1, "this is neither a statement nor a formula: it has no ~", None),
        ("Mate + Cross", 1, 1, "this is neither a statement nor a formula: it has no ~", None),
        ("Mate", 1, 1, "this is neither a statement nor a formula: it has no ~", None),
        ("famly poisson", 1, 1, "unknown statement 'famly'", "did you mean 'family'?"),
        ('title "a', 1, 7, 'the " is not closed on its line', 'close it with "'),
        ("title 'a\n'", 1, 7, "the ' is not closed on its line", "close it with '"),
        ("y ~ `a | g", 1, 5, "the ` is not closed on its line", "close it with `"),
        ("y ~ `` | g", 1, 5, "the ` is not closed on its line", "close it with `"),
        ("y ~ . | g", 1, 5, "unexpected character '.'",
         ". for all other columns is not available: name the columns"),
        ("y ~ a[1] | g", 1, 6, "unexpected character '['", "use round brackets"),
        ("y ~ a %% b | g", 1, 7, "unexpected character '%'", "the only operator of this kind is %in%"),
        ("title “a”", 1, 7, "unexpected character '“' (left double quotation mark)",
         'use straight quotes, "'),
        ("y ~ a − 1 | g", 1, 7, "unexpected character '−' (minus sign)", "use the hyphen, -"),
        ("y ~ a\u00a0| g", 1, 6, "unexpected character U+00A0 (no-break space)", "use an ordinary space"),
        ("y ~ a\0 | g", 1, 6, "unexpected character U+0000", None),
        ("title 'a' #\ny ~ \ud800 | g", 2, 5, "the text holds a lone surrogate", None),
        ("y ~ a | g\n\n  family = poisson", 3, 10, "a keyword stands before its value without =", None),
        ("weights a b", 1, 11, "an operator is missing", None),
        ("y ~ I(1, 2 3)", 1, 12, "an operator is missing", None),
    ],
)  # fmt: skip
def test_message_and_place(text: str, line: int, column: int, message: str, hint: str | None) -> None:
    error = error_of(text)
    assert error.message == message
    assert error.location is not None
    assert (error.location.line, error.location.column) == (line, column)
    if hint is not None:
        assert error.hint == hint


def test_what_matches_no_example_still_names_the_token() -> None:
    assert error_of("data 'a' | b").message == "'|' is out of place here"


def test_a_text_has_a_largest_length() -> None:
    assert error_of(" " * (parser.MAX_LENGTH + 1)).message == "the text is longer than 262,144 characters"


def test_what_a_terminal_would_obey_is_escaped() -> None:
    error = error_of("y ~ x | g\ntitl `\x1b[31m\x00`")
    error.hint = "a \n b"
    assert str(error).splitlines()[0].isprintable()
    assert r"a \n b" in str(error)
    assert str(SpecSyntaxError("no \x1b[31m", hint="\ud800")) == "no \\x1b[31m\n  \\ud800"


def test_an_error_shows_its_line() -> None:
    with pytest.raises(GlmmSpecError) as caught:
        parse(
            "# Model A\r\nMate ~ 0 + Cross | F = Female,\tM = lgo(x)\r\n", family="bernoulli", name="a.glmm"
        )
    assert str(caught.value) == (
        "a.glmm:2:36: unknown function 'lgo' [G101]\n"
        "  2 | Mate ~ 0 + Cross | F = Female, M = lgo(x)\n"
        "    |                                    ^^^^^^ did you mean 'log'?"
    )
