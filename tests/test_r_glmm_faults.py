"""What R's glmm 1.4.5 gets wrong, and we must not: a test for each row of the table in docs/coming-from-r.md.

Those of the solver's parts are in tests/solver/test_r_glmm_faults.py.
"""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import glmmspec as gs
from glmmspec.r_glmm import glmm

R_ESTIMATOR = {"proposal": "mixture", "blocks": "joint", "points": "random", "zeta": 5}
GROUPED = {"random": "~ 0 + g", "varcomps_names": "g", "data": None, "family": "poisson.glmm"}


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    """Poisson counts of nine groups, labelled by numbers."""
    rng = np.random.default_rng(0)
    g, x = np.repeat(np.arange(1, 10), 8), rng.normal(size=72)
    eta = 0.5 + 0.4 * x + rng.normal(scale=0.6, size=10)[g]
    return pd.DataFrame({"g": g, "x": x, "y": rng.poisson(np.exp(eta))})


def fitted(data: pd.DataFrame, fixed: str = "y ~ x", **more: object) -> gs.Fit:
    """By the call of R's glmm; warnings are left to the tests that are about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        return glmm(**{"fixed": fixed, "m": 1024, **GROUPED, "data": data, **more})


def test_an_offset_is_used(counts):
    """R ignores it. Of a constant offset, the intercept tells."""
    without, with_it = fitted(counts), fitted(counts.assign(o=2.0), "y ~ x + offset(o)")
    shift = with_it.params() - without.params()
    np.testing.assert_allclose(shift, [-2, 0, 0], atol=1e-3 * without.se().min())


def test_the_monte_carlo_error_of_an_unlikely_sample_is_finite():
    """R's is NaN, printed as 0, where the log-likelihood is below -372."""
    fit = gs.fit("data epil\nfamily poisson\ny ~ lbase * trt + lage + V4 | subject", draws=1024)
    assert fit.loglik < -372
    assert (np.isfinite(fit.mcse()) & (fit.mcse() > 0)).all()


def test_the_summary_shows_three_digits_of_every_standard_error(counts):
    """R rounds by the Monte Carlo error, and to tens if that is above 1: here x is in millionths."""
    fit = fitted(counts.assign(x=1e-6 * counts.x), m=64, **R_ESTIMATOR)
    assert fit.mcse()["x"] > 1
    printed = {line.split()[0]: line.split() for line in str(fit.summary()).splitlines() if line[:1].strip()}
    for name in fit.design.parameters:
        assert float(printed[name][1]) == pytest.approx(fit.params()[name], abs=0.005 * fit.se()[name])
        assert float(printed[name][2]) == pytest.approx(fit.se()[name], rel=0.005)


def test_the_order_of_the_random_formulas_does_not_matter(counts):
    """In R, varcomps.equal = c(1, 2, 1) has another Monte Carlo error than c(1, 1, 2).

    The draws are others: the median of 12 errors, known to about 6 %, agrees to 30 %, and estimates
    within 4 errors, which chance exceeds 6e-5 each.
    """
    rng = np.random.default_rng(3)
    data = counts.assign(h=rng.permuted(np.tile(range(4), 18)), k=rng.permuted(np.tile(range(6), 12)))
    orders = {"ghk": [1, 2, 1], "gkh": [1, 1, 2]}
    estimates, errors = np.zeros((2, 12, 4)), np.zeros((2, 12, 4))
    for i, (order, equal) in enumerate(orders.items()):
        call = {"random": [f"~ 0 + {term}" for term in order], "varcomps_equal": equal, "m": 8192}
        for seed in range(12):
            fit = fitted(data, varcomps_names=["shared", "own"], seed=seed, points="random", **call)
            estimates[i, seed], errors[i, seed] = fit.params(), fit.mcse()
    (one, two), (error, other) = estimates[:, 0], errors[:, 0]
    assert (np.abs(one - two) < 4 * np.hypot(error, other)).all()
    np.testing.assert_allclose(*np.median(errors, axis=1), rtol=0.3)


def test_a_seed_changes_every_draw_and_the_stated_error_is_that_between_seeds(counts):
    """R draws from one stream whatever the seed.

    With R's mixture: the variance between 40 seeds over the stated one is chi2 / 39, outside these
    limits by chance once in 10^5 for each estimate. Negative control: a stated error half as large.
    """
    options = {"proposal": "mixture", "points": "random", "zeta": 5, "m": 1024}
    fits = [fitted(counts, seed=seed, **options) for seed in range(40)]
    first, second = (fit.draws().to_numpy() for fit in fits[:2])
    assert (first != second).all()
    estimates = np.array([fit.params() for fit in fits])
    stated = np.mean([np.square(fit.mcse()) for fit in fits], axis=0)
    low, high = chi2.ppf([5e-6, 1 - 5e-6], 39)
    statistic = 39 * estimates.var(axis=0, ddof=1) / stated
    assert ((low < statistic) & (statistic < high)).all()
    assert (4 * statistic > high).any()


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.0), (0.6, 0.3, 0.1)])
def test_shares_of_the_mixture(counts, shares):
    """R fails where p3 is 0, and refuses what sums to 1 but for rounding."""
    fit = fitted(counts, p1=shares[0], p2=shares[1], p3=shares[2])
    assert fit.options.mixture == shares
    assert fit.converged


