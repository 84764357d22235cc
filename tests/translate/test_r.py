"""What R makes of the translated code: the same matrices as the design."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glmmspec as gs
from glmmspec.design import Design
from glmmspec.translation import translate
from tests.translate import r
from tests.translate.data import MODELS, frame, spec

pytestmark = pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")

# glmm takes fixed and random effects apart, so that base R alone can say what it is given.
_STUB = """
numbers <- function(x) paste0("[", paste(sprintf("%.17g", as.numeric(x)), collapse = ","), "]")
columns <- function(x) paste0("[", paste(apply(as.matrix(x), 2, numbers), collapse = ","), "]")
glmm <- function(fixed, random, data, weights = rep(1, nrow(data)), ...) {
  y <- model.response(lm(fixed, data = data, method = "model.frame"))
  z <- do.call(cbind, lapply(random, model.matrix, data = data))
  cat("#", "[", columns(model.matrix(fixed, data)), ",", columns(z), ",", columns(y), ",",
      columns(weights), "]\\n", sep = "")
}
"""


def _given_to_glmm(*codes: str) -> list[list[np.ndarray[Any, Any]]]:
    """X, Z, y and the weights that each code gives to glmm, by columns; all in one run of R."""
    bodies = (code.replace("library(glmm)", "").replace("summary(fit)", "") for code in codes)
    lines = [line for line in r.run(_STUB + "".join(bodies)).splitlines() if line.startswith("#")]
    return [[np.array(part) for part in json.loads(line.removeprefix("#"))] for line in lines]


def _effects(design: Design) -> np.ndarray[Any, Any]:
    """Z by columns."""
    parts = [(np.arange(len(t.levels))[:, None] == t.codes) * t.values for t in design.random]
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, gs.Model]:
    folder = tmp_path_factory.mktemp("models")
    frame().to_csv(folder / "hard.csv", index=False)
    for name in MODELS:
        (folder / f"{name}.glmm").write_text(spec(name))
    return {name: gs.read(folder / f"{name}.glmm") for name in MODELS}


@pytest.fixture(scope="module")
def given(models: dict[str, gs.Model]) -> dict[str, list[np.ndarray[Any, Any]]]:
    found = _given_to_glmm(*(translate(model, "glmm") for model in models.values()))
    return dict(zip(models, found, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_r_makes_the_same_matrices(
    name: str, models: dict[str, gs.Model], given: dict[str, list[np.ndarray[Any, Any]]]
) -> None:
    x, z, y, weights = given[name]
    design = gs.bind(models[name])
    np.testing.assert_allclose(x.T, design.x, atol=1e-9)
    ours = _effects(design)
    assert z.shape == ours.shape
    np.testing.assert_allclose(z[np.lexsort(z.T)], ours[np.lexsort(ours.T)], atol=1e-12)
    failures = design.trials - design.y
    np.testing.assert_array_equal(y, [design.y, failures] if len(y) == 2 else [design.y])
    np.testing.assert_array_equal(weights[0], design.weights)


def test_rows_that_miss_a_value_are_left_out(tmp_path: Path) -> None:
    data = frame().astype({"y": float})
    data.loc[[3, 17], "y"] = np.nan
    data.to_csv(tmp_path / "hard.csv", index=False)
    (tmp_path / "hard.glmm").write_text(spec("weights") + "missing drop\n")
    ((x, *_),) = _given_to_glmm(translate(gs.read(tmp_path / "hard.glmm"), "glmm"))
    assert x.shape == (2, 238)


def test_without_data_r_refuses_missing_values() -> None:
    code = translate(gs.parse("family poisson\ny ~ x + (1 | g)"), "glmm")
    user = "data <- data.frame(y = 1:4, x = c(1, NA, 3, 4), g = c(1, 1, 2, 2))\n"
    with pytest.raises(AssertionError, match=r"complete\.cases"):
        _given_to_glmm(user + code)
    ((_, z, *_),) = _given_to_glmm(user.replace("NA", "2") + code)
    assert z.shape == (2, 4)
