"""Likelihood ratio tests against exact maximum likelihood, and their reference distributions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.inference.likelihood_ratio import (
    likelihood_ratio_test,
    mixture_tail,
    mixture_weights,
    variance_test,
)
from glmmspec.inference.log_ratio import LogRatio
from glmmspec.inference.nesting import Nesting
from glmmspec.options import SolverOptions
from glmmspec.solver.maximum_likelihood import estimate
from tests.inference.test_fit import CBPP, EXACT, SALAMANDER, logistic_regression, quiet_fit
from tests.solver import designs, quadrature


@pytest.fixture(scope="module")
def salamander():
    return gs.fit(SALAMANDER, draws=4096)


@pytest.fixture(scope="module")
def shared():
    return gs.fit("data salamander\nfamily bernoulli\nMate ~ 0 + Cross | V = Female, V = Male", draws=4096)


def test_a_shared_variance_is_the_exact_ratio(salamander, shared):
    """Within 4 Monte Carlo errors, passed once in 16,000 runs if they are true; and that is less than 0.3."""
    test = likelihood_ratio_test(shared, salamander)
    exact = 2 * (EXACT["salamander"]["loglik"] - EXACT["salamander_equal"]["loglik"])
    assert abs(test.statistic - exact) < 4 * test.mcse
    assert test.mcse < 0.07
    nesting = Nesting.between(shared.design, salamander.design)
    common = LogRatio.on_common_draws(shared.estimate, salamander.estimate, nesting)
    assert common is not None
    assert abs(common.twice - exact) < 4 * common.mcse
    assert (test.equalities, test.zero) == (1, ())
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, 1), rel=1e-12)
    assert "Mate ~ 0 + Cross | V = Female, V = Male" in str(test)
    assert "chi-square on 1 df" in str(test)


def test_the_order_of_the_fits_is_told(salamander, shared):
    with pytest.raises(gs.FitError, match="give the smaller model first"):
        likelihood_ratio_test(salamander, shared)


def test_a_fit_that_did_not_converge_is_refused(salamander):
    small, _ = quiet_fit(
        gs.parse("data salamander\nfamily bernoulli\nMate ~ 1 | F = Female, M = Male"),
        iterlim=1,
        rmax=0.001,
        draws=128,
    )
    with pytest.raises(gs.FitError, match="the smaller model did not converge"):
        likelihood_ratio_test(small, salamander)


def test_a_larger_model_below_the_smaller_is_refused(salamander, shared):
    low = replace(salamander.estimate.final.maximum, value=salamander.loglik - 5)
    estimated = replace(salamander.estimate, final=replace(salamander.estimate.final, maximum=low))
    with pytest.raises(gs.FitError, match="lies below the smaller's"):
        likelihood_ratio_test(shared, replace(salamander, estimate=estimated))


def test_an_unreliable_fit_says_so():
    """With 16 draws the error is not known, and is not printed as if it were."""
    large, _ = quiet_fit(CBPP, draws=16)
    assert "Monte Carlo error not known" in str(variance_test(large, "herd"))


def test_variances_at_0(salamander):
    test = variance_test(salamander, ["F", "M"])
    assert test.zero == ("F", "M")
    assert not test.common_draws
    assert test.p <= test.p_at_most
    assert "p <= " in str(test)
    without, _ = quiet_fit(gs.parse("data salamander\nfamily bernoulli\nMate ~ 0 + Cross | M = Male"))
    one, again = variance_test(salamander, "F"), likelihood_ratio_test(without, salamander)
    assert one.zero == again.zero == ("F",)
    assert abs(one.statistic - again.statistic) < 4 * (one.mcse + again.mcse)
    with pytest.raises(gs.FitError, match="unknown variance component 'Female'"):
        variance_test(salamander, "Female")
    with pytest.raises(gs.FitError, match="known: F, M"):
        variance_test(salamander, [])


def test_all_variances_of_nested_effects():
    """The larger model is integrated by quadrature, the smaller has nothing to integrate."""
    data = coins(1.0, 2).assign(h=lambda d: d.g // 3)
    fit, _ = quiet_fit("family bernoulli\ny ~ x | g, h", data, integration="quadrature")
    test = variance_test(fit, ["g", "h"])
    assert test.zero == ("g", "h")
    assert test.mcse < 1e-3
    assert test.p < 0.05


def coins(variance: float, seed: int) -> pd.DataFrame:
    """Binary outcomes in 30 groups of 8."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"g": np.repeat(np.arange(30), 8), "x": rng.normal(size=240)})
    effects = rng.normal(scale=variance**0.5, size=30)[data["g"]]
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-0.2 - 0.5 * data["x"] - effects))
    return data


