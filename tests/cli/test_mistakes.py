"""Every mistake that the language promises to answer: by place, cause and remedy, exit code 2, no output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.support import run

COLUMNS = {
    "y": [0, 1, 0, 1, 1, 0, 0, 1],
    "n": [2] * 8,
    "x": [0.5, 1.5, -1.0, 2.0, 0.0, 1.0, 3.0, 2.5],
    "gap": [1, "NA", 2, 3, "", 4, 5, 6],
    "a": list("ppqqppqq"),
    "one": ["k"] * 8,
    "text": list("klmnklmn"),
    "g": [1, 1, 2, 2, 3, 3, 4, 4],
    "row": list(range(8)),
}

# From the file's line 3 on; the place and the message that answer it, and what its remedy says.
MISTAKES = [
    ("y ~ (x | g", "3:5", "this bracket is never closed", "add a )"),
    ("y ~ x) | g", "3:6", "this bracket closes nothing", "remove it"),
    ("y x | g", "3:1", "this is neither a statement nor a formula: it has no ~", "response ~ fixed"),
    ("y ~ x | g\ny ~ a | g", "4:1", "a second formula", "remove one of them"),
    ("y ~ x | g\nfamly poisson", "4:1", "unknown statement 'famly'", "did you mean 'family'?"),
    ("y ~ lgo(x) | g", "3:5", "unknown function 'lgo'", "did you mean 'log'?"),
    ("y ~ x | g\nsolver sed = 1", "4:8", "unknown solver option 'sed'", "did you mean 'seed'?"),
    ("y ~ X | g", "3:5", "unknown column 'X' in data 'model.csv'", "did you mean 'x'?"),
    ("y ~ x | g\nprior sd(h) ~ flat", "4:7", "prior on unknown variance component 'h'", "known: g"),
    ("y ~ x | g\nprior z ~ flat", "4:7", "prior on unknown coefficient 'z'", "(Intercept), x"),
    ("y ~ x | g\nprior x ~ norml(0, 1)", "4:11", "unknown distribution 'norml'", "did you mean 'normal'?"),
    ("y ~ x | g\nsolver draws = ten", "4:8", "solver option draws = ten", "a whole number between 16"),
    ("y ~ x | g\nsolver draws = 1", "4:8", "solver option draws = 1", "a whole number between 16"),
    ("y ~ 0 + x + 1 | g", "3:13", "the intercept is both asked for and removed", "0 or -1 removes it"),
    ("y ~ x |", "3:7", "a random part with no grouping", "name a grouping factor after |"),
    ("y ~ x | g, g", "3:12", "the random term g is written twice", "remove one of them"),
    ("y ~ x^2 | g", "3:5", "x^2 is x alone", "write I(x^2)"),
    ("y ~ x | g\nweights text", "4:9", "the weights must be numeric, and text is a factor", "'k', 'l'"),
    ("y ~ x | g\noffset text", "4:8", "the offset must be numeric, and text is a factor", "'k', 'l'"),
    ("text ~ x | g", "3:1", "the response text must have two levels", "takes 0 and 1"),
    ("n ~ x | g", "3:1", "n = 2 is neither 0 nor 1 (row 1)", "takes 0 and 1"),
    ("y ~ x + gap | g", "3:9", "missing values in 'gap' (2 in all, the first in row 2)", "missing drop"),
    ("y ~ one | g", "3:5", "factor one has one level, 'k'", "take it out"),
    ("y ~ a + x + I(2 * x) | g", "3:13", "'I(2 * x)' is a combination of 'x'", "take these terms out"),
    ("y ~ x | one", "3:9", "the grouping one has one level, 'k'", "leave the term out"),
    ("y ~ x | row", "3:9", "the grouping row has as many levels as there are rows (8)", "group by something"),
]  # fmt: skip


@pytest.fixture
def folder(spec: Path) -> Path:
    rows = zip(*COLUMNS.values(), strict=True)
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    (spec.parent / "model.csv").write_text("\n".join(lines) + "\n")
    return spec.parent


def refused(spec: Path, text: str) -> str:
    """What `fit` says of a text that it refuses without writing anything."""
    spec.write_text(text)
    before = sorted(spec.parent.iterdir())
    result = run("fit", spec, "--output", spec.with_name("fit.json"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert sorted(spec.parent.iterdir()) == before
    return result.stderr


@pytest.mark.parametrize(("text", "place", "message", "remedy"), MISTAKES)
def test_is_answered_by_place_cause_and_remedy(
    spec: Path, folder: Path, text: str, place: str, message: str, remedy: str
) -> None:
    said = refused(spec, f'data "model.csv"\nfamily bernoulli\n{text}\n')
    assert said.startswith(f"{spec}:{place}: ")
    assert message in said
    assert remedy in said
    assert re.search(r"\n +\| +\^+", said)


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ("data cbbp\nfamily bernoulli", "1:6", "unknown data set 'cbbp'", "did you mean 'cbpp'?"),
        (
            'data "model.csv"\nfamily benoulli',
            "2:8",
            "unknown family 'benoulli'",
            "did you mean 'bernoulli'?",
        ),
    ],
)
def test_so_is_a_wrong_heading(
    spec: Path, folder: Path, text: str, place: str, message: str, remedy: str
) -> None:
    said = refused(spec, f"{text}\ny ~ x | g\n")
    assert said.startswith(f"{spec}:{place}: {message} [G1")
    assert remedy in said


def test_so_is_separation(spec: Path, folder: Path) -> None:
    said = refused(spec, 'data "model.csv"\nfamily bernoulli\ny ~ 0 + I(y == 1) | g\n')
    assert "I(y == 1)" in said
