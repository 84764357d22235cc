"""The syntax errors we know how to explain.

Each kind of mistake is shown by an example. The parser runs over the example once, and the state
and the token it stops at are then the signature by which the same mistake is known in any text.
The table is also the test of the parser's errors: every example must be answered by its message.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from lark import Lark, Token
from lark.exceptions import UnexpectedToken

from glmmspec.errors import Span, SpecSyntaxError
from glmmspec.grammar.layout import span

Key = tuple[str, int, str]
"""Where the parser stops: the statement's keyword, its state, and the type of the token it cannot take."""


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: what to say, what to do about it, and texts that make it."""

    message: str
    hint: str
    examples: tuple[str, ...]


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "a random part with no grouping",
        "name a grouping factor after |, as in y ~ x | group",
        ("y ~ x |", "y ~ x | , b", "y ~ x | a, , b", "y ~ x | a,"),
    ),
    Mistake(
        "this group has no grouping factor",
        "name it after |, as in (1 | group)",
        ("y ~ (1 | )", "y ~ (x || )"),
    ),
    Mistake(
        "this group does not say what varies",
        "write 1 for an intercept, as in (1 | group)",
        ("y ~ x + ( | group)", "y ~ x + ( || group)"),
    ),
    Mistake(
        "a component without its term",
        "as in y ~ x | F = Female",
        ("y ~ x | F =", "y ~ x | F = , b"),
    ),
    Mistake(
        "a second | in one formula",
        "separate random terms by commas, as in y ~ x | a, b",
        ("y ~ x | a | b", "y ~ x | 1 | b", "y ~ x | (a) | b", "y ~ x | a:b | c", "y ~ x | 0 + a | b",
         "y ~ x | a/b | c", "y ~ x | log(a) | b"),
    ),
    Mistake(
        "|| stands only inside brackets",
        "as in y ~ z + (x || group)",
        ("y ~ x || g",),
    ),
    Mistake(
        "nothing stands left of ~",
        "name the response there",
        ("~ x | g",),
    ),
    Mistake(
        "nothing stands right of ~",
        "write 1 for the intercept alone",
        ("y ~", "y ~ | g"),
    ),
    Mistake(
        "a second ~ in one formula",
        "start the next statement on a line of its own",
        ("y ~ x ~ z", "y ~ x | g ~ z"),
    ),
    Mistake(
        "~ belongs to a formula",
        "start the formula on a line of its own, with the response",
        ("family poisson ~ x", "title 'a' ~ x", "data a ~ x", "missing drop ~ x", "factor a ~ x",
         "levels x = a ~ x", "weights w ~ x", "offset w ~ x", "solver seed = 1 ~ x"),
    ),
    Mistake(
        "an operator with nothing after it",
        "a line that ends in an operator goes on in the next",
        ("y ~ x +", "y ~ x *", "y ~ x:", "y ~ x %in%", "y ~ x ^", "y ~ x + -", "y ~ I(x >)",
         "y ~ x + | g", "y ~ x:| g", "y ~ x %in% | g", "y ~ x ^ | g", "y ~ x + - | g"),
    ),
    Mistake(
        "an operator with nothing before it",
        "put a term on its left",
        ("y ~ * x", "y ~ : x", "y ~ x + * z", "y ~ %in% x", "y ~ / x", "y ~ ^ x", "y ~ > x"),
    ),
    Mistake(
        "comparisons do not chain",
        "write a < b < c as I((a < b) * (b < c))",
        ("y ~ I(a < b < c)",),
    ),
    Mistake(
        "an operator is missing",
        "terms are joined by +, : or *, and a new statement starts on a new line",
        tuple(
            f"y ~ {left} {right}"
            for left in ("a", "1", "`a`", "'a'", "(a)", "log(x)", "(1 | g)")
            for right in ("b", "1", "`b`", "'b'", "(b)")
            if (left, right) != ("a", "(b)")
        ),
    ),
    Mistake(
        "empty brackets",
        "put a term inside",
        ("y ~ ()",),
    ),
    Mistake(
        "a comma out of place",
        "fixed terms are joined by +; commas separate random terms, after |",
        ("y ~ a, b", "y ~ (a, b)", "y ~ , a"),
    ),
    Mistake(
        "an argument is missing",
        "remove the comma, or write the argument",
        ("y ~ log(x, )", "y ~ log(, x)"),
    ),
    Mistake(
        "= compares nothing",
        "write == to compare",
        ("y ~ a = b", "y ~ I(x + 1 = 2)", "y ~ (a = b)"),
    ),
    Mistake(
        "a keyword stands before its value without =",
        "as in family bernoulli",
        ("family = bernoulli", "title = 'a'", "data = a", "missing = drop", "weights = w", "offset = w"),
    ),
    Mistake(
        "a title is a text in quotes",
        'as in title "Salamander mating"',
        ("title Salamander", "title 1", "title", "title 'a' 'b'"),
    ),
    Mistake(
        "data takes the name of a shipped data set, or a file's path in quotes",
        'as in data salamander, or data "mating.csv"',
        ("data", "data a.csv/b", "data a 'b'", "data 1"),
    ),
    Mistake(
        "family takes one name",
        "as in family bernoulli",
        ("family", "family 'poisson'", "family 1", "family a b", "family poisson(link = log)"),
    ),
    Mistake(
        "missing takes fail or drop",
        "as in missing drop",
        ("missing", "missing 1", "missing a b", "missing 'drop'"),
    ),
    Mistake(
        "levels names a column and lists its levels",
        'as in levels trt = placebo, drug, "drug+"',
        ("levels", "levels trt", "levels trt placebo", "levels trt =", "levels 1", "levels trt = ,",
         "levels = a, b"),
    ),
    Mistake(
        "levels are separated by commas, and one with spaces or signs stands in quotes",
        'as in levels trt = placebo, drug, "drug+"',
        ("levels trt = a b", "levels trt = drug+, a", "levels trt = a,", "levels trt = a 'b'",
         "levels trt = 1 2", "levels trt = a-b", "levels trt = a/b", "levels trt = -a", "levels trt = a = b"),
    ),
    Mistake(
        "factor lists columns, separated by commas",
        "as in factor week, ID",
        ("factor", "factor (week)", "factor 1", "factor a b", "factor 'a'", "factor a,", "factor = a",
         "factor a + b", "factor a = b"),
    ),
    Mistake(
        "this statement takes one expression",
        "as in weights w, or offset log(exposure)",
        ("weights", "offset", "weights a, b", "weights |"),
    ),
    Mistake(
        "a prior reads: prior target ~ distribution",
        "as in prior fixed ~ normal(0, 5), or prior sd(F) ~ half_normal(1)",
        ("prior", "prior fixed", "prior fixed ~", "prior fixed normal(0, 1)", "prior fixed = normal(0, 1)",
         "prior fixed, a ~ flat", "prior fixed ~ flat, flat"),
    ),
    Mistake(
        "options read: name = value, name = value",
        "as in solver seed = 1234, draws = 10000",
        ("solver", "solver seed", "solver seed 1", "solver seed =", "solver 1", "solver seed = 1 draws = 2",
         "solver seed = 1,", "solver seed = ()", "solver seed = (1,)",
         "solver seed = 1 + 1", "solver = 1", "sampler", "solver seed = a(1)", "solver 'seed' = 1",
         "solver seed = (1 2)", "solver seed = -a", "solver seed = = 1", "solver seed = +1"),
    ),
)  # fmt: skip
"""Every kind of syntax error with a message of its own."""


def table(parser: Lark) -> dict[Key, Mistake]:
    """The mistakes by where the parser stops at their examples; the first to stop there counts."""
    known: dict[Key, Mistake] = {}
    for mistake in MISTAKES:
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
    mistake = known.get((keyword, state, type_)) or known.get(("", state, type_))
    if mistake is not None:
        return SpecSyntaxError(mistake.message, hint=mistake.hint, span=span(token))
    what = "the end of the statement" if token.type == "_END" else f"'{token}'"
    return SpecSyntaxError(f"{what} is out of place here", span=span(token))


def bad_character(text: str, at: int) -> SpecSyntaxError:
    """The error for a character that starts no token."""
    character = text[at]
    place = Span(at, at + 1)
    if character in "\"'`":
        return SpecSyntaxError(
            f"the {character} is not closed on its line", hint=f"close it with {character}", span=place
        )
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    named = unicodedata.name(character, "")
    message = f"unexpected character {shown}" + (f" ({named.lower()})" if not character.isascii() else "")
    return SpecSyntaxError(message, hint=_LOOKALIKES.get(character), span=place)


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
