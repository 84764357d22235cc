"""Pareto shapes of weights: beside those of arviz_stats, and where that has none."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from glmmspec.solver.pareto import pareto_shape


@pytest.mark.parametrize("draws", [32, 225, 226, 4096])
@pytest.mark.parametrize("spread", [1e-3, 0.5, 2.0, 8.0])
def test_shapes_are_those_of_arviz_stats(draws, spread):
    log_weights = 300 + spread * np.random.default_rng(draws).standard_normal((5, draws))
    assert pareto_shape(log_weights) == pytest.approx(array_stats.psislw(-log_weights)[1], abs=1e-10)


def test_heavier_tails_have_larger_shapes():
    """Weights u^-k have a tail of shape k; the error of an estimate is near (1 + k) / sqrt(tail)."""
    u = np.random.default_rng(1).random(2**18)
    for shape in (0.2, 0.7, 1.5):
        assert pareto_shape(-shape * np.log(u)[None]) == pytest.approx(
            shape, abs=4 * (1 + shape) / np.sqrt(3 * 2**9)
        )


def test_weights_without_a_tail():
    few, even = np.arange(31.0)[None], np.zeros((1, 64))
    tied = np.r_[np.zeros(63), 1.0][None]
    assert [float(pareto_shape(row)[0]) for row in (few, even, tied)] == [np.inf, -np.inf, np.inf]
