"""Monte Carlo error of the estimate, and whether it can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING
from glmmspec.solver.integral import WeightedDraws, normalised
from glmmspec.solver.likelihood import Likelihood

K_HAT_LIMIT = 0.7
"""Above this Pareto shape, importance sampling estimates cannot be relied on (Vehtari et al. 2024)."""

_BLOCKS_EXAMINED = 500


@dataclass(frozen=True, eq=False)
class MonteCarloError:
    """Error of the gradient at an estimate that comes from drawing, and the health of the weights.

    Attributes
    ----------
    variance
        V, the Monte Carlo covariance of the gradient.
    bias
        The bias of the gradient to first order: averages of weights stand in a denominator.
    block, draws_effective, k_hat
        Blocks examined, with the effective number of draws 1 / sum W^2 and the Pareto shape of
        the weights: all blocks, or of more than 500 those with the fewest effective draws.
    """

    variance: Float[np.ndarray, "P P"]
    bias: Float[np.ndarray, " P"]
    block: Int[np.ndarray, " blocks"]
    draws_effective: Float[np.ndarray, " blocks"]
    k_hat: Float[np.ndarray, " blocks"]

    @property
    def reliable(self) -> bool:
        """Whether no block's k-hat is above `K_HAT_LIMIT`."""
        return bool((self.k_hat <= K_HAT_LIMIT).all())


def monte_carlo_error(likelihood: Likelihood, psi: Float[np.ndarray, " P"]) -> MonteCarloError:
    """Assess the draws behind a likelihood at the estimate `psi`."""
    free = likelihood.free
    n_free = len(psi)
    variance, bias = np.zeros((n_free, n_free)), np.zeros(n_free)
    blocks, effective, shapes = [], [], []
    for integrals in likelihood.integrals:
        draws = integrals.weighted_draws(*likelihood.split(psi))
        draws = WeightedDraws(draws.log_weights, draws.scores[:, free])
        weights = normalised(draws.log_weights)
        batch_variance, batch_bias = gradient_error(weights, draws.scores)
        variance += batch_variance
        bias += batch_bias
        real = integrals.batch.block != PADDING
        flat = weights.reshape(len(weights), -1)
        in_use = 1 / np.square(flat).sum(axis=1)
        worst = np.argsort(np.where(real, in_use, np.inf))[: min(real.sum(), _BLOCKS_EXAMINED)]
        blocks.append(integrals.batch.block[worst])
        effective.append(in_use[worst])
        shapes.append(pareto_shape(draws.log_weights.reshape(len(weights), -1)[worst]))
    block, draws_effective, k_hat = map(np.concatenate, (blocks, effective, shapes))
    kept = np.sort(np.argsort(draws_effective, kind="stable")[:_BLOCKS_EXAMINED])
    order = kept[np.argsort(block[kept])]
    return MonteCarloError(variance, bias, block[order], draws_effective[order], k_hat[order])


def gradient_error(
    weights: Float[np.ndarray, "B R m"], scores: Float[np.ndarray, "B P R m"]
) -> tuple[Float[np.ndarray, "P P"], Float[np.ndarray, " P"]]:
    """Covariance and bias of the gradient over the R independent replicates, summed over blocks.

    With d_r = sum over the draws of replicate r of W (g - gbar), and omega_r their share of the weight,

        V    = sum_b R / (R - 1) sum_r d_r d_r'
        bias = - sum_b R / (R - 1) sum_r omega_r d_r

    the linearised variance and the first-order bias of a ratio of means. Where each draw is a
    replicate, V is that of Geyer (1994) and Knudson (2016, equation 2.27) times R / (R - 1).
    """
    replicates = weights.shape[1]
    mean = np.einsum("bprm,brm->bp", scores, weights)
    deviations = np.einsum("bprm,brm->bpr", scores - mean[:, :, None, None], weights)
    inflation = replicates / max(1, replicates - 1)
    variance = inflation * np.einsum("bpr,bsr->ps", deviations, deviations)
    bias = -inflation * np.einsum("bpr,br->p", deviations, weights.sum(axis=2))
    return variance, bias


def pareto_shape(log_weights: Float[np.ndarray, "B m"]) -> Float[np.ndarray, " B"]:
    """Pareto shape k-hat of the right tail of each row; -infinity where all weights are equal."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    shape = np.full(len(log_weights), -np.inf)
    # Weights that differ by rounding alone have no tail to fit.
    uneven = np.ptp(log_weights, axis=1) > 1e-9
    if uneven.any():
        shape[uneven] = array_stats.psislw(-log_weights[uneven])[1]
    return shape
