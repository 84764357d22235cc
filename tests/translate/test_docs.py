"""The numbers of docs/translate.md are those of tests/reference; its table of programs is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import glmmspec as gs
from glmmspec.errors import TranslationError
from glmmspec.translation import TARGETS, translate
from tests.inference.test_murder import BY_LME4, loglik

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/translate.md").read_text()
LAPLACE = json.loads((ROOT / "tests/reference/lme4_laplace.json").read_text())["fits"]
EXACT = json.loads((ROOT / "tests/reference/mle.json").read_text())
EXACT["murder"] = {"variance": {"subject": BY_LME4[-1]}, "loglik": loglik(BY_LME4)}

DATA = "data salamander\nfamily {}\n{} ~ 0 + Cross | {}\n"
MODELS = {
    "terms that share a variance": DATA.format("bernoulli", "Mate", "V = Female, V = Male"),
    "one random coefficient, without a group": DATA.format("bernoulli", "Mate", "Male, I(Mate + 0.5)"),
    "an offset": DATA.format("poisson", "Mate", "Male") + "offset Mate",
    "weights, family poisson": DATA.format("poisson", "Mate", "Male") + "weights Mate + 0.5",
    "weights, families bernoulli and binomial": DATA.format("bernoulli", "Mate", "Male")
    + "weights Mate + 0.5",
}


def _rows(first: str) -> list[list[str]]:
    """The cells of the table whose first header is `first`."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_the_laplace_estimates() -> None:
    rows = _rows("example")[2:]
    assert len(rows) == sum(len(fit["variance"]) for fit in LAPLACE.values())
    for example, component, *numbers in rows:
        name = example.strip("`")
        laplace, exact = LAPLACE[name], EXACT.get({"grouseticks": "grouseticks_brood"}.get(name, name))
        wanted = [laplace["variance"][component], exact and exact["variance"][component]]
        wanted += [laplace["loglik"], exact and exact["loglik"]]
        for shown, value in zip(numbers, wanted, strict=True):
            if shown:
                assert shown == f"{value:.3f}"
            else:
                assert component == "Male"


@pytest.mark.parametrize("feature", MODELS)
def test_what_each_program_takes(feature: str) -> None:
    header, _, *rows = _rows("the spec has")
    cells = next(row[1:] for row in rows if row[0] == feature)
    assert header[1:] == ["glmm", "lme4", "glmmTMB", "brms", "bambi"]
    for to, cell in zip(header[1:], cells, strict=True):
        if cell == "yes":
            translate(gs.parse(MODELS[feature]), to)
        else:
            with pytest.raises(TranslationError):
                translate(gs.parse(MODELS[feature]), to)


def test_every_program_is_in_the_table() -> None:
    assert sorted(_rows("the spec has")[0][1:]) == sorted(TARGETS)


def test_the_examples_have_translations_to_every_program() -> None:
    for spec in sorted((ROOT / "examples").glob("*.glmm")):
        for to in TARGETS:
            assert re.search(r"^(fit <-|model =) ", translate(gs.read(spec), to), flags=re.MULTILINE)
