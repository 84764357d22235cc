"""Layout: where statements end, and which names are keywords, told from the stream of tokens.

A statement ends at the end of its line, unless a bracket is open, the line ends in an operator or
a comma, or the next line starts with one. A name is a keyword only where it opens a statement, so
that columns may be called `data`, `weights` or `levels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token
from lark.lark import PostLex

from glmmspec.errors import Span, SpecSyntaxError, did_you_mean_or_list
from glmmspec.functions import MAX_DEPTH

KEYWORDS = (
    "title", "data", "family", "levels", "factor", "weights", "offset", "missing", "prior", "solver",
    "sampler",
)  # fmt: skip
"""The names that open a statement."""

OPERATORS = {"COMPARE", "CARET", "IN", "BARS", "BAR", "PLUS", "MINUS", "STAR", "SLASH", "COLON", "TILDE"}
_JOINING = OPERATORS | {"EQUALS", "COMMA"}
_OPERANDS = {"NAME", "QUOTED", "STRING", "NUMBER"}


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
        for statement in statements(stream):
            yield from statement
            # It stands where the last token does, so that an error at it points to text.
            yield Token.new_borrow_pos("_END", "", statement[-1])


def statements(stream: Iterable[Token]) -> Iterator[list[Token]]:
    """The tokens of each statement, without line ends, the keyword that opens it retagged."""
    tokens = list(stream)
    _check_brackets(tokens)
    for statement in _split(tokens):
        yield _with_keyword(statement)


def span(first: Token, last: Token | None = None) -> Span:
    """Where a token stands, or a run of tokens from the first to the last."""
    return Span(first.start_pos or 0, (last or first).end_pos or 0)


def _check_brackets(tokens: list[Token]) -> None:
    unclosed: list[Token] = []
    for token in tokens:
        if token.type == "LPAR":
            unclosed.append(token)
            if len(unclosed) > MAX_DEPTH:
                raise SpecSyntaxError(f"brackets are nested more than {MAX_DEPTH} deep", span=span(token))
        elif token.type == "RPAR":
            if not unclosed:
                raise SpecSyntaxError("this bracket closes nothing", hint="remove it", span=span(token))
            unclosed.pop()
    if unclosed:
        raise SpecSyntaxError("this bracket is never closed", hint="add a )", span=span(unclosed[-1]))


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    """Statements, cut at the line ends that nothing carries on over."""
    statement: list[Token] = []
    depth, at_line_end = 0, False
    for i, token in enumerate(tokens):
        if token.type == "NEWLINE":
            at_line_end = True
            continue
        if at_line_end and statement and depth == 0 and not _joined(statement[-1], tokens[i : i + 2]):
            yield statement
            statement = []
        at_line_end = False
        statement.append(token)
        depth += (token.type == "LPAR") - (token.type == "RPAR")
    if statement:
        yield statement


def _joined(last: Token, line: list[Token]) -> bool:
    """True if a line, of which the first two tokens are given, carries on the statement before it."""
    # After an operator left dangling, a line that can only be a statement is one: the mistake is
    # then reported where it was made.
    opens_statement = line[0] in KEYWORDS and len(line) > 1 and line[1].type in _OPERANDS
    return line[0].type in _JOINING or (last.type in _JOINING and not opens_statement)


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
        )
    raise SpecSyntaxError(
        "this is neither a statement nor a formula: it has no ~",
        hint="a formula reads response ~ fixed terms | random terms",
        span=span(statement[0], statement[-1]),
    )
