"""Variance components whose maximum likelihood estimate is 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import PADDING, Batch
from glmmspec.design import Design
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.modes import posterior_modes

_WEAK = 0.1
"""nu_t times the information on one effect, below which 0 is worth trying: effects are then
shrunk by nine tenths or more."""


def information_per_effect(
    design: Design,
    batches: Sequence[Batch],
    beta: Float[np.ndarray, " p"],
    variances: Float[np.ndarray, " K"],
) -> Float[np.ndarray, " K"]:
    """Mean over a component's effects of sum_i z_i^2 a_i c''(eta_i), at the posterior mode."""
    total, count = np.zeros(len(variances)), np.zeros(len(variances))
    for batch in batches:
        modes = posterior_modes(batch, design.family, beta, variances)
        information = np.einsum("bnq,bn->bq", np.square(batch.z()), modes.information)
        real = batch.component != PADDING
        np.add.at(total, batch.component[real], information[real])
        np.add.at(count, batch.component[real], 1)
    return total / count


def nearly_zero(
    variances: Float[np.ndarray, " K"], information: Float[np.ndarray, " K"]
) -> Bool[np.ndarray, " K"]:
    """Which positive variances are so small that their maximum may be at 0."""
    return np.asarray((variances > 0) & (variances * information < _WEAK))


def climbs_from_zero(likelihood: Likelihood, psi: Float[np.ndarray, " P"], component: int) -> bool:
    """Whether the likelihood rises as a variance held at 0 leaves it.

    If not, 0 is a maximum of the likelihood on nu >= 0 (the Karush-Kuhn-Tucker condition).
    """
    beta, variances = likelihood.split(psi)
    score = sum(i.zero_variance_score(beta, variances, component) for i in likelihood.integrals)
    return score > 0
