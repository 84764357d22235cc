"""The likelihood's slope in a variance at 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from glmmspec.blocks import Batch
from glmmspec.family import FAMILIES, Family
from glmmspec.solver.integral import EffectDraws
from glmmspec.solver.weighted_sample import chunk_size


def zero_variance_score(
    batch: Batch, family: Family, draws: EffectDraws, beta: Float[np.ndarray, " p"], component: int
) -> float:
    """The part of dl/dnu_t at nu_t = 0 that a batch contributes, for a component t held at 0.

    dl/dnu_t = 1/2 sum_j E[ s_j^2 - i_j | y ],  s = Z_t'(s - a c'(eta)),  i = diag(Z_t' diag(a c'') Z_t),

    by expanding the expectation over N(0, nu_t) of the likelihood in nu_t.
    """
    mine = (batch.component == component)[:, :, None]
    squared = replace(batch, values=np.square(batch.values))
    fixed = batch.x @ beta + batch.offset
    size, total = chunk_size(batch.successes.size), 0.0
    for start in range(0, draws.weights.shape[1], size):
        part = slice(start, start + size)
        eta = fixed[:, :, None] + batch.z_times(draws.effects[:, :, part])
        _, c1, c2 = FAMILIES[family.name].cumulant(eta)
        residual = batch.successes[:, :, None] - batch.trials[:, :, None] * c1
        score = batch.z_transposed_times(residual)
        information = squared.z_transposed_times(batch.trials[:, :, None] * c2)
        change = mine * (np.square(score) - information)
        total += float(np.einsum("bqc,bc->", change, draws.weights[:, part])) / 2
    return total
