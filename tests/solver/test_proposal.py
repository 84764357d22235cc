"""Proposals: what is drawn has the density that is stated."""

import numpy as np
import pytest
from scipy.special import gammaincinv
from scipy.stats import kstest, multivariate_normal, multivariate_t

from glmmspec.blocks import batches, partition
from glmmspec.solver.modes import posterior_modes
from glmmspec.solver.points import REPLICATES, unit_cube_points
from glmmspec.solver.proposal import RADIAL_DIMENSIONS, Proposal, _radius, laplace_axes
from tests.solver import designs


def mixture(q: int = 3) -> Proposal:
    rng = np.random.default_rng(1)
    scale = np.tril(rng.normal(size=(2, 3, q, q)))
    scale[..., range(q), range(q)] = 0.5 + rng.random((2, 3, q))
    return Proposal(
        shares=np.array([0.5, 0.2, 0.3]),
        df=np.array([4.0, np.inf, np.inf]),
        centre=rng.normal(size=(2, 3, q)),
        scale=scale,
        present=np.ones((2, q), dtype=bool),
    )


def test_density_is_scipys():
    proposal = mixture()
    u = np.random.default_rng(2).normal(size=(2, 3, 50))
    for b in range(2):
        total = np.zeros(50)
        for c, df in enumerate(proposal.df):
            location = proposal.centre[b, c]
            shape = proposal.scale[b, c] @ proposal.scale[b, c].T
            known = (
                multivariate_normal(location, shape) if np.isinf(df) else multivariate_t(location, shape, df)
            )
            total += proposal.shares[c] * known.pdf(u[b].T)
        np.testing.assert_allclose(proposal.log_density(u)[b], np.log(total), rtol=1e-10)


@pytest.mark.parametrize("kind", ["sobol", "random"])
def test_draws_have_that_density(kind):
    """The mean of g / q over draws from q is the integral of g, within 5 of its standard errors.

    With 4 quantities the false-alarm rate is below 1e-5; dividing by another q misses by far.
    """
    proposal = mixture()
    target = multivariate_normal(np.zeros(3), 0.5 * np.eye(3))
    draws = 4096 * REPLICATES
    points = unit_cube_points(
        (3,), kind=kind, blocks=np.arange(2), dimensions=3 + RADIAL_DIMENSIONS, draws=draws
    )
    u, log_density = proposal.draw(points)
    for b in range(2):
        ratio = target.pdf(u[b].T) / np.exp(log_density[b])
        means = ratio.reshape(REPLICATES, -1).mean(axis=1)
        error = means.std(ddof=1) / np.sqrt(REPLICATES)
        assert abs(means.mean() - 1) < 5 * error
        assert error < 0.02
        wrong = target.pdf(u[b].T) / np.exp(proposal.log_density(u[::-1])[b])
        assert abs(wrong.mean() - 1) > 5 * error


def test_absent_effects_are_zero_and_no_part_of_the_density():
    full = mixture(2)
    proposal = Proposal(
        shares=full.shares,
        df=full.df,
        centre=np.pad(full.centre, ((0, 0), (0, 0), (0, 1))),
        scale=np.pad(full.scale, ((0, 0), (0, 0), (0, 1), (0, 1))) + np.diag([0.0, 0, 1]),
        present=np.array([[True, True, False]] * 2),
    )
    points = unit_cube_points(
        (4,), kind="random", blocks=np.arange(2), dimensions=3 + RADIAL_DIMENSIONS, draws=32
    )
    u, log_density = proposal.draw(points)
    assert (u[:, 2] == 0).all()
    np.testing.assert_allclose(log_density, full.log_density(u[:, :2]), rtol=1e-12)


def test_one_component_states_the_same_density_as_the_mixture_formula():
    full = mixture()
    single = Proposal(np.ones(1), full.df[:1], full.centre[:, :1], full.scale[:, :1], full.present)
    points = np.random.default_rng(6).random((2, 3 + RADIAL_DIMENSIONS, 300))
    u, log_density = single.draw(points)
    np.testing.assert_allclose(log_density, single.log_density(u), rtol=1e-10)


@pytest.mark.parametrize("df", [1.0, 2.5, 10.0, 1e6])
def test_the_spline_of_the_radial_quantile(df):
    p = np.concatenate([np.random.default_rng(0).random(5000) * 10.0**k for k in (0, -6, -10)])
    exact = np.sqrt(df / 2 / gammaincinv(df / 2, p))
    np.testing.assert_allclose(_radius(p, df), exact, rtol=1e-7)


@pytest.mark.parametrize("kind", ["sobol", "random"])
@pytest.mark.parametrize("draws", [REPLICATES, 7 * REPLICATES, 64 * REPLICATES])
def test_points_are_uniform(kind, draws):
    """Kolmogorov-Smirnov on 200 blocks' first points: false-alarm rate 1e-4 per coordinate."""
    points = unit_cube_points((9,), kind=kind, blocks=np.arange(200), dimensions=3, draws=draws)
    assert points.shape == (200, 3, draws)
    assert points.min() > 0
    assert points.max() < 1
    for coordinate in range(3):
        assert kstest(points[:, coordinate, 0], "uniform").pvalue > 1e-4
        assert kstest(points[:, coordinate, 0] ** 2, "uniform").pvalue < 1e-4


def test_quasi_random_points_are_balanced_and_replicates_differ():
    points = unit_cube_points(
        (9,), kind="sobol", blocks=np.arange(2), dimensions=3, draws=64 * REPLICATES
    ).reshape(2, 3, REPLICATES, 64)
    counts = np.apply_along_axis(lambda u: np.bincount((64 * u).astype(int), minlength=64), 3, points)
    assert (counts == 1).all()
    assert len(np.unique(points.reshape(-1, 64), axis=0)) == points[..., 0].size


@pytest.mark.parametrize("family", ["bernoulli", "binomial", "poisson"])
def test_laplace_is_centred_at_the_mode_with_its_curvature(family):
    design = designs.crossed(family)
    [batch, *_] = batches(design, partition(design))
    beta, variances = np.array([0.3, -0.2]), np.array([0.9, 0.4])
    modes = posterior_modes(batch, design.family, beta, variances)
    z = batch.z()
    free = batch.component >= 0

    def log_posterior(u):
        eta = batch.x @ beta + batch.offset + np.einsum("bnq,bq->bn", z, u)
        c = batch.trials * design.family.cumulant(eta)[0]
        prior = np.where(free, u**2 / variances[batch.component] / 2, 0)
        return (batch.successes * eta - c).sum(axis=1) - prior.sum(axis=1)

    axes = laplace_axes(batch, modes, variances)
    step = 1e-4
    for j in np.flatnonzero(free.all(axis=0)):
        e = step * np.eye(free.shape[1])[j]
        up, here, down = (log_posterior(modes.effects + k * e) for k in (1, 0, -1))
        np.testing.assert_allclose((up - down) / (2 * step), 0, atol=1e-5)
        np.testing.assert_allclose((2 * here - up - down) / step**2, modes.precision[:, j, j], rtol=1e-4)
    scale = axes.scale
    identity = np.matmul(np.matmul(scale, scale.transpose(0, 2, 1)), modes.precision)
    np.testing.assert_allclose(
        identity, np.broadcast_to(np.eye(len(identity[0])), identity.shape), atol=1e-10
    )
