"""MCLA at given draws against R's glmm 1.4.5 (tests/reference/README.md)."""

import numpy as np
import pytest

from glmmspec.solver.monte_carlo import gradient_error
from glmmspec.solver.trust_region import maximise
from tests.solver import golden

RELATIVE = 1e-9
INTERIOR = [name for name in golden.NAMES if name != "bernoulli_sim_m60"]  # that fit ends on the boundary


@pytest.mark.parametrize("name", golden.NAMES)
def test_value_gradient_and_hessian(name):
    case = golden.load(name)
    likelihood = case.likelihood()
    for at in case.raw["evaluations"]:
        value, gradient, hessian = likelihood(np.array(at["par"], dtype=float))
        # Where the gradient vanishes its error is that of the terms it is the sum of.
        size = max(np.abs(at["gradient"]).max(), np.abs(at["hessian"]).max())
        assert value == pytest.approx(at["value"], rel=RELATIVE)
        np.testing.assert_allclose(gradient, at["gradient"], rtol=0, atol=RELATIVE * size)
        np.testing.assert_allclose(
            hessian, at["hessian"], rtol=0, atol=RELATIVE * np.abs(at["hessian"]).max()
        )


@pytest.mark.parametrize("name", INTERIOR)
def test_fit_and_monte_carlo_covariance(name):
    """R stops when the value changes by less than 1.5e-8, which leaves about 1e-4 of a standard error."""
    case = golden.load(name)
    start = np.array(case.raw["evaluations"][1]["par"], dtype=float)
    likelihood = case.likelihood()
    found = maximise(likelihood, start, tolerance=1e-12)
    assert found.converged
    expected = np.append(case.raw["fit"]["beta"], case.raw["fit"]["nu"])
    covariance = np.linalg.inv(-found.hessian)
    standard_errors = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose((found.argument - expected) / standard_errors, 0, atol=1e-4)
    # R divides by m where we divide by m - 1.
    m = len(case.raw["umat"])
    variance = gradient_error(likelihood, found.argument).variance * (m - 1) / m
    stated = covariance @ variance @ covariance
    wanted = np.array(case.raw["mcvcov_correct_density"])
    np.testing.assert_allclose(stated, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_another_density_of_the_draws_is_noticed():
    """Negative control: a t with 6 degrees of freedom for 5 gives other values."""
    case = golden.load("poisson_weights_m60")
    wrong = golden.Golden(case.raw | {"zeta": case.raw["zeta"] + 1}, case.design)
    at = case.raw["evaluations"][2]
    value, *_ = wrong.likelihood()(np.array(at["par"], dtype=float))
    assert abs(value / at["value"] - 1) > 1e3 * RELATIVE
