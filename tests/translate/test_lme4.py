"""The translated calls of lme4 run, and give the Laplace estimates of tests/reference and of the docs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import glmmspec as gs
from glmmspec.ir import DataReference
from glmmspec.translation import translate
from tests.translate import r
from tests.translate.data import frame

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.glmm"))
GOLDEN = json.loads((ROOT / "tests/reference/lme4_laplace.json").read_text())["fits"]

needs_lme4 = pytest.mark.skipif(not r.has("lme4"), reason="needs R with lme4")


def _assert_same(found: dict[str, Any], wanted: dict[str, Any], tolerance: float) -> None:
    for part in ("fixed", "variance"):
        assert found[part] == pytest.approx(wanted[part], rel=tolerance, abs=tolerance)
    assert found["loglik"] == pytest.approx(wanted["loglik"], rel=tolerance, abs=tolerance)


def test_every_example_has_its_laplace_estimates() -> None:
    assert sorted(GOLDEN) == [spec.stem for spec in EXAMPLES]


@needs_lme4
@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda spec: spec.stem)
def test_lme4_gives_the_laplace_estimates(spec: Path) -> None:
    _assert_same(r.glmer(translate(gs.read(spec), "lme4")), GOLDEN[spec.stem], 2e-3)


@needs_lme4
def test_names_of_coefficients_are_those_of_the_design() -> None:
    for spec in EXAMPLES:
        assert tuple(GOLDEN[spec.stem]["fixed"]) == gs.bind(gs.read(spec)).coefficients


@needs_lme4
@pytest.mark.parametrize(
    ("family", "formula"),
    [
        ("bernoulli", "y ~ x | site"),
        ("binomial", "cbind(s, n - s) ~ x | site"),
        ("poisson", "count ~ x | site"),
    ],
)
def test_a_weight_of_2_is_a_row_given_twice(
    family: str, formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = frame()
    monkeypatch.chdir(tmp_path)
    data.to_csv("weighted.csv", index=False)
    data.loc[data.index.repeat(data["w"])].to_csv("repeated.csv", index=False)
    weighted = gs.parse(f"family {family}\nfactor site\n{formula}\nweights w")
    fits = [
        r.glmer(translate(replace(model, data=DataReference("file", f"{name}.csv")), "lme4"))
        for name, model in (("weighted", weighted), ("repeated", replace(weighted, weights=None)))
    ]
    _assert_same(fits[0], fits[1], 1e-4)
