"""The canonical layout of a spec's text.

Works on tokens, not on meaning: spaces and indentation are made regular, blank lines are collapsed,
and words, comments, their order and the line breaks stay as written.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from glmmspec.faults import Faults
from glmmspec.grammar.layout import Unread, statements
from glmmspec.grammar.parser import lexer, parse_spec

_INDENT = "    "
_TIGHT = {"COLON", "CARET"}
_VALUES = {"NAME", "QUOTED", "STRING", "NUMBER", "RPAR"}


def format_spec(text: str) -> str:
    """A spec's text in canonical layout.

    Raises
    ------
    SpecSyntaxError
        If the text is not in the language.
    """
    parse_spec(text)
    tokens = [token for token in lexer().lex(text, dont_ignore=True) if token.type != "SPACE"]
    layout = _Layout(tokens)
    formatted = "\n".join(layout.line(line) for line in _lines(tokens))
    return formatted + "\n" if formatted else ""


def _lines(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each line; at most one empty line between two others, none at either end."""
    line: list[Token] = []
    blank, begun = False, False
    for token in [*tokens, Token("NEWLINE", "\n")]:
        if token.type != "NEWLINE":
            line.append(token)
            continue
        if line:
            if blank and begun:
                yield []
            yield line
            line, blank, begun = [], False, True
        else:
            blank = True


class _Layout:
    """Lays out one line at a time, knowing what stands before each token and which ones open a statement."""

    def __init__(self, tokens: list[Token]) -> None:
        code = [token for token in tokens if token.type != "COMMENT"]
        parts = [part for part in statements(code, Faults()) if not isinstance(part, Unread)]
        flat = [token for statement in parts for token in statement]
        self._types = {token.start_pos: token.type for token in flat}
        self._openers = {statement[0].start_pos for statement in parts}
        self._before = {token.start_pos: before for before, token in zip([None, *flat], flat, strict=False)}
        self._next_code = self._following(tokens)

    def _following(self, tokens: list[Token]) -> dict[int | None, int | None]:
        """For each token, where the first token that is no comment or line end stands, from it on."""
        following: dict[int | None, int | None] = {}
        position: int | None = None
        for token in reversed(tokens):
            position = token.start_pos if token.type not in ("COMMENT", "NEWLINE") else position
            following[token.start_pos] = position
        return following

    def line(self, tokens: list[Token]) -> str:
        """The text of a line, without its end."""
        if not tokens:
            return ""
        goes_on = self._next_code[tokens[0].start_pos]
        text = _INDENT if goes_on is not None and goes_on not in self._openers else ""
        for i, token in enumerate(tokens):
            if token.type == "COMMENT":
                text += ("  " if i else "") + token.rstrip()
            else:
                text += (" " if i and self._spaced(token) else "") + _spelling(token)
        return text

    def _spaced(self, token: Token) -> bool:
        """True if a space stands before the token."""
        before = self._before[token.start_pos]
        if before is None:
            return False
        kind, last = token.type, self._types[before.start_pos]
        if last == "LPAR" or kind in ("RPAR", "COMMA") or kind in _TIGHT or last in _TIGHT:
            return False
        if kind == "LPAR" and last == "NAME":
            return False
        return not self._is_sign(before)

    def _is_sign(self, token: Token) -> bool:
        """True for + and - before an operand rather than between two."""
        before = self._before[token.start_pos]
        return token.type in ("PLUS", "MINUS") and (
            before is None or self._types[before.start_pos] not in _VALUES
        )


def _spelling(token: Token) -> str:
    return "^" if token.type == "CARET" else str(token)
