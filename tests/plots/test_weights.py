"""The picture of the weights: the diagnostics, their limits, and the largest weights."""

import dataclasses

import numpy as np
import pytest

import glmmspec as gs
from glmmspec.plots.weights import plot_weights
from glmmspec.solver.monte_carlo import FEWEST_EFFECTIVE_DRAWS, k_hat_limit
from tests.plots.artists import marks, texts


def limits(ax):
    return [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]


def test_diagnostics_with_their_limits(salamander):
    effective, k_hat, _ = plot_weights(salamander)
    table = salamander.diagnostics()
    np.testing.assert_array_equal(marks(effective, "o"), table["draws_effective"].reset_index())
    np.testing.assert_array_equal(marks(k_hat, "o"), table["k_hat"].reset_index())
    assert limits(effective) == [FEWEST_EFFECTIVE_DRAWS]
    assert limits(k_hat) == [k_hat_limit(salamander.n_draws)]
    assert not len(marks(effective, "x"))
    for ax in (effective, k_hat):
        low, high = ax.get_ylim()
        assert low < limits(ax)[0] < high


def test_blocks_beyond_a_limit_are_crosses(unreliable):
    table, axes = unreliable.diagnostics(), plot_weights(unreliable)
    few = table["draws_effective"] < FEWEST_EFFECTIVE_DRAWS
    heavy = table["k_hat"] > k_hat_limit(unreliable.n_draws)
    assert (few | heavy).all()
    for ax, beyond in zip(axes, (few, heavy), strict=False):
        np.testing.assert_array_equal(marks(ax, "x")[:, 0], table.index[beyond])
        np.testing.assert_array_equal(marks(ax, "o")[:, 0], table.index[~beyond])


@pytest.mark.parametrize("name", ["salamander", "unreliable"])
def test_the_largest_weights_of_the_worst_block(name, request):
    fit = request.getfixturevalue(name)
    axes = plot_weights(fit)
    worst = fit.diagnostics()["draws_effective"].idxmin()
    weights = np.sort(fit.importance_weights()[worst])[::-1]
    share, equal = (line.get_ydata() for line in axes[2].lines)
    np.testing.assert_allclose(share, np.cumsum(weights))
    np.testing.assert_allclose(equal[[0, -1]], [1 / fit.n_draws, 1])
    assert axes[2].get_xlabel().endswith(f"block {worst}")


def test_k_hats_that_do_not_exist_stand_at_the_edge(salamander):
    health = salamander.estimate.weights
    k_hat = np.array([np.inf, -np.inf, *health.k_hat[2:]])
    estimate = dataclasses.replace(salamander.estimate, weights=dataclasses.replace(health, k_hat=k_hat))
    ax = plot_weights(dataclasses.replace(salamander, estimate=estimate))[1]
    assert marks(ax, "^").tolist() == [[0, 1]]
    assert marks(ax, "v").tolist() == [[1, 0]]
    assert len(marks(ax, "o")) == 4


def test_more_blocks_than_are_examined():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(600), 4)
    data = {"g": g, "y": rng.poisson(np.exp(rng.normal(scale=0.7, size=600)[g]))}
    axes = plot_weights(gs.fit("family poisson\ny ~ 1 | g", data, draws=512))
    assert "block (worst 500 of 600)" in texts(axes)
