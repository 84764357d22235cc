"""Variance components whose maximum likelihood estimate is 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import PADDING
from glmmspec.solver.integration import Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.modes import posterior_modes

_WEAK = 0.1
"""nu_t times the information on one effect, below which 0 is worth trying: effects are then
shrunk by nine tenths or more."""


@dataclass(frozen=True, eq=False)
class EffectInformation:
    """What the data say of single effects: I_j = sum_i z_ij^2 a_i c''(eta_i), at the posterior mode.

    Attributes
    ----------
    mean
        Mean of I_j over the effects of each component.
    of_variance
        sum_j I_j^2 / 2, the information on nu_t at nu_t = 0.
    """

    mean: Float[np.ndarray, " K"]
    of_variance: Float[np.ndarray, " K"]

    @classmethod
    def at(
        cls,
        integration: Integration,
        beta: Float[np.ndarray, " p"],
        variances: Float[np.ndarray, " K"],
    ) -> EffectInformation:
        """Collect it over all blocks."""
        count, total, squares = (np.zeros(len(variances)) for _ in range(3))
        for batch in integration.batches:
            modes = posterior_modes(batch, integration.design.family, beta, variances)
            of_effect = np.diagonal(batch.z_products(modes.information), axis1=1, axis2=2)
            real = batch.component != PADDING
            np.add.at(count, batch.component[real], 1)
            np.add.at(total, batch.component[real], of_effect[real])
            np.add.at(squares, batch.component[real], np.square(of_effect[real]))
        return cls(total / count, squares / 2)

    def nearly_zero(self, variances: Float[np.ndarray, " K"]) -> Bool[np.ndarray, " K"]:
        """Which positive variances are so small that their maximum may be at 0."""
        return np.asarray((variances > 0) & (variances * self.mean < _WEAK))


def rise_from_zero(likelihood: Likelihood, psi: Float[np.ndarray, " P"], component: int) -> float:
    """dl/dnu_t at nu_t = 0 for a component held there, with the other parameters at `psi`.

    Where it is not positive, 0 is a maximum of the likelihood on nu_t >= 0 (the
    Karush-Kuhn-Tucker condition).
    """
    beta, variances = likelihood.split(psi)
    return sum(i.zero_variance_score(beta, variances, component) for i in likelihood.integrals)
