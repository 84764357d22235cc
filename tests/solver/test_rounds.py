"""What a round makes of its maximum."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import glmmspec as gs
from glmmspec.options import SolverOptions
from glmmspec.solver import maximum_likelihood
from glmmspec.solver.coordinates import Point
from glmmspec.solver.draw_plan import DrawPlan, Size, Standing
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.maximum_likelihood import estimate
from glmmspec.solver.monte_carlo import WeightHealth
from glmmspec.solver.rounds import Round, _sandwich
from tests.reference.kept_fits import few_events
from tests.solver import designs, quadrature


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_a_variance_of_zero(family: str) -> None:
    """Nodes at a mode near 0 have a density without bound as the variance falls: that is no maximum.

    Of eight data sets without effects the estimate is 0, or what a fine quadrature finds, and its likelihood
    that of quadrature in each.
    """
    zeros = 0
    for seed in range(8):
        design = designs.groups(family, seed=seed, n_groups=60, per_group=8, variance=0.0, beta=0.3)
        found = estimate(design, SolverOptions())
        assert found.settled
        zeros += int(found.final.variances[0] == 0)
        start = np.append(found.final.beta, max(found.final.variances[0], 1e-6))
        exact, height = quadrature.maximum(design, start)
        assert found.final.maximum.value == pytest.approx(height, abs=2e-3)
        np.testing.assert_allclose(found.final.variances[0], exact[-1], atol=2e-3)
    assert 0 < zeros < 8


def test_a_small_variance_that_is_tried_at_zero_returns_for_good() -> None:
    """With a given number of draws there are few rounds: of 24 data sets none is given up."""
    for seed in range(24):
        design = designs.groups("poisson", seed=seed, n_groups=40, per_group=6, variance=0.01, beta=0.1)
        found = estimate(design, SolverOptions(draws=512))
        assert found.settled


FAR = SolverOptions(start=(0.0, 0.0, 1e4))


def test_a_start_far_away() -> None:
    """A variance moves by a factor of 4 a round, and quadrature has as many rounds as that takes."""
    design = designs.groups("poisson", seed=1, n_groups=40, per_group=5, variance=1.0, beta=0.3)
    near, far = (estimate(design, options) for options in (SolverOptions(), FAR))
    assert near.settled
    assert far.settled
    assert len(far.rounds) > 4
    np.testing.assert_allclose(far.final.variances, near.final.variances, rtol=1e-3)
    moves = [np.log(r.variances / r.centre.variances) for r in far.rounds]
    assert np.abs(moves).max() <= np.log(4) * (1 + 1e-9)


def test_monte_carlo_errors_have_the_parameters_units() -> None:
    """A variance of 10^-17 beside one of 1: where columns are times 10^8, draws are as many as they were."""
    rng = np.random.default_rng(2)
    covariance, variance = (root @ root.T for root in rng.normal(size=(2, 4, 4)))
    units = np.array([1, 1e-8, 1e-17, 1])
    found = _sandwich(covariance * np.outer(units, units), variance / np.outer(units, units))
    np.testing.assert_allclose(found, covariance @ variance @ covariance * np.outer(units, units), rtol=1e-10)


def test_an_estimate_from_draws_is_confirmed_by_a_round_of_other_draws() -> None:
    """512 draws of a symmetric proposal look good here for some seeds, and are not (test_axes.py)."""
    for seed in range(1, 9):
        fit = gs.fit("family poisson\ny ~ 1 | g, a", few_events(), seed=seed)
        before, last = fit.estimate.rounds[-2:]
        assert last.stream != before.stream
        assert last.agrees_with(before)


def test_more_is_drawn_where_two_rounds_do_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be, if no two ever do, and that is said; no more where they do."""
    options = {"seed": 3, "max_draws": 4096}
    assert gs.fit("family poisson\ny ~ 1 | g, a", few_events(), **options).n_draws < 4096
    monkeypatch.setattr(Round, "agrees_with", lambda self, before: False)
    with pytest.warns(gs.errors.ReliabilityWarning, match="still moved"):
        fit = gs.fit("family poisson\ny ~ 1 | g, a", few_events(), **options)
    assert fit.n_draws == 4096
    assert not fit.reliable


def test_more_is_drawn_where_weights_are_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where those of fewer than 2000 draws are said to be, at least as many are taken."""
    truly = maximum_likelihood.weight_health

    def doubtful_if_few(likelihood: Likelihood, psi: np.ndarray) -> WeightHealth:
        health = truly(likelihood, psi)
        return dataclasses.replace(health, k_hat=np.where(health.draws < 2000, 1.0, health.k_hat))

    monkeypatch.setattr(maximum_likelihood, "weight_health", doubtful_if_few)
    fit = gs.fit("family poisson\ny ~ 1 | g, a", few_events(), seed=3)
    assert fit.n_draws >= 2000
    assert fit.reliable


def test_a_variance_that_is_still_on_its_way_takes_no_more_draws() -> None:
    """What is left of its gradient where a round cuts it off is no Monte Carlo error."""
    design = designs.groups("poisson", seed=1, n_groups=40, per_group=5, variance=1.0, beta=0.3)
    options = SolverOptions(integration="importance")
    plan, size = DrawPlan.of(options, affordable=2**20), Size(512, 7)
    found = estimate(design, options).final
    unsettled = Standing(rounds=1, settled=False, confirmed=False, doubtful=False)
    inside = dataclasses.replace(found, moved=0.8, draw_error=1.0)
    centre = Point(found.centre.beta, found.variances / 4)
    cut_off = dataclasses.replace(inside, centre=centre)
    assert not inside.at_the_edge
    assert cut_off.at_the_edge
    larger, again = (plan.next(latest, size, unsettled) for latest in (inside, cut_off))
    assert larger is not None
    assert larger.draws > size.draws
    assert again == size


def test_draws_grow_as_their_errors_ask_for() -> None:
    """Errors of 512 draws, too large by 2.1 and by 3: those of quasi-random points fall faster."""
    design = designs.groups("poisson", seed=1, n_groups=40, per_group=5, variance=1.0, beta=0.3)
    settled = Standing(rounds=1, settled=True, confirmed=True, doubtful=False)
    found = estimate(design, SolverOptions(integration="importance")).final
    for points, factors in {"sobol": (2, 4), "random": (4, 8)}.items():
        plan = DrawPlan.of(SolverOptions(points=points), affordable=2**20)
        for excess, factor in zip((2.1, 3.0), factors, strict=True):
            latest = dataclasses.replace(found, draw_error=excess * plan.tolerance, draw_se_error=0.0)
            assert plan.next(latest, Size(512, 7), settled) == Size(factor * 512, 7)
