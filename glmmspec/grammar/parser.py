"""From the text of a spec to its syntax: `Spec`, or an error that says where and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lark import Lark, TextSlice, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from glmmspec.errors import GlmmSpecError, Span, SpecSyntaxError
from glmmspec.expression import Call, Expression, Keyword, Name, Number, Operation, Text
from glmmspec.faults import Faults
from glmmspec.grammar import catalogue
from glmmspec.grammar.layout import NO_TOKEN, Layout, Unread, ended, span, statements
from glmmspec.grammar.nodes import Entry, Formula, Option, Scalar, Spec, Statement
from glmmspec.mistakes.mistake import Mistake

MAX_LENGTH = 2**18
"""Longest text that is read, in characters."""

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}


def parse_spec(text: str) -> Spec:
    """The syntax of a spec's text.

    Raises
    ------
    SpecSyntaxError
        With the span of what is wrong in `text`; it holds all that is wrong.
    """
    faults = Faults()
    spec = read_spec(text, faults)
    faults.raise_any()
    return spec


def read_spec(text: str, faults: Faults) -> Spec:
    """What can be read of a spec's text, statement by statement; what cannot is added to `faults`."""
    check_text(text)
    read: list[Formula | Statement] = []
    unread: list[Unread] = []
    for statement in statements(tokens(text, faults), faults):
        if isinstance(statement, Unread):
            unread.append(statement)
            continue
        try:
            read.extend(_parsed(statement).statements)
        except GlmmSpecError as error:
            faults.add(error)
            unread.append(Unread.of(statement))
    return Spec(tuple(read), tuple(unread))


def _parsed(statement: list[Token]) -> Spec:
    """The syntax of one statement."""
    parser = _parser().parse_interactive()
    try:
        for token in ended(statement):
            parser.feed_token(token)
        spec: Spec = parser.feed_eof(statement[-1])  # type: ignore[no-untyped-call]
    except UnexpectedToken as error:
        raise catalogue.explain(error, _known_mistakes()) from None
    return spec


def tokens(text: str, faults: Faults) -> Iterator[Token]:
    """The tokens of a text; from a character that starts none, the rest of its line is one `NO_TOKEN`."""
    start = 0
    while start < len(text):
        try:
            yield from lexer().lex(TextSlice(text, start, len(text)))
            return
        except UnexpectedCharacters as error:
            at = error.pos_in_stream or 0
            faults.add(catalogue.bad_character(text, at))
            start = _end_of_unreadable(text, at)
            yield Token(NO_TOKEN, text[at:start], start_pos=at, end_pos=start)


def _end_of_unreadable(text: str, at: int) -> int:
    """Where reading goes on after a character that starts no token: the end of its line.

    A quote that is closed in the next line is read to the end of that one.
    """
    end, following = _line_end(text, at), _line_end(text, _line_end(text, at) + 1)
    if text[at] in "\"'`" and text.count(text[at], end, following) % 2:
        return following
    return end


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


@cache
def lexer() -> Lark:
    """The lexer of the language."""
    return Lark(_parser().grammar, parser=None, lexer="basic")


def check_text(text: str) -> None:
    """Refuse a text that is too long or is not Unicode."""
    if len(text) > MAX_LENGTH:
        raise SpecSyntaxError(f"the text is longer than {MAX_LENGTH:,} characters", code="G061")
    surrogate = re.search("[\ud800-\udfff]", text)
    if surrogate:
        raise SpecSyntaxError("the text holds a lone surrogate", span=Span(*surrogate.span()), code="G062")


@cache
def _parser() -> Lark:
    return Lark.open(
        "glmmspec.lark",
        rel_to=__file__,
        parser="lalr",
        lexer="basic",
        postlex=Layout(),
        transformer=_Builder(),
        maybe_placeholders=True,
    )


