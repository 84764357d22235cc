"""Layout: where statements end, and which names are keywords, told from the stream of tokens.

A statement ends at the end of its line, unless a bracket is open, the line ends in an operator or
a comma, or the next line starts with one. A name is a keyword only where it opens a statement, so
that columns may be called `data`, `weights` or `levels`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from lark import Token
from lark.lark import PostLex

from glmmspec.errors import Span, SpecSyntaxError, did_you_mean, did_you_mean_or_list
from glmmspec.faults import Faults
from glmmspec.functions import MAX_DEPTH

KEYWORDS = (
    "title", "data", "family", "levels", "factor", "weights", "offset", "missing", "prior", "solver",
    "sampler",
)  # fmt: skip
"""The names that open a statement."""

OPERATORS = {"COMPARE", "CARET", "IN", "BARS", "BAR", "PLUS", "MINUS", "STAR", "SLASH", "COLON", "TILDE"}
_JOINING = OPERATORS | {"EQUALS", "COMMA"}
_OPERANDS = {"NAME", "QUOTED", "STRING", "NUMBER"}


NO_TOKEN = "_BAD"
"""The type of the token that stands for the rest of a line whose start alone could be read."""


@dataclass(frozen=True)
class Unread:
    """A statement that cannot be read: what is known of it is what it may have been.

    Attributes
    ----------
    guesses
        Its keyword, `formula`, or both; nothing where neither is clear.
    """

    guesses: tuple[str, ...]

    @classmethod
    def of(cls, statement: list[Token]) -> Unread:
        """From the tokens that there are, and the words of what is no token."""
        lost = {word for token in statement if token.type == NO_TOKEN for word in re.findall(r"\w+|~", token)}
        opening = str(statement[0])
        if opening == "prior":
            return cls(("prior",))
        formula = "~" in lost or any(token.type == "TILDE" for token in statement)
        return cls(tuple({*lost, opening} & set(KEYWORDS)) + (("formula",) if formula else ()))


class Layout(PostLex):
    """Ends each statement with `_END`, and retags the keyword that opens it."""

    always_accept = ("NEWLINE",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens the parser reads, from those of the lexer.

        Raises
        ------
        SpecSyntaxError
            If brackets do not match, or a statement is neither a formula nor known.
        """
        faults = Faults()
        found = [statement for statement in statements(stream, faults) if not isinstance(statement, Unread)]
        faults.raise_any()
        for statement in found:
            yield from ended(statement)


def ended(statement: list[Token]) -> list[Token]:
    """A statement with its `_END`, which stands where the last token does: an error there points to text."""
    return [*statement, Token.new_borrow_pos("_END", "", statement[-1])]


def statements(stream: Iterable[Token], faults: Faults) -> Iterator[list[Token] | Unread]:
    """The tokens of each statement, without line ends, the keyword that opens it retagged.

    Brackets that do not match, and statements that are not known, are added to `faults`.
    """
    tokens = list(stream)
    unclosed, needless = _check_brackets(tokens, faults)
    for statement in _split([token for token in tokens if token.start_pos not in needless], unclosed):
        if any(token.type == NO_TOKEN or token.start_pos in unclosed for token in statement):
            yield Unread.of(statement)
            continue
        try:
            yield _with_keyword(statement)
        except SpecSyntaxError as error:
            faults.add(error)
            yield Unread.of(statement)