def test_the_only_variance_is_tested_against_logistic_regression():
    data = coins(1.0, 1)
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ x | g"), data)
    test = variance_test(fit, "g")
    assert test.statistic == pytest.approx(2 * (fit.loglik - logistic_regression(data)[2]), abs=1e-6)


def test_a_variance_estimated_as_0():
    """Both models are then one, and the p-value is 1."""
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ x | g"), coins(0.0, 2))
    assert fit.on_boundary == ("g",)
    test = variance_test(fit, "g")
    assert not test.drawn
    assert test.statistic == pytest.approx(0, abs=1e-9)
    assert "ratio 0.0000" in str(test)
    assert test.p == 1
    smaller, _ = quiet_fit(gs.parse("family bernoulli\ny ~ 1 | g"), coins(0.0, 2))
    assert "Also estimated as 0: g" in str(likelihood_ratio_test(smaller, fit))


def test_by_quadrature_it_is_the_exact_ratio():
    """Of a strong effect between groups, without which the groups' effects lie elsewhere.

    The stated error is what finer rules would change. Nodes of the larger model, if they served the smaller
    as draws do, would be off by more than 100 times as much.
    """
    rng = np.random.default_rng(5)
    between = np.repeat(rng.normal(size=30), 8)
    data = coins(0.5, 5).assign(between=between)
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-2 * between - rng.normal(scale=0.7, size=30)[data["g"]]))
    small, large = (
        gs.fit(gs.parse(f"family bernoulli\n{f} | g"), data) for f in ("y ~ x", "y ~ x + between")
    )
    test = likelihood_ratio_test(small, large)
    heights = [quadrature.maximum(fit.design, fit.params().to_numpy())[1] for fit in (small, large)]
    exact = 2 * (heights[1] - heights[0])
    assert not test.drawn
    assert abs(test.statistic - exact) < 4 * test.mcse
    assert test.mcse < 0.01
    nesting = Nesting.between(small.design, large.design)
    as_draws = LogRatio.on_common_draws(small.estimate, large.estimate, nesting)
    assert as_draws is not None
    assert abs(as_draws.twice - exact) > 100 * test.mcse
    assert f"(numerical error {test.mcse:.2g}, quadrature)" in str(test)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_the_stated_error_is_the_actual_error(family):
    """Over 30 sets of draws, (statistic - exact) / error has mean square near 1, on common draws and on each
    fit's own. Mean squares of 30 leave [0.4, 2.2] once in 600 times if errors are true. Negative controls:
    errors stated half and twice as large."""
    large = designs.groups(family, seed=4, n_groups=25, per_group=6, variance=2.0, beta=0.15)
    small = replace(large, x=large.x[:, :1], coefficients=large.coefficients[:1])
    nesting = Nesting.between(small, large)
    start = (0.2, 0.15, 2.0)
    exact = 2 * (
        quadrature.maximum(large, np.array(start))[1] - quadrature.maximum(small, np.array([0.2, 2.0]))[1]
    )
    errors = []
    for seed in range(30):
        options = SolverOptions(draws=1024, points="random", seed=seed)
        fits = [
            estimate(small, replace(options, start=(0.2, 2.0))),
            estimate(large, replace(options, start=start)),
        ]
        own, common = LogRatio.on_own_draws(*fits), LogRatio.on_common_draws(*fits, nesting)
        assert common is not None
        assert LogRatio.of(*fits, nesting) == min(own, common, key=lambda ratio: ratio.mcse)
        errors.append([(ratio.twice - exact) / ratio.mcse for ratio in (own, common)])
    for mean_square in np.square(errors).mean(axis=0):
        assert 0.4 < mean_square < 2.2
        assert not 0.4 < mean_square / 4 < 2.2
        assert not 0.4 < mean_square * 4 < 2.2


