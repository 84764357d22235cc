"""Axes along which posteriors are nearly normal: their geometry, and what they are for."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.optimize import minimize
from scipy.special import gammaln

import glmmspec as gs
from glmmspec.solver import weighted_sample
from glmmspec.solver.axes import Axes, Heights, straight_knots
from tests.reference.kept_fits import few_events

COUNTS = "family poisson\ny ~ 1 | g, a"


def some_axes(bent: bool = True) -> Axes:
    """Of three blocks with four effects, the last of the third absent."""
    rng = np.random.default_rng(3)
    present = np.ones((3, 4), dtype=bool)
    present[2, 3] = False
    scale = np.tril(rng.normal(size=(3, 4, 4)), -1) + np.diag(rng.uniform(0.5, 2, 4))
    scale[2, 3], scale[2, :, 3] = 0, 0
    scale[2, 3, 3] = 1
    knots = np.cumsum(rng.uniform(0.2, 3, size=(3, 4, 9)), axis=2)
    knots -= knots[:, :, 4:5]
    knots[0, 1], knots[2, 3] = straight_knots(()), straight_knots(())
    centre = np.where(present, rng.normal(size=(3, 4)), 0.0)
    axes = Axes.straight(centre, scale, present)
    return Axes(centre, scale, present, knots) if bent else axes


def coordinates(axes: Axes) -> np.ndarray:
    """From the middle to far beyond the knots."""
    x = np.random.default_rng(4).standard_t(2, size=(*axes.centre.shape, 400)) * 4
    return x * axes.present[:, :, None]


@pytest.mark.parametrize("bent", [True, False])
def test_coordinates_are_those_of_the_places(bent: bool) -> None:
    axes = some_axes(bent)
    x = coordinates(axes)
    assert np.abs(x).max() > 50
    places, volume = axes.places(x)
    again, same = axes.coordinates(places)
    np.testing.assert_allclose(again, x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(same, volume, rtol=1e-9)
    assert (places[2, 3] == 0).all()


def test_the_volume_is_that_of_small_cubes() -> None:
    axes, step = some_axes(), 1e-5
    x = coordinates(axes)
    moved = [
        (axes.places(x + e[None, :, None])[0] - axes.places(x - e[None, :, None])[0]) / (2 * step)
        for e in step * np.eye(4)
    ]
    volume = np.linalg.slogdet(np.stack(moved, axis=1).transpose(0, 3, 1, 2))[1]
    # Differences are wrong where a knot lies between.
    error = np.abs(axes.places(x)[1] - volume)
    assert np.quantile(error, 0.99) < 1e-6
    straight = some_axes(bent=False)
    assert np.quantile(np.abs(straight.places(x)[1] - volume), 0.01) > 1e-3


def log_gamma_height(u: np.ndarray, counts: np.ndarray, variance: float) -> np.ndarray:
    """Of an effect each for Poisson counts of rate exp(u), alone in its block."""
    terms = counts[:, None, None] * u - np.exp(u) - u**2 / (2 * variance)
    return np.asarray(terms.sum(axis=1))


def normal_approximation(counts: np.ndarray, variance: float) -> Axes:
    mode = np.zeros(len(counts))
    for _ in range(100):
        mode += np.clip((counts - np.exp(mode) - mode / variance) / (np.exp(mode) + 1 / variance), -1, 1)
    scale = 1 / np.sqrt(np.exp(mode) + 1 / variance)
    return Axes.straight(mode[:, None], scale[:, None, None], np.ones((len(counts), 1), dtype=bool))


def test_along_a_bent_axis_a_posterior_is_normal() -> None:
    height = partial(log_gamma_height, counts=np.array([0.0, 1.0, 3.0, 400.0]), variance=14.0)
    straight = normal_approximation(np.array([0.0, 1.0, 3.0, 400.0]), variance=14.0)
    bent = straight.bent(height)
    assert (effective_share(bent, height) > 0.98).all()
    assert (effective_share(straight, height) < [0.8, 0.8, 0.93, 1]).all()
    np.testing.assert_array_equal(
        bent.knots != straight.knots, [[[many < 400] * 9] for many in (0, 1, 3, 400)]
    )


def effective_share(axes: Axes, height: Heights) -> np.ndarray:
    """1 / E[p / q | y], with q a t of 10 degrees of freedom in the coordinates of the axes."""
    x = np.linspace(-60, 60, 60_001)
    places, volume = axes.places(np.broadcast_to(x, (len(axes.centre), 1, len(x))))
    posterior = np.exp(height(places) - height(axes.centre[:, :, None]) + volume)
    posterior /= posterior.sum(axis=1, keepdims=True)
    proposal = scipy.stats.t(10).pdf(x) * (x[1] - x[0])
    return np.asarray(1 / (posterior**2 / proposal).sum(axis=1))


class Exact:
    """The likelihood of `few_events`: a grid over the effects of `a`, given these Gauss-Hermite for `g`."""

    def __init__(self, data: pd.DataFrame) -> None:
        self.of_level = data.groupby("a").y.sum().to_numpy()
        self.of_group = data.groupby("g").y.sum().to_numpy()
        self.constant = -gammaln(data.y + 1).sum()
        nodes, weights = np.polynomial.hermite.hermgauss(31)
        self.nodes, self.log_weights = np.sqrt(2) * nodes, np.log(weights) + nodes**2 + np.log(2) / 2

    def __call__(self, psi: np.ndarray) -> float:
        beta, log_nu = psi[0], psi[1:]
        nu_g, nu_a = np.exp(log_nu)
        middle = np.log(np.maximum(self.of_level, 1) / 24) - beta
        below = np.where(self.of_level > 0, 3.5, 32)
        grids = [np.linspace(m - d, m + 3.5, n) for m, d, n in zip(middle, below, (71, 71, 161), strict=True)]
        # Each group has two rows of each level.
        sums = sum(np.exp(beta + u).reshape(np.roll([-1, 1, 1], j)) for j, u in enumerate(grids))
        rates = np.log(2 * sums)
        table = np.linspace(rates.min(), rates.max(), 1500)
        height = np.interp(rates, table, sum(self._group(y, table, nu_g) for y in self.of_group))
        for j, u in enumerate(grids):
            prior = -(u**2) / (2 * nu_a) - np.log(2 * np.pi * nu_a) / 2 + np.log(u[1] - u[0])
            height += (self.of_level[j] * u + prior).reshape(np.roll([-1, 1, 1], j))
        top = height.max()
        return float(top + np.log(np.exp(height - top).sum()) + beta * self.of_level.sum() + self.constant)

    def _group(self, count: float, log_rate: np.ndarray, nu: float) -> np.ndarray:
        """log of the integral of exp(count u - rate exp(u)) over u, normal of variance nu."""
        u = np.zeros_like(log_rate)
        for _ in range(60):
            rate = np.exp(log_rate + u)
            u += np.clip((count - rate - u / nu) / (rate + 1 / nu), -1, 1)
        scale = 1 / np.sqrt(np.exp(log_rate + u) + 1 / nu)
        at = u + scale * self.nodes[:, None]
        terms = count * at - np.exp(log_rate + at) - at**2 / (2 * nu) + self.log_weights[:, None]
        top = terms.max(axis=0)
        return np.asarray(
            top + np.log(np.exp(terms - top).sum(axis=0)) + np.log(scale) - np.log(2 * np.pi * nu) / 2
        )


@pytest.fixture(scope="module")
def exact() -> pd.Series[float]:
    """The maximum of `few_events`, and the log-likelihood there."""
    likelihood = Exact(few_events())
    start = np.array([-0.6, np.log(0.4), np.log(13.0)])
    options = {"xatol": 1e-4, "fatol": 1e-7, "maxfev": 200}
    found = minimize(lambda psi: -likelihood(psi), start, method="Nelder-Mead", options=options)
    assert found.success
    psi = {"(Intercept)": found.x[0], "g": np.exp(found.x[1]), "a": np.exp(found.x[2])}
    return pd.Series({**psi, "loglik": -found.fun})


def typical_errors(exact: pd.Series[float]) -> pd.Series[float]:
    """Of twenty seeds, the root mean squares of errors in stated ones."""
    fits = [gs.fit(COUNTS, few_events(), seed=seed) for seed in range(1, 21)]
    assert all(fit.reliable for fit in fits)
    errors = [pd.concat([fit.params(), pd.Series({"loglik": fit.loglik})]) - exact for fit in fits]
    stated = [pd.concat([fit.mcse(), pd.Series({"loglik": fit.loglik_mcse})]) for fit in fits]
    return np.sqrt(np.square(pd.DataFrame(errors) / pd.DataFrame(stated)).mean())


def test_the_stated_errors_are_true_where_a_level_has_no_events(
    exact: pd.Series[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 10^5 sets of 20 standard normals has a root mean square above 1.7."""
    typical = typical_errors(exact)
    assert typical.max() < 1.7
    assert typical.min() > 0.5
    monkeypatch.setattr(Axes, "bent", lambda self, heights: self)
    assert typical_errors(exact).max() > 2


def test_axes_are_probed_however_few_draws_a_kernel_call_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gs.fit(COUNTS, few_events(), seed=3)
    assert len(whole.estimate.rounds) > 1
    for elements in (2**7, 2**8, 2**10):
        monkeypatch.setattr(weighted_sample, "_ELEMENTS_PER_CHUNK", elements)
        in_parts = gs.fit(COUNTS, few_events(), seed=3)
        np.testing.assert_allclose(in_parts.params(), whole.params(), rtol=1e-9)
