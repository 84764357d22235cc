"""What a round makes of its maximum."""

from __future__ import annotations

import numpy as np

from glmmspec.solver.rounds import _sandwich


def test_monte_carlo_errors_have_the_parameters_units() -> None:
    """A variance of 10^-17 beside one of 1: where columns are times 10^8, draws are as many as they were."""
    rng = np.random.default_rng(2)
    covariance, variance = (root @ root.T for root in rng.normal(size=(2, 4, 4)))
    units = np.array([1, 1e-8, 1e-17, 1])
    found = _sandwich(covariance * np.outer(units, units), variance / np.outer(units, units))
    np.testing.assert_allclose(found, covariance @ variance @ covariance * np.outer(units, units), rtol=1e-10)
