"""Where statements end, and which names are keywords."""

from __future__ import annotations

import pytest

from glmmspec.grammar import parse
from glmmspec.grammar.layout import KEYWORDS
from glmmspec.grammar.nodes import Formula
from glmmspec.grammar.parser import parse_spec


@pytest.mark.parametrize(
    "text",
    [
        "y ~ a + b | g, h",
        "y ~ a +\n  b | g, h",
        "y ~ a\n  + b | g, h",
        "y ~ a\n\n\n  + b\n  | g, h",
        "y ~ a + b | g,\n  h",
        "y ~ a + b | g\n  , h",
        "y\n~\na + b |\n\ng, h",
        "y ~ a + # first\n # between\n b | g, h # last",
        "y ~ (a\n+\nb\n) | g, h",
        "\r\ny ~ a +\r\n  b | g, h\r\n",
        "\ufeffy ~ a\t+ b | g, h",
    ],
)
def test_one_statement_over_several_lines(text: str) -> None:
    assert parse(text, family="poisson").formula == "y ~ a + b | g, h"


def test_lines_that_nothing_joins_are_statements() -> None:
    spec = parse_spec("family poisson\ny ~ a | g\n\nweights w # one\nmissing drop")
    assert len(spec.statements) == 4


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_keyword_is_a_name_everywhere_but_at_the_start(keyword: str) -> None:
    model = parse(f"{keyword} ~ x{keyword} + {keyword}.2 | g:{keyword}.3", family="poisson")
    assert model.formula == f"{keyword} ~ x{keyword} + {keyword}.2 | g:{keyword}.3"
    assert parse(f"y ~ {keyword} | {keyword}", family="poisson").formula == f"y ~ {keyword} | {keyword}"
    for response in (f"{keyword} * 2", f"{keyword} - 1", f"{keyword} > 2"):
        (formula,) = parse_spec(f"{response} ~ x | g").statements
        assert isinstance(formula, Formula)
        assert str(formula.response) == response


@pytest.mark.parametrize("keyword", ["weights", "offset"])
def test_a_keyword_before_a_sign_or_bracket_stays_one(keyword: str) -> None:
    for expression in ("-x", "(a + b)", "offset"):
        statement = parse_spec(f"{keyword} {expression}").statements[0]
        assert not isinstance(statement, Formula)
