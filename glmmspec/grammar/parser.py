"""From the text of a spec to its syntax: `Spec`, or an error that says where and why."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from glmmspec.errors import Span, SpecSyntaxError
from glmmspec.expression import Call, Expression, Keyword, Name, Number, Operation, Text
from glmmspec.grammar import catalogue
from glmmspec.grammar.layout import Layout, span
from glmmspec.grammar.nodes import Entry, Formula, Option, Scalar, Spec, Statement

MAX_LENGTH = 2**18
"""Longest text that is read, in characters."""

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}


def parse_spec(text: str) -> Spec:
    """The syntax of a spec's text.

    Raises
    ------
    SpecSyntaxError
        With the span of what is wrong in `text`.
    """
    check_text(text)
    try:
        spec: Spec = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedCharacters as error:
        raise catalogue.bad_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise catalogue.explain(error, _known_mistakes()) from None
    return spec


def check_text(text: str) -> None:
    """Refuse a text that is too long or is not Unicode."""
    if len(text) > MAX_LENGTH:
        raise SpecSyntaxError(f"the text is longer than {MAX_LENGTH:,} characters")
    surrogate = re.search("[\ud800-\udfff]", text)
    if surrogate:
        raise SpecSyntaxError("the text holds a lone surrogate", span=Span(*surrogate.span()))


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
def _known_mistakes() -> dict[catalogue.Key, catalogue.Mistake]:
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
                f"in {function}(...) an argument without a name follows a named one", span=span(function)
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
            )
        return _ESCAPES[escape[1]]

    return re.sub(r"\\(.)", resolve, token[1:-1], flags=re.DOTALL)


def _value(text: str, place: Span) -> int | float:
    """A number; one that is whole, however it is written, is an int."""
    value = float(text)
    if abs(value) > 1e300:
        raise SpecSyntaxError("this number is too large", span=place)
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
