"""Sobol's points are SciPy's, bit by bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import qmc

from glmmspec.solver.sobol import sobol_digits


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("dimensions", "power"), [(1, 0), (1, 1), (3, 18), (22, 5), (300, 7), (1024, 12), (1025, 3)]
)
def test_points_are_scipys(dimensions: int, power: int, seed: int) -> None:
    """Also those that are drawn next; the last case is beyond the table of direction numbers."""
    ours, scipys = np.random.default_rng([seed, dimensions]), np.random.default_rng([seed, dimensions])
    digits = sobol_digits(dimensions, 2**power, ours)
    engine = qmc.Sobol(dimensions, scramble=True, bits=32, rng=scipys)
    np.testing.assert_array_equal(digits.T / 2.0**32, engine.random_base2(power))
    assert ours.integers(2**32) == scipys.integers(2**32)


def test_fewer_points_are_the_first_of_more() -> None:
    few, many = (sobol_digits(7, count, np.random.default_rng(3)) for count in (21, 32))
    np.testing.assert_array_equal(few, many[:, :21])


def test_a_fit_by_draws_does_without_scipy_stats() -> None:
    """It takes longer to import than a small fit."""
    fit = "import sys, glmmspec as gs; gs.fit('examples/salamander.glmm')"
    asked = f"{fit}; print('scipy.stats' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", asked]) == b"False\n"
