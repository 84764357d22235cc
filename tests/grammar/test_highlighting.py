"""Colours: the Pygments lexer, and the TextMate grammar of editors/vscode."""

from __future__ import annotations

import importlib
import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, Text, Whitespace

from glmmspec.grammar.highlighting import GlmmLexer
from glmmspec.grammar.parser import lexer
from glmmspec.ir import Model
from tests.strategies import models

ROOT = Path(__file__).parents[2]
VSCODE = ROOT / "editors" / "vscode"

SPEC = """\
# Karim and Zeger
title 'a # b'
levels `x y` = R/R
  offset log(e)
Mate ~ 0.5 + title | F = Female
prior sd(F) ~ half_normal(1)
data ~ x
"""


def words(text: str) -> list[tuple[object, str]]:
    return [(kind, word) for kind, word in GlmmLexer().get_tokens(text) if kind is not Whitespace]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("# Karim and Zeger", Comment.Single),
        ("title", Keyword),
        ("'a # b'", String),
        ("levels", Keyword),
        ("`x y`", Name.Variable),
        ("offset", Keyword),
        ("log", Name.Function),
        ("0.5", Number),
        ("~", Operator),
        ("Female", Name),
        ("prior", Keyword),
        ("sd", Name.Function),
        ("half_normal", Name.Function),
        ("data", Name),
    ],
)
def test_a_word_has_its_colour(word: str, kind: object) -> None:
    assert next(found for found, text in words(SPEC) if text == word) is kind


def test_a_column_called_like_a_keyword_is_a_column() -> None:
    assert [kind for kind, word in words(SPEC) if word == "title"] == [Keyword, Name]


@given(models())
@settings(max_examples=30, deadline=None)
def test_every_word_of_a_spec_is_known_and_none_is_lost(model: Model) -> None:
    text = str(model)
    found = list(GlmmLexer(stripnl=False).get_tokens(text))
    assert not {Error, Text} & {kind for kind, _ in found}
    assert "".join(word for _, word in found) == text
    assert [word for kind, word in found if kind is not Whitespace] == [
        str(token) for token in lexer().lex(text) if token.type != "NEWLINE"
    ]


def test_pygments_finds_it_by_the_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["glmm"].partition(":")
    assert getattr(importlib.import_module(module), name) is GlmmLexer


def test_the_grammar_of_vscode_is_the_one_that_is_made() -> None:
    made = runpy.run_path(str(VSCODE / "grammar.py"))
    assert made["TARGET"].read_text(encoding="utf-8") == made["text"]()


def test_what_the_extension_names_is_there() -> None:
    contributed = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))["contributes"]
    (language,), (grammar,) = contributed["languages"], contributed["grammars"]
    assert (VSCODE / language["configuration"]).is_file()
    json.loads((VSCODE / language["configuration"]).read_text(encoding="utf-8"))
    assert (
        json.loads((VSCODE / grammar["path"]).read_text(encoding="utf-8"))["scopeName"]
        == grammar["scopeName"]
    )
    for pattern in json.loads((VSCODE / grammar["path"]).read_text(encoding="utf-8"))["patterns"]:
        re.compile(pattern["match"])
