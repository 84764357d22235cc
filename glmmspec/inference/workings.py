"""What a fit was computed with, for those who want to look inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from glmmspec.blocks import PADDING, batches, partition
from glmmspec.inference.random_effects import effect_index
from glmmspec.solver.integral import BlockIntegrals, EffectDraws
from glmmspec.solver.modes import posterior_modes

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


def trace(fit: Fit) -> pd.DataFrame:
    """The path of the trust region: a row for each iteration of each round.

    Columns: the `draws` of the round; the `radius` of the region, in standard errors; `predicted`, the
    increase that the quadratic promised, and `ratio` (rho), the actual over the predicted one; `value`, the
    log-likelihood at the point tried; whether the step ended on the `boundary` of the region and was
    `accepted`; and the parameters tried. Each round has draws of its own, and so values of its own.
    """
    columns = ["round", "iteration", "draws", *_OF_STEP, *fit.design.parameters]
    return pd.DataFrame(_iterations(fit), columns=columns).set_index(["round", "iteration"])


_OF_STEP = ("radius", "predicted", "ratio", "value", "boundary", "accepted")


def _iterations(fit: Fit) -> Iterator[tuple[Any, ...]]:
    for number, of_round in enumerate(fit.estimate.rounds, start=1):
        held = np.concatenate([of_round.beta, of_round.variances])
        for iteration, step in enumerate(of_round.maximum.steps, start=1):
            point = held.copy()
            point[of_round.free] = step.argument
            yield number, iteration, of_round.draws, *(getattr(step, name) for name in _OF_STEP), *point


def draws(fit: Fit) -> pd.DataFrame:
    """The draws of the random effects at the estimate, m rows, columns by term and level.

    Missing where a block has fewer draws than others. Where effects were integrated by quadrature given
    others, nodes are drawn by their shares, for each draw of the others several times.
    """
    index = effect_index(fit.design)
    found = list(_effect_draws(fit))
    values = np.full((max(drawn.weights.shape[1] for _, drawn in found), len(index)), np.nan)
    for integrals, drawn in found:
        real = integrals.effect != PADDING
        values[: drawn.weights.shape[1], integrals.effect[real]] = drawn.effects[real].T
    return pd.DataFrame(values, columns=index).rename_axis(index="draw")


def _effect_draws(fit: Fit) -> Iterator[tuple[BlockIntegrals, EffectDraws]]:
    likelihood = fit.estimate.likelihood
    arguments = likelihood.split(fit.estimate.argument)
    return ((integrals, integrals.effect_draws(*arguments)) for integrals in likelihood.integrals)


def importance_weights(fit: Fit) -> pd.DataFrame:
    """The weights of `draws`, m rows, a column for each block, which sums to 1."""
    found = list(_effect_draws(fit))
    most = max(drawn.weights.shape[1] for _, drawn in found)
    values = np.full((most, fit.estimate.n_blocks), np.nan)
    for integrals, drawn in found:
        real = integrals.block != PADDING
        values[: drawn.weights.shape[1], integrals.block[real]] = drawn.weights[real].T
    return pd.DataFrame(values).rename_axis(index="draw", columns="block")


def model_matrix(fit: Fit) -> pd.DataFrame:
    """X, a row for each row used."""
    return pd.DataFrame(fit.design.x, index=fit.design.data.index, columns=list(fit.design.coefficients))


def random_matrix(fit: Fit) -> csr_array:
    """Z, n rows, a column for each effect in the order of `ranef`."""
    starts = fit.design.effect_starts
    n = len(fit.design.y)
    column = np.concatenate(
        [start + term.codes for start, term in zip(starts[:-1], fit.design.random, strict=True)]
    )
    value = np.concatenate([term.values for term in fit.design.random])
    return csr_array(
        (value, (np.tile(np.arange(n), len(fit.design.random)), column)), shape=(n, int(starts[-1]))
    )


def start_values(fit: Fit) -> pd.Series[float]:
    """The parameters at which the maximisation began."""
    start = fit.estimate.start
    values = np.concatenate([start.beta, start.variances])
    return pd.Series(values, index=list(fit.design.parameters), name="start")


def start_effects(fit: Fit) -> pd.Series[float]:
    """The modes of the random effects at the start, by term and level."""
    design, start = fit.design, fit.estimate.start
    index = effect_index(design)
    values = np.zeros(len(index))
    for batch in batches(design, partition(design)):
        real = batch.effect != PADDING
        modes = posterior_modes(batch, design.family, start.beta, start.variances)
        values[batch.effect[real]] = modes.effects[real]
    return pd.Series(values, index=index, name="start")