def raw_statements(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each statement, whether or not it can be read, and the keyword as the name it is."""
    unclosed, _ = _check_brackets(tokens, Faults())
    return list(_split(tokens, unclosed))


def goes_on(tokens: list[Token]) -> bool:
    """True if the last statement of a text goes on in the next line, whatever that is."""
    depth = sum((token.type == "LPAR") - (token.type == "RPAR") for token in tokens)
    return bool(tokens) and (depth > 0 or tokens[-1].type in _JOINING)


def span(first: Token, last: Token | None = None) -> Span:
    """Where a token stands, or a run of tokens from the first to the last."""
    return Span(first.start_pos or 0, (last or first).end_pos or 0)


def _check_brackets(tokens: list[Token], faults: Faults) -> tuple[set[int | None], set[int | None]]:
    """Where brackets stand that nothing closes, and that close nothing."""
    open_: list[Token] = []
    unclosed: set[int | None] = set()
    needless: set[int | None] = set()
    for i, token in enumerate(tokens):
        if open_ and (token.type == NO_TOKEN or _starts_afresh(tokens, i)):
            # What cannot be read on a line may have closed them.
            unclosed |= _never_closed(open_, Faults() if token.type == NO_TOKEN else faults)
            open_ = []
        if token.type == "LPAR":
            open_.append(token)
            _check_nesting(open_)
        elif token.type == "RPAR" and open_:
            open_.pop()
        elif token.type == "RPAR":
            needless.add(token.start_pos)
            faults.add(
                SpecSyntaxError(
                    "this bracket closes nothing", hint="remove it", span=span(token), code="G051"
                )
            )
    return unclosed | _never_closed(open_, faults), needless


def _check_nesting(open_: list[Token]) -> None:
    if len(open_) > MAX_DEPTH:
        raise SpecSyntaxError(
            f"brackets are nested more than {MAX_DEPTH} deep", span=span(open_[-1]), code="G052"
        )


def _never_closed(open_: list[Token], faults: Faults) -> set[int | None]:
    """Where brackets stand that are open and will not be closed; the innermost is a fault."""
    if open_:
        faults.add(
            SpecSyntaxError("this bracket is never closed", hint="add a )", span=span(open_[-1]), code="G050")
        )
    return {bracket.start_pos for bracket in open_}


def _starts_afresh(tokens: list[Token], i: int) -> bool:
    """True if a line starts at a token that can only be a statement of its own, even in open brackets."""
    if i == 0 or tokens[i - 1].type != "NEWLINE":
        return False
    rest = (tokens[k] for k in range(i, len(tokens)))
    line = list(takewhile(lambda token: token.type != "NEWLINE", rest))
    return _opens_statement(line) or _is_formula(line)


def _is_formula(line: list[Token]) -> bool:
    """True if a line has a `~`, before which it closes no bracket but its own."""
    depth = 0
    for token in line:
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        if depth < 0 or token.type == "TILDE":
            return depth >= 0
    return False


def _split(tokens: list[Token], unclosed: set[int | None]) -> Iterator[list[Token]]:
    """Statements, cut at the line ends that nothing carries on over."""
    statement: list[Token] = []
    depth, at_line_end, lost = 0, False, False
    for i, token in enumerate(tokens):
        if token.type == "NEWLINE":
            at_line_end = True
            continue
        if at_line_end and statement and depth == 0:
            goes_on = not _starts_afresh(tokens, i) if lost else _joined(statement[-1], tokens[i : i + 2])
            if not goes_on:
                yield statement
                statement, lost = [], False
        at_line_end = False
        statement.append(token)
        if token.start_pos in unclosed:
            lost = True
        else:
            depth += (token.type == "LPAR") - (token.type == "RPAR")
    if statement:
        yield statement


def _joined(last: Token, line: list[Token]) -> bool:
    """True if a line, of which the first two tokens are given, carries on the statement before it."""
    # After an operator left dangling, a line that can only be a statement is one: the mistake is
    # then reported where it was made.
    return line[0].type in _JOINING or (last.type in _JOINING and not _opens_statement(line, misspelt=True))


def _opens_statement(line: list[Token], *, misspelt: bool = False) -> bool:
    """True for a line that a keyword, or what is nearly one, opens with an operand after it."""
    if len(line) < 2 or line[1].type not in _OPERANDS:
        return False
    return line[0] in KEYWORDS or (
        misspelt
        and line[0].type == "NAME"
        and len(line[0]) > 3
        and did_you_mean(line[0], KEYWORDS) is not None
    )


def _with_keyword(statement: list[Token]) -> list[Token]:
    first, following = statement[0], statement[1] if len(statement) > 1 else None
    formula = any(token.type == "TILDE" for token in statement)
    if first.type != "NAME" or (formula and following is not None and following.type in OPERATORS):
        return statement
    if first in KEYWORDS:
        return [first.update(type=first.upper()), *statement[1:]]
    if not formula:
        _refuse(statement)
    return statement


def _refuse(statement: list[Token]) -> None:
    """Tell a misspelt keyword from a formula that lacks its `~`."""
    types = [token.type for token in statement]
    worded = len(types) > 1 and types[1] in (*_OPERANDS, "EQUALS") and "BAR" not in types
    if worded:
        raise SpecSyntaxError(
            f"unknown statement '{statement[0]}'",
            hint=did_you_mean_or_list(str(statement[0]), KEYWORDS),
            span=span(statement[0]),
            code="G055",
        )
    raise SpecSyntaxError(
        "this is neither a statement nor a formula: it has no ~",
        hint="a formula reads response ~ fixed terms | random terms",
        span=span(statement[0], statement[-1]),
        code="G056",
    )
