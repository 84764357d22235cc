"""Laplace's approximation against lme4, and adaptive quadrature against quadrature of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.blocks import batches, partition
from glmmspec.validation.quadrature import QuadratureLikelihood, Rule, adaptive_quadrature, laplace
from tests.solver import designs, quadrature

ROOT = Path(__file__).parents[2]
LME4 = json.loads((ROOT / "tests" / "reference" / "lme4_laplace.json").read_text())["fits"]
MODEL = gs.parse("family bernoulli\ny ~ x | g")


@pytest.mark.parametrize("name", LME4)
def test_laplace_is_what_lme4_gives(name):
    """To the tolerance stated in the reference."""
    model = gs.read(ROOT / "examples" / f"{name}.glmm")
    design = gs.bind(model)
    reference = LME4[name]
    variances = np.array(list(reference["variance"].values()))
    wanted = np.concatenate([list(reference["fixed"].values()), variances])
    estimate = laplace(model, design).value
    np.testing.assert_allclose(estimate, wanted, rtol=2e-3, atol=2e-3)
    likelihood = QuadratureLikelihood(design, list(batches(design, partition(design))), 1)
    at = np.concatenate([wanted[: -len(variances)], np.sqrt(variances)])
    assert likelihood.value(at) == pytest.approx(reference["loglik"], abs=2e-3)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_quadrature_finds_the_exact_maximum(family):
    """Negative control: one point gives another maximum, by more than the difference allowed."""
    design = designs.groups(family, seed=3, n_groups=40, per_group=6, variance=1.5)
    start = np.array([0.2, 0.5, 1.0])
    exact, highest = quadrature.maximum(design, start)
    found = adaptive_quadrature(MODEL, design, order=25)
    np.testing.assert_allclose(found.value, exact, atol=2e-4)
    assert quadrature.log_likelihood(design, found.value) == pytest.approx(highest, abs=1e-7)
    if family == "bernoulli":
        assert np.abs(laplace(MODEL, design).value - exact).max() > 1e-2


def test_standard_errors_are_those_of_the_exact_information():
    design = designs.groups("bernoulli", seed=3, n_groups=40, per_group=6, variance=1.5)
    found = adaptive_quadrature(MODEL, design, order=25)
    step, size = 1e-3 * np.eye(3), 3
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            hessian[i, j] = sum(
                a * b * quadrature.log_likelihood(design, found.value + a * step[i] + b * step[j])
                for a in (1, -1)
                for b in (1, -1)
            )
    exact = np.sqrt(np.diagonal(np.linalg.inv(-hessian / 4e-6)))
    np.testing.assert_allclose(found.se, exact, rtol=2e-3)


def test_two_effects_in_a_block():
    """Intercept and slope of each group: within 4 Monte Carlo errors, missed 1 time in 3000, of `fit`."""
    rng = np.random.default_rng(5)
    group, x = np.repeat(np.arange(40), 10), rng.normal(size=400)
    eta = 0.3 + 0.5 * x + rng.normal(size=40)[group] + rng.normal(scale=0.7, size=40)[group] * x
    data = pd.DataFrame({"y": rng.random(400) < 1 / (1 + np.exp(-eta)), "x": x, "g": group})
    model = gs.parse("family bernoulli\nfactor g\ny ~ x | g, g:x")
    fit = gs.fit(model, data, tolerance=0.02)
    difference = adaptive_quadrature(model, gs.bind(model, data)).value - fit.params()
    assert (difference.abs() < 4 * fit.mcse() + 1e-4).all()


def test_a_variance_of_0_has_no_standard_error():
    design = designs.groups("bernoulli", seed=1, n_groups=30, per_group=6, variance=0.0)
    exact, _ = quadrature.maximum(design, np.array([0.2, 0.5, 0.5]))
    assert exact[2] == 0
    found = adaptive_quadrature(MODEL, design)
    assert found.value[2] == 0
    assert np.isnan(found.se[2])
    assert np.isfinite(found.se[:2]).all()
    np.testing.assert_allclose(found.value, exact, atol=2e-4)


def test_a_rule_integrates_polynomials_exactly():
    rule = Rule.of(4, 2)
    weights = np.exp(rule.log_weights - np.square(rule.nodes).sum(axis=0) / 2) / (2 * np.pi)
    assert weights.sum() == pytest.approx(1)
    assert weights @ (rule.nodes[0] ** 6 * rule.nodes[1] ** 2) == pytest.approx(15)


@pytest.mark.parametrize(
    ("order", "message"), [(15, "a block has 20 joined random effects"), (0, "not a whole number from 1 up")]
)
def test_what_it_does_not_take(order, message):
    model = gs.read(ROOT / "examples" / "salamander.glmm")
    with pytest.raises(gs.FitError, match=message):
        adaptive_quadrature(model, gs.bind(model), order=order)


def test_separated_responses_have_no_maximum():
    data = pd.DataFrame({"y": [0, 1] * 12, "x": [0.0, 1.0] * 12, "g": np.repeat(np.arange(6), 4)})
    with pytest.raises(gs.FitError, match="separated"):
        laplace(MODEL, gs.bind(MODEL, data))
