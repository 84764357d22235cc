"""What the translated code gives to Bambi: data and a formula that mean the same matrices."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix

import glmmspec as gs
from glmmspec.translation import translate
from tests.translate.data import MODELS, frame, spec

# formulae, which comes with Bambi, computes the bases; Bambi takes weights with counts only.
MODELS_IN_PANDAS = [name for name in MODELS if name not in ("bases", "weights")]


class _Model(SimpleNamespace):
    def fit(self, **options: Any) -> dict[str, Any]:
        return options


def _given_to_bambi(code: str, monkeypatch: pytest.MonkeyPatch) -> _Model:
    """The arguments of `bmb.Model` in the code."""

    def model(formula: str, data: pd.DataFrame, **options: Any) -> _Model:
        return _Model(formula=formula, data=data, options=options)

    prior = lambda name, **arguments: (name, arguments)  # noqa: E731
    monkeypatch.setitem(sys.modules, "bambi", SimpleNamespace(Model=model, Prior=prior))
    names: dict[str, Any] = {}
    exec(compile(code, "translated", "exec"), names)
    found: _Model = names["model"]
    return found


@pytest.mark.parametrize("name", MODELS_IN_PANDAS)
def test_the_formula_on_the_data_makes_the_same_matrix(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame().to_csv(tmp_path / "hard.csv", index=False)
    (tmp_path / "hard.glmm").write_text(spec(name))
    model = gs.read(tmp_path / "hard.glmm")
    given = _given_to_bambi(translate(model, "bambi"), monkeypatch)
    response, _, terms = given.formula.partition(" ~ ")
    fixed = re.sub(r" \+ \([^()]*\|[^()]*\)", "", terms)
    design = gs.bind(model)
    np.testing.assert_allclose(model_matrix(fixed, given.data).to_numpy(float), design.x, atol=1e-12)
    columns = response.removeprefix("p(").removesuffix(")").split(", ")
    np.testing.assert_array_equal(given.data[columns[0]], design.y)
    if len(columns) == 2:
        np.testing.assert_array_equal(given.data[columns[1]], design.trials)


def test_priors(monkeypatch: pytest.MonkeyPatch) -> None:
    model = gs.parse(
        "data salamander\nfamily bernoulli\nMate ~ Cross | F = Female, M = Male\n"
        "prior fixed ~ normal(0, 5)\nprior `(Intercept)` ~ cauchy(0, 2.5)\n"
        "prior sd(F) ~ half_normal(1)\nprior var(M) ~ inverse_gamma(2, 1)\n"
    )
    code = translate(model, "bambi")
    assert _given_to_bambi(code, monkeypatch).options["priors"] == {
        "common": ("Normal", {"mu": 0, "sigma": 5}),
        "Intercept": ("Cauchy", {"alpha": 0, "beta": 2.5}),
        "1|Female": ("Normal", {"mu": 0, "sigma": ("HalfNormal", {"sigma": 1})}),
    }
    assert "# The program has no counterpart of: prior var(M) ~ inverse_gamma(2, 1)\n" in code


def test_an_offset_and_weights_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = gs.parse("data epil\nfamily poisson\ny ~ 1 | subject\noffset log(base)\nweights V4 + 1")
    given = _given_to_bambi(translate(model, "bambi"), monkeypatch)
    assert given.formula == "weighted(y, V4_1) ~ 1 + offset(log_base) + (1|subject)"
    design = gs.bind(model)
    np.testing.assert_allclose(given.data["log_base"], design.offset)
    np.testing.assert_array_equal(given.data["V4_1"], design.weights)
