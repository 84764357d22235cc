"""An effect for every row, and so a block for every row: 1308 respondents in 14 kinds."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, poisson

import glmmspec as gs

EXAMPLE = Path(__file__).parents[2] / "examples" / "murder.glmm"


def loglik(parameters: np.ndarray) -> float:
    """Exact, by a trapezoid rule over each effect that is far finer than any fit could tell."""
    intercept, black, variance = parameters
    frame = gs.load_data("murder")
    u = np.linspace(-10, 10, 2001) * np.sqrt(variance)
    total = 0.0
    for (y, is_black), count in frame.groupby(["y", "black"]).size().items():
        density = poisson.pmf(y, np.exp(intercept + black * is_black + u))
        total += count * np.log(np.sum(density * norm.pdf(u, scale=np.sqrt(variance))) * (u[1] - u[0]))
    return total


BY_LME4 = np.array([-1.791896 - 1.896826, 1.896826, 2.651584])
"""glmer of lme4 1.1-31, nAGQ = 100, race with levels black, white; of the levels white, black here."""


@pytest.fixture(scope="module")
def exact() -> np.ndarray:
    found = minimize(lambda p: -loglik(p), [-3.7, 1.9, 2.6], method="Nelder-Mead", tol=1e-9)
    return found.x


def test_the_reference_is_that_of_lme4(exact):
    np.testing.assert_allclose(exact, BY_LME4, rtol=2e-5)


def test_within_four_monte_carlo_errors(exact):
    """Passed by chance 6e-5 an estimate. Negative control: lme4's own default, the Laplace
    approximation, gives the variance 16.67 (glmer, nAGQ = 1), some hundred MCSE away."""
    fit = gs.fit(EXAMPLE, draws=4096)
    assert fit.estimate.n_blocks == 1308
    assert fit.reliable
    assert (np.abs(fit.params() - exact) < 4 * fit.mcse()).all()
    assert (fit.mcse() < 0.02 * fit.se()).all()
    assert fit.loglik == pytest.approx(loglik(exact), abs=0.05)
    assert abs(16.6729 - exact[2]) > 100 * fit.mcse()["subject"]
