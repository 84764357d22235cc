"""Formulas against what R's model.matrix and lme4's lFormula make of them.

What R makes is in tests/reference/formulas/golden.json; where we differ on purpose, docs/formulas.md lists
every formula of the corpus that does, under the kind of the difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmmspec.design import Design, RandomEffects, bind
from glmmspec.errors import GlmmSpecError
from glmmspec.grammar import parse

CORPUS = Path(__file__).parent / "reference/formulas"
PAGE = Path(__file__).parents[1] / "docs/formulas.md"
GOLDEN = json.loads((CORPUS / "golden.json").read_text())
RELATIVE = 1e-11
"""Both sides compute in double precision: splines and orthogonal polynomials differ by rounding alone."""


def _frames() -> dict[str, pd.DataFrame]:
    frames = {}
    for name, given in json.loads((CORPUS / "frames.json").read_text()).items():
        frame = pd.DataFrame(given["columns"])
        for column, levels in given["levels"].items():
            frame[column] = pd.Categorical(frame[column], levels, ordered=column in given["ordered"])
        frames[name] = frame.assign(response=1, grouping=[f"group {i % 3}" for i in range(len(frame))])
    return frames


FRAMES = _frames()


def _documented() -> dict[str, set[str]]:
    """The formulas under each kind of difference in the page's tables."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return {section.split("\n")[0]: set(_first_cells(section)) for section in sections}


def _first_cells(section: str) -> Iterator[str]:
    for cell in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE):
        yield from (formula.replace(r"\|", "|") for formula in re.findall(r"`(.+?)`", cell))


DOCUMENTED = _documented()


def fixed_design(entry: dict[str, Any]) -> Design:
    text = f"family poisson\nresponse ~ {entry['formula']} | grouping\n"
    return bind(parse(text), FRAMES[entry["frame"]])


def r_matrix(entry: dict[str, Any]) -> np.ndarray:
    columns = GOLDEN["columns"][entry["frame"]]
    rows = len(FRAMES[entry["frame"]])
    return np.array([columns[name] for name in entry["columns"]], dtype=float).reshape(-1, rows).T


def as_written(name: str) -> str:
    """A column's name with the variables of an interaction in one order."""
    return ":".join(sorted(name.split(":")))


def same_space(a: np.ndarray, b: np.ndarray) -> bool:
    rank = np.linalg.matrix_rank
    return bool(rank(a) == rank(b) == rank(np.hstack([a, b])))


def difference(entry: dict[str, Any]) -> str:
    """The kind of difference from R, as the page names it, or none."""
    try:
        design = fixed_design(entry)
    except GlmmSpecError:
        return "Refused here"
    names, matrix = list(design.coefficients), r_matrix(entry)
    if names == entry["columns"]:
        np.testing.assert_allclose(design.x, matrix, rtol=RELATIVE, atol=RELATIVE)
        return ""
    assert same_space(design.x, matrix)
    assert design.x.shape[1] == entry["rank"]
    if entry["rank"] < len(entry["columns"]):
        return "Columns that R makes one too many of"
    if not np.allclose(design.x, matrix, rtol=RELATIVE, atol=RELATIVE):
        return "Ordered factors"
    if [as_written(name) for name in names] == [as_written(name) for name in entry["columns"]]:
        return "The order of variables in an interaction"
    return "Numbers in names"


def label(entry: dict[str, Any]) -> str:
    return f"{entry['frame']}: {entry['formula']}"


@pytest.mark.parametrize("entry", GOLDEN["fixed"], ids=label)
def test_the_model_matrix_is_rs_or_differs_as_the_page_says(entry: dict[str, Any]) -> None:
    listed = [kind for kind, formulas in DOCUMENTED.items() if entry["formula"] in formulas]
    assert difference(entry) == "".join(listed)


def test_the_page_lists_formulas_of_the_corpus_only() -> None:
    corpus = {entry["formula"] for entry in (*GOLDEN["fixed"], *GOLDEN["random"])}
    assert set().union(*DOCUMENTED.values()) <= corpus


def test_the_golden_file_is_of_these_formulas() -> None:
    for kind, least in (("fixed", 150), ("random", 30)):
        lines = (CORPUS / f"{kind}.tsv").read_text().splitlines()
        written = [tuple(line.split("\t")[:2]) for line in lines]
        assert written == [(entry["frame"], entry["formula"]) for entry in GOLDEN[kind]]
        assert len(set(written)) == len(written) >= least


def _parts(grouping: str) -> frozenset[str]:
    """The columns of a grouping: lme4 writes the innermost of nested ones first, `c:(b:a)`."""
    return frozenset(re.sub(r"[()]", "", grouping).split(":"))


def rows(codes: Any, levels: Any, values: Any) -> list[tuple[frozenset[str], float]]:
    """What lme4's Z holds in each row: the level, as the set of its parts, and the value."""
    return [
        (frozenset(str(levels[code]).split(":")), value) for code, value in zip(codes, values, strict=True)
    ]


def random_terms(design: Design) -> dict[tuple[str, str], RandomEffects]:
    return {(term.grouping, str(term.multiplier or "(Intercept)")): term for term in design.random}


def lme4_terms(entry: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(term["grouping"], term["multiplier"]): term for term in entry["terms"]}


NOTATIONS = [
    (entry, right)
    for entry, line in zip(GOLDEN["random"], (CORPUS / "random.tsv").read_text().splitlines(), strict=True)
    for right in (f"1 + {entry['formula']}", f"1 | {line.split(chr(9))[2]}")
    if not right.endswith("| ")
]


@pytest.mark.parametrize(("entry", "right"), NOTATIONS, ids=[right for _, right in NOTATIONS])
def test_random_terms_are_lme4s_or_named_as_the_page_says(entry: dict[str, Any], right: str) -> None:
    design = bind(parse(f"family poisson\nresponse ~ {right}\n"), FRAMES[entry["frame"]])
    ours, theirs = random_terms(design), lme4_terms(entry)
    if entry["formula"] in DOCUMENTED["The order of nested groupings"]:
        assert ours.keys() != theirs.keys()
        ours = {(_parts(g), m): term for (g, m), term in ours.items()}  # type: ignore[misc]
        theirs = {(_parts(g), m): term for (g, m), term in theirs.items()}  # type: ignore[misc]
    else:
        for key, term in theirs.items():
            assert ours[key].levels == tuple(term["levels"])
            assert ours[key].codes.tolist() == term["codes"]
    assert ours.keys() == theirs.keys()
    for key, term in theirs.items():
        mine = ours[key]
        assert len(mine.levels) == len(term["levels"])
        for (level, value), (level_there, value_there) in zip(
            rows(mine.codes, mine.levels, mine.values),
            rows(term["codes"], term["levels"], term["values"]),
            strict=True,
        ):
            assert level == level_there
            assert value == pytest.approx(value_there, rel=RELATIVE)
