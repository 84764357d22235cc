"""The canonical layout of a spec's text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmmspec.errors import SpecSyntaxError
from glmmspec.grammar import format_text, parse
from glmmspec.ir import Model
from tests.strategies import models


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("# only a comment", "# only a comment\n"),
        ("y~0+a*b|F=g,M=h", "y ~ 0 + a * b | F = g, M = h\n"),
        ("y ~ a : b+a^2+(a+b)**2 - c %in% d", "y ~ a:b + a^2 + (a + b)^2 - c %in% d\n"),
        ("y~- 1+x+I( - a*-b )", "y ~ -1 + x + I(-a * -b)\n"),
        ("y~x+( 1|g )+(x||h)", "y ~ x + (1 | g) + (x || h)\n"),
        ("y ~ bs( x,df=4 )", "y ~ bs(x, df = 4)\n"),
        ("levels  x=a,-1 ,'b c'", "levels x = a, -1, 'b c'\n"),
        ("prior sd( F )~normal( - 1,2 )", "prior sd(F) ~ normal(-1, 2)\n"),
        ("solver mixture=( 0.5,.5,0 ),seed=1", "solver mixture = (0.5, .5, 0), seed = 1\n"),
        ("offset(a+b)", "offset (a + b)\n"),
        ("title 'a'   #why", "title 'a'  #why\n"),
        ("y ~ a\n+b\n# c\n  |g", "y ~ a\n    + b\n    # c\n    | g\n"),
        ("y ~ log(\na\n)|g", "y ~ log(\n    a\n    ) | g\n"),
        ("\n\n# a\n\n\n\nweights w\n\n\n", "# a\n\nweights w\n"),
        ("family poisson\r\n  y ~ x|g\r\n", "family poisson\ny ~ x | g\n"),
        ("\ufeffy~x", "y ~ x\n"),
        ("  # before\n  y~x\n  # after", "# before\ny ~ x\n# after\n"),
    ],
)
def test_layout(text: str, expected: str) -> None:
    assert format_text(text) == expected
    assert format_text(expected) == expected


@given(models())
@settings(max_examples=30, deadline=None)
def test_the_text_of_a_model_is_in_canonical_layout(model: Model) -> None:
    text = str(model)
    formatted = format_text(text)
    assert format_text(formatted) == formatted
    assert parse(formatted) == model


def test_only_the_syntax_must_be_right() -> None:
    assert format_text("y ~ nosuch(x)") == "y ~ nosuch(x)\n"
    with pytest.raises(SpecSyntaxError, match=r"a.glmm:1:3: nothing stands right of ~"):
        format_text("y ~ ", name="a.glmm")


COMMENTED = st.lists(
    st.sampled_from(
        [
            "y ~ x",
            "+ (1 | g)",
            "family poisson",
            "levels x = a,",
            "b",
            "# c",
            "  # d  ",
            "\n",
            "\n\n",
            "(",
            ")",
            " ",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(COMMENTED)
@settings(max_examples=200, deadline=None)
def test_words_comments_and_line_ends_stay_in_their_places(text: str) -> None:
    try:
        formatted = format_text(text)
    except SpecSyntaxError:
        return
    assert _words(formatted) == _words(text)
    assert format_text(formatted) == formatted


def _words(text: str) -> list[list[str]]:
    """The words and comments of each line that has any."""
    lines = (
        line.replace("(", " ( ").replace(")", " ) ").replace(",", " ,").split() for line in text.splitlines()
    )
    return [line for line in lines if line]
