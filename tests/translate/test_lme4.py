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
def test_lme4_gives_the_laplace_estimates() -> None:
    fits = r.glmer(*(translate(gs.read(spec), "lme4") for spec in EXAMPLES))
    for spec, fit in zip(EXAMPLES, fits, strict=True):
        _assert_same(fit, GOLDEN[spec.stem], 2e-3)


@needs_lme4
def test_names_of_coefficients_are_those_of_the_design() -> None:
    for spec in EXAMPLES:
        assert tuple(GOLDEN[spec.stem]["fixed"]) == gs.bind(gs.read(spec)).coefficients


@needs_lme4
def test_a_weight_of_2_is_a_row_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = frame()
    monkeypatch.chdir(tmp_path)
    data.to_csv("weighted.csv", index=False)
    data.loc[data.index.repeat(data["w"])].to_csv("repeated.csv", index=False)
    models = []
    for family, response in (("bernoulli", "y"), ("binomial", "cbind(s, n - s)"), ("poisson", "count")):
        weighted = gs.parse(f"family {family}\nfactor site\n{response} ~ x | site\nweights w")
        for name, model in (("weighted", weighted), ("repeated", replace(weighted, weights=None))):
            models.append(replace(model, data=DataReference("file", f"{name}.csv")))
    fits = r.glmer(*(translate(model, "lme4") for model in models))
    for weighted_fit, repeated_fit in zip(fits[::2], fits[1::2], strict=True):
        _assert_same(weighted_fit, repeated_fit, 1e-4)