def test_reference_distributions():
    """The 5 % points of 1/2 : 1/2 and 1/4 : 1/2 : 1/4 mixtures; chi-square without variances at 0."""
    assert mixture_weights(2).tolist() == [0.25, 0.5, 0.25]
    assert mixture_tail(2.7055, 0, mixture_weights(1)) == pytest.approx(0.05, rel=1e-4)
    assert mixture_tail(4.2306, 0, mixture_weights(2)) == pytest.approx(0.05, rel=1e-4)
    assert mixture_tail(3.0, 2, mixture_weights(0)) == pytest.approx(stats.chi2.sf(3.0, 2))
    assert mixture_tail(-0.1, 0, mixture_weights(3)) == pytest.approx(1)
    assert mixture_tail(1e-6, 0, mixture_weights(1)) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("correlation", [-0.7, 0.0, 0.7])
def test_mixtures_against_projections(correlation):
    """The statistic of two variances at 0 and one free mean, by projecting 40,000 normal draws on the cone.

    At each of 3 points the tail's error passes 4 standard errors once in 16,000 runs. The binomial
    weights hold without correlation only; the bound holds always.
    """
    rng = np.random.default_rng(0)
    covariance = np.array([[1, correlation], [correlation, 1]])
    draws = rng.multivariate_normal(np.zeros(2), covariance, size=40_000)
    statistic = projected_length(draws, covariance) + rng.chisquare(1, size=len(draws))
    bound, found, binomial = [], [], []
    for at in (1.0, 4.0, 8.0):
        found.append((statistic > at).mean())
        binomial.append(mixture_tail(at, 1, mixture_weights(2)))
        bound.append(mixture_tail(at, 2, mixture_weights(1)))
    error = np.sqrt(np.array(found) / len(draws))
    assert (np.array(found) < np.array(bound) + 4 * error).all()
    assert (np.abs(np.array(found) - binomial) < 4 * error).all() == (correlation == 0)


def projected_length(draws: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Squared length, in the metric of the covariance, of the projection on the positive quadrant."""
    inverse = np.linalg.inv(covariance)
    length = np.einsum("ni,ij,nj->n", draws, inverse, draws)
    edges = [np.maximum(draws @ inverse[i], 0) ** 2 / inverse[i, i] for i in range(2)]
    return np.where((draws >= 0).all(axis=1), length, np.maximum(*edges))


@pytest.mark.slow
def test_size_of_the_test_of_a_variance():
    """400 data sets without effects: the 5 % test rejects 5 %, within the 99.9 % limits of a binomial.

    40 groups of 6: asymptotic in the groups. Negative control: against chi2_1 it would reject half as often,
    which the same limits refuse.
    """
    data_sets, level = 400, 0.05
    p, naive = [], []
    for seed in range(data_sets):
        rng = np.random.default_rng([seed, 7])
        data = pd.DataFrame({"g": np.repeat(np.arange(40), 6), "y": rng.poisson(1.5, size=240)})
        fit, _ = quiet_fit(gs.parse("family poisson\ny ~ 1 | g"), data, draws=512)
        test = variance_test(fit, "g")
        p.append(test.p)
        naive.append(mixture_tail(test.statistic, 1, mixture_weights(0)))
    low, high = stats.binom.interval(0.999, data_sets, level)
    assert low <= np.sum(np.array(p) <= level) <= high
    assert not low <= np.sum(np.array(naive) <= level) <= high
