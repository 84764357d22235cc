"""Proposals that are fitted to the draws of the round before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmmspec.options import SolverOptions
from glmmspec.solver.axes import Axes
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.fitted import FittedProposal
from glmmspec.solver.integration import Integration
from glmmspec.solver.rounds import Search
from glmmspec.solver.sampling import Effort
from tests.solver import designs


def test_a_fit_is_kept_along_axes_that_are_as_they_were() -> None:
    """Nothing is known of one that is bent now and was straight, or was bent and is straight."""
    rng = np.random.default_rng(1)
    straight = Axes.straight(np.zeros((1, 3)), np.eye(3)[None], np.ones((1, 3), dtype=bool))
    root = np.linalg.cholesky(np.cov(rng.normal(size=(3, 50))))[None]
    fit = FittedProposal(np.arange(3)[None], rng.normal(size=(1, 3)), root, 10.0, straight.knots)
    bent, farther = (replace(straight, knots=straight.knots * [[[1], [k], [1]]]) for k in (1.5, 2.0))
    for before, after in [(straight, bent), (bent, straight)]:
        found = replace(fit, knots=before.knots).along(after)
        np.testing.assert_array_equal(found.mean, np.where([[True, False, True]], fit.mean, 0))
        covariance, before_it = (root[0] @ root[0].T for root in (found.root, fit.root))
        others = np.ix_([0, 2], [0, 2])
        np.testing.assert_allclose(covariance[others], before_it[others], rtol=1e-12)
        np.testing.assert_allclose(covariance[1], [0, 1, 0], atol=1e-12)
        np.testing.assert_array_equal(found.knots, after.knots)
    found = replace(fit, knots=bent.knots).along(farther)
    np.testing.assert_array_equal(found.mean, fit.mean)
    np.testing.assert_array_equal(found.root, fit.root)


def test_a_proposal_is_fitted_where_its_draws_were_centred() -> None:
    """Its axes move with the modes; fitted at the new estimate, the move would count twice."""
    design = designs.crossed("poisson", blocks=4, rows=60, effects=(4, 3), variances=(0.8, 0.5))
    coordinates = Coordinates.of(design)
    inner = coordinates.design(design)
    integration = Integration.of(inner, SolverOptions(integration="importance"))
    search = Search(integration, coordinates, held=np.full(2, np.nan))
    far = Point(np.zeros(2), np.array([0.2, 0.1]))
    first = search.round(far, Effort(4096, order=7, stream=0))
    assert first.moved > 1
    at_the_estimate = _distance(search.likelihood.fitted(first.maximum.argument))
    search.round(search.next_centre(first), Effort(4096, order=7, stream=1))
    assert _distance(search.likelihood.proposals) < at_the_estimate / 10


def _distance(proposals: tuple[FittedProposal, ...]) -> float:
    """Mean square of the coordinates of the centres."""
    return float(np.mean([np.square(p.mean).mean() for p in proposals]))
