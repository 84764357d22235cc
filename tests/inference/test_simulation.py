"""Simulated responses against the moments that theory gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES
from glmmspec.inference.simulation import simulate, simulated_responses
from tests.inference.test_fit import CBPP
from tests.solver import designs

PER_GROUP = 3


@pytest.fixture(scope="module")
def cbpp():
    return gs.fit(CBPP, draws=512)


def counts(n_groups: int, shared: bool) -> Design:
    """Poisson counts in groups of three rows, with an offset, a slope and, nested, an effect per row."""
    code = np.repeat(np.arange(n_groups), PER_GROUP)
    n = len(code)
    design = designs.groups("poisson", seed=0, n_groups=n_groups, per_group=PER_GROUP, variance=0.1)
    slopes = np.tile([1.0, -0.5, 2.0], n_groups)
    terms = (
        RandomEffects("g", "g", tuple(map(str, range(n_groups))), code, np.ones(n), 0),
        RandomEffects("z:g", "g", tuple(map(str, range(n_groups))), code, slopes, 0 if shared else 1),
    )
    return replace(design, x=np.ones((n, 1)), offset=np.tile([0.0, 0.5, -0.3], n_groups), random=terms)


@pytest.mark.parametrize("shared", [False, True])
def test_moments_of_poisson_counts(shared):
    """Means, variances and covariances of counts in a group of three, where they have closed forms:

        E y_i = m_i = exp(o_i + beta + v_ii / 2),  Cov(y_i, y_j) = m_i m_j (exp(v_ij) - 1) + [i = j] m_i

    with v the covariance of the linear predictors. Nine errors in standard errors pass 5 once in 10^5 runs
    if the draws are right. Negative control: a variance taken for a standard deviation.
    """
    beta, variances = np.array([0.2]), np.array([0.16] if shared else [0.16, 0.04])
    design = counts(200_000, shared)
    y = simulated_responses(design, beta, variances, np.random.default_rng(3)).reshape(-1, PER_GROUP)
    offset, slopes = design.offset[:PER_GROUP], design.random[1].values[:PER_GROUP]
    assert largest_error(y, offset, slopes, variances[0], variances[-1]) < 5
    assert largest_error(y, offset, slopes, variances[0] ** 0.5, variances[-1] ** 0.5) > 5


def largest_error(y, offset, slopes, intercept, slope):
    """Over the means and second moments of a group's rows, in standard errors."""
    v = intercept + slope * np.outer(slopes, slopes)
    mean = np.exp(offset + 0.2 + np.diagonal(v) / 2)
    covariance = np.outer(mean, mean) * np.expm1(v) + np.diag(mean)
    upper = np.triu_indices(PER_GROUP)
    products = (y - mean)[:, upper[0]] * (y - mean)[:, upper[1]]
    found = np.column_stack([y, products])
    expected = np.concatenate([mean, covariance[upper]])
    return np.abs((found.mean(axis=0) - expected) / (found.std(axis=0) / np.sqrt(len(y)))).max()


def test_mean_of_binomial_counts():
    """At p = 0.3 on average over the effects, the mean of 10^5 responses of up to 8 trials is within 5 of its
    standard errors, passed once in 10^6 runs; the control is the mean without effects."""
    n, variance = 100_000, 2.0
    design = replace(
        counts(n // PER_GROUP, True), family=FAMILIES["binomial"], offset=np.zeros(n // PER_GROUP * PER_GROUP)
    )
    design = replace(design, trials=np.tile([1.0, 4.0, 8.0], n // PER_GROUP), random=design.random[:1])
    y = simulated_responses(design, np.array([-1.0]), np.array([variance]), np.random.default_rng(1))
    grid = np.linspace(-10, 10, 4001)
    density = stats.norm.pdf(grid, scale=variance**0.5)
    marginal = np.trapezoid(density / (1 + np.exp(1 - grid)), grid)
    of_group = (y / design.trials).reshape(-1, PER_GROUP).mean(axis=1)
    error = of_group.std() / np.sqrt(len(of_group))
    assert abs(of_group.mean() - marginal) < 5 * error
    assert abs(of_group.mean() - 1 / (1 + np.e)) > 5 * error


def test_given_effects_are_used():
    design = counts(50_000, False)
    effects = [np.full(50_000, 1.0), np.full(50_000, -0.5)]
    y = simulated_responses(design, np.zeros(1), np.ones(2), np.random.default_rng(0), effects)
    mean = np.exp(design.offset + 1 - 0.5 * design.random[1].values)
    assert abs((y - mean).sum()) < 5 * np.sqrt(mean.sum())


def test_a_variance_of_0_has_no_effects():
    """The two responses of a group are then independent: their correlation, 0 +/- 0.002, stays within 5."""
    design = counts(200_000, False)
    y = simulated_responses(design, np.zeros(1), np.zeros(2), np.random.default_rng(0))
    correlation = np.corrcoef(y.reshape(-1, PER_GROUP).T)[np.triu_indices(PER_GROUP, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(200_000)


def test_simulate_from_a_fit(cbpp):
    frame = simulate(cbpp, 3, seed=5)
    assert list(frame.columns) == ["sim_1", "sim_2", "sim_3"]
    assert list(frame.index) == list(cbpp.design.rows)
    assert (frame.dtypes == np.int64).all()
    assert frame.ge(0).all(axis=None)
    assert frame.le(cbpp.design.trials, axis=0).all(axis=None)
    assert not frame["sim_1"].equals(frame["sim_2"])
    pd.testing.assert_frame_equal(frame[["sim_1"]], simulate(cbpp, seed=5))
    pd.testing.assert_frame_equal(simulate(cbpp), simulate(cbpp, seed=cbpp.options.seed))
    assert not simulate(cbpp, seed=6)["sim_1"].equals(frame["sim_1"])


@pytest.mark.parametrize(
    ("n", "seed", "message"),
    [(0, 1, "n = 0"), (1.5, 1, r"n = 1\.5"), ("a", 1, "n = a"), (1, -1, "seed = -1"), (1, "x", "seed = x")],
)
def test_mistakes(cbpp, n, seed, message):
    with pytest.raises(gs.FitError, match=message):
        simulate(cbpp, n, seed)


def test_means_beyond_counting_are_refused():
    design = counts(10, False)
    with pytest.raises(gs.FitError, match="largest linear predictor is 800"):
        simulated_responses(design, np.array([800.0]), np.zeros(2), np.random.default_rng(0))
