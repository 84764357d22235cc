"""Parts of the kernel beside loops; its whole is in test_likelihood.py and test_conditional.py."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from glmmspec.solver.kernel import Arithmetic, Rows, fixed_part
from tests.solver import designs
from tests.solver.test_conditional import away, likelihood_of


@pytest.mark.parametrize("n_rows", [1, 5, 31, 32, 36, 132])
def test_effects_above_are_looked_up_row_by_row(n_rows: int) -> None:
    """Also where rows are read in quarters."""
    rng = np.random.default_rng(n_rows)
    groups, draws, pieces, effects, terms, p = 2, 3, 4, 6, 2, 2
    slope, base = rng.normal(size=(pieces, n_rows, p)), rng.normal(size=(pieces, n_rows))
    codes = rng.integers(effects, size=(pieces, n_rows, terms))
    values = rng.normal(size=(pieces, n_rows, terms))
    above, moved = rng.normal(size=(groups, draws, effects)), rng.normal(size=p)
    with jax.enable_x64(True):
        rows = Rows.of(
            slope=slope, base=base, successes=base, trials=base, codes=codes, values=values, own=None
        )
        eta = np.asarray(fixed_part(rows, jnp.asarray(above), moved, Arithmetic("bernoulli")))
    for j in range(pieces):
        for r in range(n_rows):
            expected = base[j, r] + slope[j, r] @ moved + above[:, :, codes[j, r]] @ values[j, r]
            np.testing.assert_allclose(eta[r, :, :, j], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("blocks_last", [False, True])
def test_sums_of_a_replicate_are_over_its_own_draws(blocks_last: bool) -> None:
    """From them comes the Monte Carlo error: draws exchanged between replicates leave the estimates alone."""
    few, many = (
        designs.crossed("bernoulli"),
        designs.groups("bernoulli", seed=1, n_groups=600, per_group=2, variance=1.0),
    )
    design = many if blocks_last else few
    likelihood = likelihood_of(design, draws=1024, blocks="natural", integration="importance")
    for sample in likelihood.integrals:
        assert sample._how.blocks_last == blocks_last
        at = likelihood.split(away(design))
        sums, drawn = sample.group_sums(*at), sample.weighted_draws(*at)
        weights = np.exp(drawn.log_weights - drawn.log_weights.max(axis=(1, 2), keepdims=True))
        weights /= weights.sum(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(sums.weight, weights.sum(axis=2), rtol=1e-10)
        score = np.einsum("bprm,brm->brp", drawn.scores, weights)
        np.testing.assert_allclose(sums.score, score, rtol=1e-9, atol=1e-12)
