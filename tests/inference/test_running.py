"""Running estimates against the maxima of the likelihoods that the first draws alone make."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

import glmmspec as gs
from glmmspec.inference.running import running_estimates
from tests.inference.test_fit import CBPP, quiet_fit


@pytest.fixture(scope="module")
def fit():
    return quiet_fit(CBPP, points="random", draws=4096)[0]


def test_all_draws_give_the_fit(fit):
    last = running_estimates(fit).loc[fit.n_draws]
    np.testing.assert_allclose(last["estimate"], fit.params(), atol=1e-6)
    np.testing.assert_allclose(last["mcse"], fit.mcse(), rtol=1e-5)


def test_where_some_blocks_are_integrated_by_quadrature():
    """30 pairs of one effect of each of two factors, and a block of 8 of one crossed with 8 of the other."""
    rng = np.random.default_rng(0)
    pairs, crossed = np.repeat(np.arange(8, 38), 6), np.divmod(np.arange(64), 8)
    a, b = (np.append(pairs, part) for part in crossed)
    frame = pd.DataFrame({"a": a, "b": b, "x": rng.normal(size=len(a))})
    eta = 0.5 * frame["x"] + rng.normal(size=38)[a] + rng.normal(size=38)[b]
    frame["y"] = 1 * (rng.random(len(a)) < 1 / (1 + np.exp(-eta)))
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ x | a, b"), frame, blocks="natural", tolerance=0.2)
    assert {integrals.is_exact for integrals in fit.estimate.likelihood.integrals} == {True, False}
    last = running_estimates(fit).loc[fit.n_draws]
    np.testing.assert_allclose(last["estimate"], fit.params(), atol=1e-6)


@pytest.mark.parametrize("draws", [512, 2048])
def test_one_newton_step_is_near_the_maximum_of_the_first_draws(fit, draws):
    """What the step leaves is of second order: here a tenth of what it takes."""
    likelihood, start = fit.estimate.likelihood, fit.estimate.argument

    def negative(psi):
        value, gradient = 0.0, np.zeros(len(psi))
        for integrals in likelihood.integrals:
            drawn = integrals.weighted_draws(*likelihood.split(psi))
            log_weights, scores = drawn.log_weights[:, :draws, 0], drawn.scores[:, :, :draws, 0]
            total = logsumexp(log_weights, axis=1, keepdims=True)
            value += total.sum()
            gradient += np.einsum("bpm,bm->p", scores, np.exp(log_weights - total))
        return -value, -gradient

    maximum = minimize(negative, start, jac=True, method="BFGS", options={"gtol": 1e-6})
    n_variances = len(fit.varcomps())
    exact = fit.estimate.coordinates.jacobian(n_variances) @ maximum.x
    running = running_estimates(fit).loc[draws, "estimate"]
    distance = np.abs(exact - fit.params()).max()
    assert distance > 1e-3
    assert np.abs(running - exact).max() < 0.1 * distance


def test_errors_fall_as_draws_grow(fit):
    """Four times the draws halve the error of independent ones, to a third for this many."""
    mcse = running_estimates(fit)["mcse"].unstack()
    assert list(mcse.index) == [32, 64, 128, 256, 512, 1024, 2048, 4096]
    ratio = mcse.loc[4096] / mcse.loc[1024]
    assert ratio.between(0.5 / 1.3, 0.5 * 1.3).all()


def test_quasi_random_draws_are_the_first_of_every_replicate():
    fit = gs.fit(CBPP, draws=512)
    table = running_estimates(fit)
    assert list(table.index.unique("draws")) == [32, 64, 128, 256, 512]
    np.testing.assert_allclose(table.loc[512, "mcse"], fit.mcse(), rtol=1e-5)
    assert (np.abs(table.loc[32, "estimate"] - fit.params()) < 6 * table.loc[32, "mcse"]).all()


def test_fewer_draws_than_the_first_number():
    fit, _ = quiet_fit(CBPP, points="random", draws=20)
    assert list(running_estimates(fit).index.unique("draws")) == [20]
