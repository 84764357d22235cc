"""The two notations of equations: plain text and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from glmmspec.errors import printable

Line = tuple[str, str, str]
"""Left-hand side, relation (`~`, `=` or none), and right-hand side, perhaps of several lines."""


@dataclass(frozen=True)
class Notation:
    """How the parts of a model are written: patterns with `%`, and functions.

    Attributes
    ----------
    name
        A name from the model made safe.
    row, times
        The value of a name in row i, and what stands between factors.
    families, links
        The distribution (of a binomial, with its trials), and the link of its mean.
    given
        A response, given the random effects.
    coefficient, variance
        A parameter, by its number and by its name.
    effect, group, lone_effect
        An effect of a term and a group, the group of row i, and an effect without a group.
    normal, levels
        The distribution of the effects, and how many there are.
    outcome
        Which levels of a response that is a factor are 1 and 0.
    weighted
        What a weight does.
    note
        Words.
    width
        Characters of the linear predictor that one line takes.
    page
        Lines laid out.
    """

    name: Callable[[str], str]
    row: str
    times: str
    families: dict[str, str]
    links: dict[str, str]
    given: str
    coefficient: str
    variance: str
    effect: str
    group: str
    lone_effect: str
    normal: str
    levels: str
    outcome: str
    weighted: str
    note: str
    width: int
    page: Callable[[list[Line]], str]


def _text_name(name: str) -> str:
    """A name, in parentheses unless it is plain."""
    return printable(name) if re.fullmatch(r"[^\W\d][\w.]*", name) else f"({printable(name)})"


def _text_page(lines: list[Line]) -> str:
    width = max(len(left) for left, _, _ in lines)
    indent = "\n" + " " * (width + 3)
    rows = [f"{left:{width}} {relation:1} {right}" for left, relation, right in lines]
    return "".join(row.replace("\n", indent) + "\n" for row in rows)


_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def _latex_name(name: str) -> str:
    """A name as upright text, with every character escaped that LaTeX would obey."""
    return rf"\text{{{''.join(_ESCAPES.get(character, character) for character in printable(name))}}}"


def _latex_page(lines: list[Line]) -> str:
    relations = {"~": r"\sim ", "=": "= "}
    rows = [f"{left} &{relations.get(relation, '')}{right}" for left, relation, right in lines]
    body = " \\\\\n".join(row.replace("\n", " \\\\\n&\\quad ") for row in rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


NOTATIONS = {
    "text": Notation(
        name=_text_name,
        row="%s[i]",
        times=" ",
        families={
            "bernoulli": "Bernoulli(p[i])",
            "binomial": "Binomial(%s, p[i])",
            "poisson": "Poisson(mu[i])",
        },
        links={"logit": "logit(p[i])", "log": "log(mu[i])"},
        given="%s | u",
        coefficient="beta%d",
        variance="nu^%s",
        effect="u^%s[%s]",
        group="%s[i]",
        lone_effect="u^%s",
        normal="N(0, %s), independent",
        levels=", j = 1, ..., %d",
        outcome="%s is 1 for %s, 0 for %s",
        weighted="the log density of row i counts %s times",
        note="%s",
        width=80,
        page=_text_page,
    ),
    "latex": Notation(
        name=_latex_name,
        row="%s_i",
        times=r" \, ",
        families={
            "bernoulli": r"\operatorname{Bernoulli}(p_i)",
            "binomial": r"\operatorname{Binomial}(%s, p_i)",
            "poisson": r"\operatorname{Poisson}(\mu_i)",
        },
        links={"logit": r"\log \frac{p_i}{1 - p_i}", "log": r"\log \mu_i"},
        given=r"%s \mid u",
        coefficient=r"\beta_{%d}",
        variance=r"\nu_{%s}",
        effect="u^{%s}_{%s}",
        group="%s(i)",
        lone_effect="u^{%s}",
        normal=r"N(0, %s) \text{, independent}",
        levels=r", \quad j = 1, \dots, %d",
        outcome=r"%s \text{ is 1 for } %s, \text{ 0 for } %s",
        weighted=r"\text{the log density of row } i \text{ counts } %s \text{ times}",
        note=r"\text{%s}",
        width=120,
        page=_latex_page,
    ),
}
"""By the name of the format."""
