"""Texts of specs: of the grammar, of its tokens in any order, and formulas on the columns of a data frame."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from glmmspec.expression import quoted_name
from glmmspec.functions import ELEMENTWISE
from glmmspec.grammar import parser
from glmmspec.grammar.layout import KEYWORDS, Layout

NAMES = ("y", "x", "g", "x.1", "sd", "poisson", "log", "I", "normal", "é", *KEYWORDS)
NUMBERS = ("0", "1", "2", "0.5", ".5", "1e3", "12")
TOKENS = (
    *"~|+-*/^:(),=<'\"`.#\n\r\0 ", "||", "%in%", "**", "==", "y ", "x ", "g ", "1", "0",
    "poisson ", "sd(", "log(", *(f"\n{keyword} " for keyword in KEYWORDS),
)  # fmt: skip


@cache
def of_grammar() -> st.SearchStrategy[str]:
    """Texts that the grammar makes; Hypothesis knows no layout, so what Layout makes is given as text."""
    explicit = {
        **{keyword.upper(): st.just(f"\n{keyword} ") for keyword in KEYWORDS},
        "_END": st.just("\n"),
        "COMMENT": st.just(" # a comment\n"),
        "NAME": st.sampled_from(NAMES),
        "NUMBER": st.sampled_from(NUMBERS),
    }
    read = Lark.open("glmmspec.lark", rel_to=parser.__file__, parser="lalr", lexer="basic", postlex=Layout())
    return from_lark(read, explicit=explicit)


@cache
def of_tokens() -> st.SearchStrategy[str]:
    """Tokens in any order."""
    return st.lists(st.sampled_from(TOKENS), max_size=30).map("".join)


@cache
def texts() -> st.SearchStrategy[str]:
    """All of these, and any text."""
    in_formula = st.lists(st.sampled_from(TOKENS), max_size=8).map(lambda t: f"y ~ {''.join(t)} | g")
    return of_tokens() | in_formula | of_grammar() | st.text(max_size=40)


def formulas_on(columns: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Specs whose formulas are of these columns, and now and then of one that is not there."""
    name = st.sampled_from([quoted_name(column) for column in columns if column] or ["absent"])
    name = st.one_of(name, name, name, name, st.just("absent"))
    call = st.builds(lambda f, x: f"{f}({x})", st.sampled_from((*ELEMENTWISE, "factor")), name)
    several = st.builds(
        lambda f, x, n: f"{f}({x}, {n})", st.sampled_from(("poly", "bs")), name, st.integers(1, 6)
    )
    compared = st.builds(lambda a, o, b: f"I({a} {o} {b})", name, st.sampled_from("+-*/^<>"), name)
    variable = name | call | several | compared
    product = st.lists(variable, min_size=1, max_size=3).map(":".join)
    fixed = st.lists(product | st.just("0") | st.just("1"), min_size=1, max_size=4).map(" + ".join)
    slope = st.builds(lambda x, g: f"(0 + {x} | {g})", variable, name)
    random = st.lists(name | product | slope, min_size=1, max_size=2).map(", ".join)
    response = name | st.builds(lambda a, b: f"cbind({a}, {b})", name, name)
    statement = st.sampled_from(("weights", "offset", "factor")).flatmap(
        lambda keyword: name.map(lambda x: f"{keyword} {x}\n")
    ) | st.just("missing drop\n")
    family = st.sampled_from(("poisson", "bernoulli", "binomial"))
    return st.builds(
        lambda f, y, x, z, more: f"family {f}\n{y} ~ {x} | {z}\n{''.join(dict.fromkeys(more))}",
        family, response, fixed, random, st.lists(statement, max_size=2),
    )  # fmt: skip
