"""The kinds of words that a reader tells by their colour, made from the grammar's terminals.

A Pygments lexer is made of them here, and the grammar of editors/vscode by `textmate`.
"""

from __future__ import annotations

from typing import Any

from pygments.lexer import RegexLexer, bygroups
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)

from glmmspec.grammar.layout import KEYWORDS, OPERATORS
from glmmspec.grammar.parser import lexer
from glmmspec.prior import DISTRIBUTIONS
from glmmspec.reference import FUNCTIONS, PRIOR_TARGETS

_TERMINALS = {terminal.name: terminal.pattern.to_regexp() for terminal in lexer().terminals}
_OPERATOR = "|".join(
    sorted(
        (_TERMINALS[name] for name in {*OPERATORS, "EQUALS"}), key=lambda pattern: (-len(pattern), pattern)
    )
)
_BOUNDARY = rf"(?![ \t]*(?:{'|'.join(_TERMINALS[name] for name in sorted(OPERATORS))}))"
_CALLED = "|".join(sorted({*FUNCTIONS, *DISTRIBUTIONS, *PRIOR_TARGETS}))

KEYWORD = rf"^([ \t]*)({'|'.join(KEYWORDS)})\b{_BOUNDARY}"
"""A keyword that opens a line, with what stands before it, and no operator after it."""

WORDS: tuple[tuple[str, str], ...] = (
    ("comment", _TERMINALS["COMMENT"]),
    ("string", _TERMINALS["STRING"]),
    ("quoted", _TERMINALS["QUOTED"]),
    ("function", rf"\b(?:{_CALLED})(?=[ \t]*\()"),
    ("name", _TERMINALS["NAME"]),
    ("number", _TERMINALS["NUMBER"]),
    ("operator", _OPERATOR),
    ("punctuation", "|".join(_TERMINALS[name] for name in ("COMMA", "LPAR", "RPAR"))),
)
"""Every other kind of word, as regular expressions; the first that matches counts."""

_TOKENS = {
    "comment": Comment.Single,
    "string": String,
    "quoted": Name.Variable,
    "function": Name.Function,
    "name": Name,
    "number": Number,
    "operator": Operator,
    "punctuation": Punctuation,
}

_SCOPES = {
    "comment": "comment.line.number-sign.glmm",
    "string": "string.quoted.glmm",
    "quoted": "variable.other.quoted.glmm",
    "function": "support.function.glmm",
    "name": "variable.other.glmm",
    "number": "constant.numeric.glmm",
    "operator": "keyword.operator.glmm",
    "punctuation": "punctuation.glmm",
}


class GlmmLexer(RegexLexer):  # type: ignore[misc]
    """Highlights specs, wherever Pygments does."""

    name = "glmm"
    url = "https://pypi.org/project/glmmspec"
    aliases = ("glmm",)
    filenames = ("*.glmm",)
    mimetypes = ("text/x-glmm",)
    tokens = {  # noqa: RUF012
        "root": [
            (KEYWORD, bygroups(Whitespace, Keyword)),
            *((pattern, _TOKENS[kind]) for kind, pattern in WORDS),
            (rf"{_TERMINALS['NEWLINE']}|{_TERMINALS['SPACE']}", Whitespace),
            (r".", Text),
        ]
    }


def textmate() -> dict[str, Any]:
    """The TextMate grammar that highlights specs in editors."""
    return {
        "name": "glmm",
        "scopeName": "source.glmm",
        "fileTypes": ["glmm"],
        "patterns": [
            {"match": KEYWORD, "captures": {"2": {"name": "keyword.control.glmm"}}},
            *({"name": _SCOPES[kind], "match": pattern} for kind, pattern in WORDS),
        ],
    }
