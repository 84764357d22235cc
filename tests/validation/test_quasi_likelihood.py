"""Penalised quasi-likelihood is maximum likelihood of its own working linear mixed model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import glmmspec as gs
from glmmspec.validation.quasi_likelihood import penalised_quasi_likelihood

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["salamander", "cbpp"])
def test_it_is_the_working_model_s_estimate(name):
    """All effects in one dense matrix; the working response is made at the estimate itself."""
    model = gs.read(EXAMPLES / f"{name}.glmm")
    design = gs.bind(model)
    found = penalised_quasi_likelihood(model, design)
    p = design.x.shape[1]
    beta, variances = found.value[:p], found.value[p:]
    z = [np.eye(len(term.levels))[term.codes] * term.values[:, None] for term in design.random]
    spread = sum(v * part @ part.T for v, part in zip(variances, z, strict=True))
    eta = design.x @ beta
    for _ in range(12):  # the mode of the effects, and with it the working weights
        _, mean, information = design.family.cumulant(eta)
        working = eta + (design.y - design.trials * mean) / (design.trials * information)
        covariance = np.diag(1 / (design.trials * information)) + spread
        eta = design.x @ beta + spread @ np.linalg.solve(covariance, working - design.x @ beta)

    def deviance(psi: np.ndarray) -> float:
        v = np.diag(1 / (design.trials * information))
        v = v + sum(nu * part @ part.T for nu, part in zip(psi[p:], z, strict=True))
        residual = working - design.x @ psi[:p]
        return float(np.linalg.slogdet(v)[1] + residual @ np.linalg.solve(v, residual)) / 2

    def slope(at: np.ndarray) -> np.ndarray:
        """In units of 1 / standard error, by central differences."""
        steps = np.diag(1e-3 * found.se)
        return np.array([deviance(at + step) - deviance(at - step) for step in steps]) / 2e-3

    assert np.abs(slope(found.value)).max() < 1e-4
    assert np.abs(slope(found.value + 0.01 * found.se)).max() > 1e-3


def test_its_bias_on_the_salamander_data():
    """Towards 0, in every coefficient and variance, by a tenth to a half."""
    model = gs.read(EXAMPLES / "salamander.glmm")
    exact = np.array([1.0180, 0.3212, -1.9409, 0.9965, 1.3838, 1.2384])  # tests/reference/mle.json
    share = penalised_quasi_likelihood(model, gs.bind(model)).value / exact
    assert ((share > 0.4) & (share < 0.9)).all()