@cache
def _known_mistakes() -> dict[catalogue.Key, Mistake]:
    return catalogue.table(_parser())


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds the nodes while the parser runs, so that no depth of nesting overflows the stack."""

    def start(self, *statements: Formula | Statement) -> Spec:
        return Spec(statements)

    def statement(self, keyword: Token, *arguments: Expression | Option) -> Statement:
        return Statement(str(keyword), arguments, span=_cover(keyword, arguments[-1]))

    def formula(self, response: Expression, fixed: Expression, entries: tuple[Entry, ...] | None) -> Formula:
        last = entries[-1].term if entries else fixed
        return Formula(response, fixed, entries or (), span=_cover(response, last))

    def random(self, bar: Token, *entries: Entry) -> tuple[Entry, ...]:
        return entries

    def entry(self, name: Name | None, term: Expression) -> Entry:
        return Entry(name, term)

    def level(self, *tokens: Token) -> Text:
        last = tokens[-1]
        quoted = last.type in ("QUOTED", "STRING")
        return Text(_unquoted(last) if quoted else "".join(tokens), span=span(tokens[0], last))

    def option(self, name: Token, value: Scalar | tuple[Scalar, ...]) -> Option:
        return Option(str(name), value, span=span(name))

    def scalars(self, *values: Scalar) -> tuple[Scalar, ...]:
        return values

    def scalar(self, *tokens: Token) -> Scalar:
        last = tokens[-1]
        if last.type == "NUMBER":
            return _value("".join(tokens), span(tokens[0], last))
        return _unquoted(last) if last.type == "STRING" else str(last)

    def binary(self, left: Expression, operator: Token, right: Expression) -> Operation:
        symbol = "^" if operator.type == "CARET" else str(operator)
        return Operation(symbol, (left, right), span=_cover(left, right))

    def unary(self, sign: Token, operand: Expression) -> Operation:
        return Operation(str(sign), (operand,), span=_cover(sign, operand))

    def call(self, function: Token, *parts: Expression | Keyword | Token | None) -> Call:
        arguments = [part for part in parts if isinstance(part, Expression)]
        keywords = [part for part in parts if isinstance(part, Keyword)]
        if any(isinstance(part, Keyword) for part in parts[: len(arguments)]):
            raise SpecSyntaxError(
                f"in {function}(...) an argument without a name follows a named one",
                span=span(function),
                code="G058",
            )
        return Call(str(function), tuple(arguments), tuple(keywords), span=_cover(function, parts[-1]))

    def keyword(self, name: Token, value: Expression) -> Keyword:
        return Keyword(str(name), value)

    def parentheses(self, opening: Token, inside: Expression, closing: Token) -> Expression:
        return inside

    def group(
        self, opening: Token, left: Expression, bar: Token, right: Expression, closing: Token
    ) -> Operation:
        return Operation(str(bar), (left, right), span=span(opening, closing))

    def name(self, token: Token) -> Name:
        return Name(_unquoted(token) if token.type == "QUOTED" else str(token), span=span(token))

    def number(self, token: Token) -> Number:
        return Number(float(token), span=span(token))

    def text(self, token: Token) -> Text:
        return Text(_unquoted(token), span=span(token))


def _cover(first: Any, last: Any) -> Span:
    """From the start of one node or token to the end of another."""
    start, end = (span(part) if isinstance(part, Token) else part.span for part in (first, last))
    return Span(start.start, end.end)


def _unquoted(token: Token) -> str:
    """What stands between the quotes, its escapes resolved."""

    def resolve(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPES:
            start = (token.start_pos or 0) + 1 + escape.start()
            raise SpecSyntaxError(
                f"unknown escape {escape[0]}",
                hint=r"a backslash itself is written \\",
                span=Span(start, start + 2),
                code="G059",
            )
        return _ESCAPES[escape[1]]

    return re.sub(r"\\(.)", resolve, token[1:-1], flags=re.DOTALL)


def _value(text: str, place: Span) -> int | float:
    """A number; one that is whole, however it is written, is an int."""
    value = float(text)
    if abs(value) > 1e300:
        raise SpecSyntaxError("this number is too large", span=place, code="G060")
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