def test_the_start_is_only_a_start(counts):
    """R draws once, about it. By chance the limit of 4 errors is exceeded 6e-5 an estimate."""
    near, far = fitted(counts), fitted(counts, par_init=[-1, 1, 3])
    assert len(far.estimate.rounds) > len(near.estimate.rounds)
    assert (np.abs(near.params() - far.params()) < 4 * np.hypot(near.mcse(), far.mcse())).all()


def test_labels_of_groups_may_be_numbers(counts):
    """R answers non-conformable arguments."""
    numbers, words = fitted(counts), fitted(counts.assign(g="group " + counts.g.astype(str)))
    np.testing.assert_array_equal(numbers.params(), words.params())


def test_a_random_formula_with_its_intercept_is_refused(counts):
    """R fits another model."""
    with pytest.raises(gs.SpecError, match="keeps its intercept"):
        fitted(counts, random="~ g")


def test_missing_values_are_named(counts):
    """R speaks of model matrices with different numbers of rows."""
    data = counts.assign(x=counts.x.where(counts.index != 4))
    with pytest.raises(gs.DataError, match=r"(?s)'x'.*row 5"):
        fitted(data)


def test_whole_numbers_and_their_floats_are_alike(counts):
    """R asks for double weights and integer counts, by messages that name another cause."""
    weights = np.tile([1, 2], 36)
    ints = fitted(counts, weights=weights)
    floats = fitted(counts.assign(y=counts.y.astype(float)), weights=weights.astype(float))
    np.testing.assert_array_equal(ints.params(), floats.params())


def test_nothing_is_rows_by_rows():
    """R forms matrices of n x n for every draw: 3 GB here."""
    n = 20_000
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"y": rng.poisson(1.0, n), "x": rng.normal(size=n), "g": np.repeat(range(250), 80)})
    tracemalloc.start()
    fitted(data, m=32)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n * n / 20


def test_what_r_has_no_method_for(counts):
    """There AIC is empty, residuals and fitted are NULL, and predict, anova, simulate and nobs lacking."""
    fit = fitted(counts)
    assert fit.aic() == pytest.approx(-2 * fit.loglik + 2 * 3)
    assert fit.bic() == pytest.approx(-2 * fit.loglik + np.log(72) * 3)
    for values in (fit.fitted(), fit.residuals(), fit.predict()):
        assert len(values) == 72
        assert np.isfinite(values).all(axis=None)
    assert len(fit.simulate(2, seed=1).columns) == 2
    assert fit.test_variance("g").p < 0.05


def test_no_maximum_is_an_error():
    """R gives NaN as standard error, where the information is not that of a maximum. See also
    test_separation_is_refused in tests/inference/test_fit.py."""
    data = pd.DataFrame({"y": [0, 0, 0, 0, 1, 1, 1, 1], "x": [0] * 4 + [1] * 4, "g": [1, 2] * 4})
    with pytest.raises(gs.FitError):
        fitted(data, family="bernoulli")


def test_a_variance_of_zero_has_no_p_value():
    """R gives one."""
    data = pd.DataFrame(
        {"y": [1, 2, 1, 2, 2, 1, 1, 2], "x": np.arange(8.0) % 3, "g": [1, 1, 2, 2, 3, 3, 4, 4]}
    )
    fit = fitted(data)
    assert fit.on_boundary == ("g",)
    assert np.isnan(fit.summary().variances.loc["g", "p"])
    assert any("on the boundary" in str(warning) for warning in fit.warnings)


def test_the_log_likelihood_has_its_constants(counts):
    """R leaves out log C(n, y) and -log y!; `loglik_kernel` is what it reports."""
    from scipy.special import gammaln

    fit = fitted(counts)
    assert fit.loglik - fit.loglik_kernel == pytest.approx(-gammaln(counts.y + 1).sum())


def test_few_effective_draws_are_said():
    """R reports convergence, and Monte Carlo errors of 0.005, with one draw in 10^4 of any weight."""
    salamander = {"random": ["~ 0 + Female", "~ 0 + Male"], "varcomps_names": ["F", "M"], "m": 10**4}
    data = gs.load_data("salamander")
    fit = fitted(data, "Mate ~ 0 + Cross", family="bernoulli.glmm", **salamander, **R_ESTIMATOR)
    assert not fit.reliable
    assert fit.diagnostics().k_hat.max() > 0.7
    assert fit.diagnostics().draws_effective.min() < 100
    assert any("the Monte Carlo error is not known" in str(warning) for warning in fit.warnings)
    assert not fit.summary().mcse_holds
