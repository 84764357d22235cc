"""The syntax errors we know how to explain.

Each kind of mistake is shown by an example. The parser runs over the example once, and the state
and the token it stops at are then the signature by which the same mistake is known in any text.
The table (`glmmspec.mistakes`) is also the test of the parser's errors: every example must be answered by
its message.
"""

from __future__ import annotations

import unicodedata

from lark import Lark, Token
from lark.exceptions import UnexpectedToken

from glmmspec.errors import Span, SpecSyntaxError
from glmmspec.grammar.layout import OPERATORS, span
from glmmspec.mistakes.mistake import Mistake
from glmmspec.mistakes.syntax import STATES

Key = tuple[str, int, str]
"""Where the parser stops: the statement's keyword, its state, and the type of the token it cannot take."""


def table(parser: Lark) -> dict[Key, Mistake]:
    """The mistakes by where the parser stops at their examples; the first to stop there counts."""
    known: dict[Key, Mistake] = {}
    for mistake in STATES:
        for example in mistake.examples:
            try:
                parser.parse(example)
            except UnexpectedToken as error:
                known.setdefault(_key(error), mistake)
    return known


def explain(error: UnexpectedToken, known: dict[Key, Mistake]) -> SpecSyntaxError:
    """The error to show for what the parser could not read."""
    token = error.token
    keyword, state, type_ = _key(error)
    # A mistake inside an expression is the same whatever statement the expression stands in.
    mistake = known.get((keyword, state, type_)) or known.get(("", state, type_)) or _by_tokens(error)
    if mistake is not None:
        return SpecSyntaxError(mistake.message, hint=mistake.hint, span=span(token), code=mistake.code)
    what = "the end of the statement" if token.type == "_END" else f"'{token}'"
    return SpecSyntaxError(f"{what} is out of place here", span=span(token), code="G057")


def _by_tokens(error: UnexpectedToken) -> Mistake | None:
    """The mistake that the two tokens where the parser stops show by themselves."""
    before = next(reversed(error.state.value_stack), None)
    kind = before.type if isinstance(before, Token) else ""
    if kind in OPERATORS and error.token.type in ("_END", "RPAR", "COMMA", "BAR", "BARS"):
        return _CODES["G011"]
    if kind in {*OPERATORS, "LPAR", "COMMA"} and error.token.type in OPERATORS:
        return _CODES["G012"]
    return None


_CODES = {mistake.code: mistake for mistake in STATES}


def bad_character(text: str, at: int) -> SpecSyntaxError:
    """The error for a character that starts no token."""
    character = text[at]
    place = Span(at, at + 1)
    if character in "\"'`":
        return SpecSyntaxError(
            f"the {character} is not closed on its line",
            hint=f"close it with {character}",
            span=place,
            code="G053",
        )
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    named = unicodedata.name(character, "")
    message = f"unexpected character {shown}" + (f" ({named.lower()})" if not character.isascii() else "")
    return SpecSyntaxError(message, hint=_LOOKALIKES.get(character), span=place, code="G054")


_LOOKALIKES = {
    **dict.fromkeys("“”‟„«»", 'use straight quotes, "'),
    **dict.fromkeys("‘’‛‚´", "use straight quotes, '"),
    **dict.fromkeys("−–—‐‑", "use the hyphen, -"),
    **dict.fromkeys("∼˜～", "use the tilde, ~"),
    **dict.fromkeys("×∗·", "use *"),
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", "use an ordinary space"),
    **dict.fromkeys("[]{}", "use round brackets"),
    ".": ". for all other columns is not available: name the columns",
    "%": "the only operator of this kind is %in%",
    "&": "write the product of two comparisons, I((a > 1) * (b > 1))",
    "!": "write != to compare",
    ";": "put each statement on its own line",
    "\r": "save the file with the line ends of Unix or Windows",
}


def _key(error: UnexpectedToken) -> Key:
    on_stack = [value for value in error.state.value_stack if isinstance(value, Token)]
    keyword = next((str(token) for token in on_stack if token.type == token.upper()), "")
    return keyword, error.state.position, error.token.type
