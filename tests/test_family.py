"""Every family of the registry: derivatives, constants, extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from glmmspec.family import FAMILIES

ETA = np.array([-745.0, -30, -3, -1e-9, 0, 1e-9, 0.7, 4, 30, 250])

CUMULANTS = {"logit": lambda eta: jnp.logaddexp(0.0, eta), "log": jnp.exp}
"""The cumulants as a textbook writes them."""


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_cumulant_and_derivatives(family):
    with jax.enable_x64(True):
        textbook = CUMULANTS[family.link]
        expected = [jax.vmap(f)(ETA) for f in (textbook, jax.grad(textbook), jax.grad(jax.grad(textbook)))]
        under_jax = jax.jit(family.cumulant)(ETA)
    for ours, jaxs, theirs in zip(family.cumulant(ETA), under_jax, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=2e-15)
        np.testing.assert_allclose(jaxs, theirs, rtol=1e-13, atol=2e-15)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_extremes_are_finite(family):
    for part in family.cumulant(np.array([-1e308, -800.0, 800.0, 1e308])):
        assert np.isfinite(part).all()


def test_log_density_is_scipys():
    eta, y = np.array([-1.0, 0.3, 2.0]), np.array([0.0, 1.0, 1.0])
    trials = np.array([4.0, 7.0, 2.0])
    known = {
        "bernoulli": (y, np.ones(3), stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-eta)))),
        "binomial": (y, trials, stats.binom.logpmf(y, trials, 1 / (1 + np.exp(-eta)))),
        "poisson": (5 * y, np.ones(3), stats.poisson.logpmf(5 * y, np.exp(eta))),
    }
    assert set(known) == set(FAMILIES)
    for name, (response, n, expected) in known.items():
        family = FAMILIES[name]
        ours = response * eta - n * family.cumulant(eta)[0] + family.log_constant(response, n)
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_smoothed_eta_is_near_the_link_of_the_mean(family):
    trials = np.full(3, 1000.0 if family.has_trials else 1.0)
    y = np.array([400.0, 500.0, 600.0]) if family.name != "bernoulli" else np.array([0.0, 1.0, 1.0])
    eta = family.smoothed_eta(y, trials)
    assert np.isfinite(family.smoothed_eta(np.zeros(3), trials)).all()
    if family.name != "bernoulli":
        np.testing.assert_allclose(trials * family.cumulant(eta)[1], y, rtol=0.01)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_responses_are_drawn_with_the_mean_and_variance_of_the_family(family):
    """n draws: the mean and the variance, in standard errors, pass 5 once in 10^6 runs of a right one."""
    n, eta = 100_000, 0.4
    trials = np.full(n, 6.0 if family.has_trials else 1.0)
    _, mean, variance = (trials[0] * part for part in family.cumulant(np.array(eta)))
    y = family.sample(np.random.default_rng(1), family.cumulant(np.full(n, eta))[1], trials)
    assert np.isfinite(family.log_constant(y, trials)).all()
    square = (y - mean) ** 2
    for values, expected in ((y, mean), (square, variance)):
        errors = (values.mean() - expected) / (values.std() / np.sqrt(n))
        assert abs(errors) < 5
        control = (values.mean() - 1.05 * expected) / (values.std() / np.sqrt(n))
        assert abs(control) > 5
