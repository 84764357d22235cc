"""The fast likelihood against slow loops, automatic differentiation, and itself rearranged."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from glmmspec.blocks import FEW_TO_FILL, PADDING, batches, partition
from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES
from glmmspec.solver.importance import ImportanceSample
from glmmspec.solver.likelihood import Likelihood
from tests.solver import designs
from tests.solver.slow_likelihood import block_log_integral

DRAWS = 40
PSI = np.array([0.25, -0.4, 0.7, 0.45])
TIGHT = {"rtol": 1e-10, "atol": 1e-10}


def psi_of(design: Design) -> np.ndarray:
    return PSI[: len(design.parameters)]


def draws_of(design: Design, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Draws of all effects (q, m) from independent normals, and the log density of each effect's."""
    rng = np.random.default_rng(seed)
    scale = 1.1
    u = scale * rng.normal(size=(sum(len(t.levels) for t in design.random), DRAWS))
    return u, -0.5 * np.log(2 * np.pi * scale**2) - np.square(u) / (2 * scale**2)


def likelihood_at(
    design: Design,
    effects: np.ndarray,
    log_q: np.ndarray,
    *,
    joint: bool = False,
    chunk: int | None = None,
    drift: np.ndarray | None = None,
    origin: np.ndarray | None = None,
    rows_to_fill: int = FEW_TO_FILL,
) -> Likelihood:
    """MCLA with given draws (and drift) of all effects, split over the design's blocks."""
    varies = np.ones(len(design.components), dtype=bool)
    integrals = []
    for batch in batches(design, partition(design, joint=joint), rows_to_fill=rows_to_fill):
        real = batch.effect != PADDING
        integrals.append(
            ImportanceSample(
                batch,
                design.family,
                np.where(real[:, :, None], effects[batch.effect], 0),
                np.where(real[:, :, None], log_q[batch.effect], 0).sum(axis=1),
                varies=varies,
                replicates=effects.shape[1],
                drift=None if drift is None else np.where(real[:, :, None], drift[batch.effect], 0),
                origin=origin,
                chunk=chunk,
            )
        )
    return Likelihood(
        integrals, varies, np.zeros(len(varies)), constant=0.0, n_coefficients=design.x.shape[1]
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_value_equals_the_slow_loop(family):
    design = designs.crossed(family, shared=family == "binomial")
    psi = psi_of(design)
    effects, log_q = draws_of(design)
    parts = partition(design)
    assert parts.n_blocks == 3
    expected = sum(
        block_log_integral(
            design,
            psi,
            effects,
            log_q[parts.effect_block == b].sum(axis=0),
            np.flatnonzero(parts.row_block == b),
            np.flatnonzero(parts.effect_block == b),
        )
        for b in range(parts.n_blocks)
    )
    assert likelihood_at(design, effects, log_q)(psi)[0] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("follows", [False, True], ids=["fixed draws", "draws that follow beta"])
def test_derivatives_equal_automatic_ones(family, follows):
    design = designs.crossed(family, shared=family == "binomial")
    psi = psi_of(design)
    effects, log_q = draws_of(design)
    drift = follows * np.random.default_rng(8).normal(scale=0.5, size=(len(effects), 2))
    origin = np.array([0.1, -0.2])
    objective = dense_objective(design, effects, log_q, drift, origin)
    ours = likelihood_at(design, effects, log_q, drift=drift, origin=origin)(psi)
    for one, other in zip(ours, automatic(objective, psi), strict=True):
        np.testing.assert_allclose(one, other, **TIGHT)


def automatic(objective, psi: np.ndarray):
    """Value, gradient and Hessian; compiled fast, not to be fast."""

    def gradient(x):
        value, first = jax.value_and_grad(objective)(x)
        return first, (value, first)

    twice = jax.jit(
        jax.jacfwd(gradient, has_aux=True), compiler_options={"xla_backend_optimization_level": 0}
    )
    with jax.enable_x64(True):
        hessian, (value, first) = twice(psi)
    return value, first, hessian


def dense_objective(
    design: Design, draws: np.ndarray, log_q: np.ndarray, drift: np.ndarray, origin: np.ndarray
):
    """l_m(psi) with a dense Z and no blocks but labels: a function that JAX can differentiate."""
    parts = partition(design)
    p = design.x.shape[1]
    z = np.zeros((len(design.y), len(draws)))
    for t, term in enumerate(design.random):
        z[np.arange(len(z)), parts.effects[:, t]] = term.values

    def objective(psi):
        effects = draws + (drift @ (psi[:p] - origin))[:, None]
        eta = (design.x @ psi[:p] + design.offset)[:, None] + z @ effects
        if design.family.name == "poisson":
            c = jnp.exp(eta)
        else:
            c = design.trials[:, None] * jnp.logaddexp(0, eta)
        log_f = design.weights[:, None] * (design.y[:, None] * eta - c)
        nu = psi[p:][parts.effect_component][:, None]
        log_phi = -jnp.log(2 * jnp.pi * nu) / 2 - jnp.square(effects) / (2 * nu)
        total = 0.0
        for b in range(parts.n_blocks):
            log_w = log_f[parts.row_block == b].sum(0)
            log_w = log_w + (log_phi - log_q)[parts.effect_block == b].sum(0)
            total = total + jax.scipy.special.logsumexp(log_w) - jnp.log(draws.shape[1])
        return total

    return objective


def test_a_wrong_derivative_would_be_seen():
    """Negative control: the derivatives of a model with one weight changed are not within the tolerance."""
    design = designs.crossed("bernoulli")
    effects, log_q = draws_of(design)
    changed = replace(design, weights=design.weights + 1e-6 * (np.arange(len(design.y)) == 0))
    gradient = likelihood_at(design, effects, log_q)(PSI)[1]
    other = likelihood_at(changed, effects, log_q)(PSI)[1]
    assert not np.allclose(gradient, other, **TIGHT)


@pytest.mark.parametrize("chunk", [1, *(pytest.param(c, marks=pytest.mark.slow) for c in (7, DRAWS)), 64])
def test_chunks_of_draws_change_nothing(chunk):
    design = designs.crossed("binomial")
    assert_same(
        likelihood_at(design, *draws_of(design)), likelihood_at(design, *draws_of(design), chunk=chunk)
    )


def test_one_block_is_the_joint_block():
    design = designs.crossed("poisson", blocks=1, rows=11)
    effects, log_q = draws_of(design)
    assert_same(likelihood_at(design, effects, log_q), likelihood_at(design, effects, log_q, joint=True))


def test_order_of_rows_levels_and_blocks_changes_nothing():
    design = designs.crossed("bernoulli", blocks=5)
    effects, log_q = draws_of(design)
    rng = np.random.default_rng(3)
    rows = rng.permutation(len(design.y))
    shuffled, moved = [], []
    for term in design.random:
        order = rng.permutation(len(term.levels))  # new code -> old code
        moved.append(order + sum(len(t.levels) for t in design.random[: len(moved)]))
        shuffled.append(
            RandomEffects(
                term.name,
                term.grouping,
                tuple(term.levels[j] for j in order),
                np.argsort(order)[term.codes[rows]],
                term.values[rows],
                term.component,
            )
        )
    permuted = replace(
        design,
        y=design.y[rows],
        trials=design.trials[rows],
        x=design.x[rows],
        weights=design.weights[rows],
        offset=design.offset[rows],
        random=tuple(shuffled),
    )
    index = np.concatenate(moved)
    assert_same(likelihood_at(design, effects, log_q), likelihood_at(permuted, effects[index], log_q[index]))


def test_batches_of_other_sizes_change_nothing(monkeypatch):
    design = designs.crossed("bernoulli", blocks=7)
    effects, log_q = draws_of(design)
    whole = likelihood_at(design, effects, log_q)
    monkeypatch.setattr("glmmspec.blocks._ROWS_PER_BATCH", 16)
    split = likelihood_at(design, effects, log_q)
    assert len(split.integrals) > len(whole.integrals)
    assert_same(whole, split)


def test_weight_two_is_a_row_twice():
    design = designs.crossed("poisson")
    doubled = replace(design, weights=np.where(design.weights == 2, 1.0, design.weights))
    twice = np.concatenate([np.arange(len(design.y)), np.flatnonzero(design.weights == 2)])
    repeated = replace(
        doubled,
        **{name: getattr(doubled, name)[twice] for name in ("y", "trials", "x", "weights", "offset")},
        random=tuple(replace(t, codes=t.codes[twice], values=t.values[twice]) for t in design.random),
    )
    effects, log_q = draws_of(design)
    assert_same(likelihood_at(design, effects, log_q), likelihood_at(repeated, effects, log_q))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scale", [1e-3, 1e3, 1e150, 1e308])
def test_nothing_overflows(family, scale):
    design = designs.crossed(family)
    effects, log_q = draws_of(design)
    with np.errstate(all="raise", under="ignore"):
        value, gradient, hessian = likelihood_at(design, effects, log_q)(np.array([scale, -scale, 1.0, 1.0]))
    assert not np.isnan(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()


def test_outside_the_domain_the_value_is_minus_infinity():
    design = designs.crossed("bernoulli")
    likelihood = likelihood_at(design, *draws_of(design))
    assert likelihood(np.array([0.0, 0.0, -1e-9, 1.0]))[0] == -np.inf
    assert likelihood(np.array([0.0, np.nan, 1.0, 1.0]))[0] == -np.inf


def assert_same(one: Likelihood, other: Likelihood) -> None:
    """Both give the same value, gradient and Hessian at two points."""
    for psi in (PSI, 0.7 * PSI + 0.1):
        for a, b in zip(one(psi), other(psi), strict=True):
            np.testing.assert_allclose(a, b, **TIGHT)


def test_batches_are_computed_in_threads():
    """To what one filled up batch gives; what double precision cannot hold is no warning there either."""
    design = designs.crossed("poisson")
    one, likelihood = (likelihood_at(design, *draws_of(design), rows_to_fill=n) for n in (FEW_TO_FILL, 0))
    assert (len(one.integrals), len(likelihood.integrals)) == (1, 2)
    assert_same(one, likelihood)
    for far in (PSI * [-1e307, 1, 1, 1], PSI * [1, 1, 1e-300, 1]):
        value, gradient, hessian = likelihood(far)
        assert value == -np.inf
        assert not gradient.any()
        assert not hessian.any()
