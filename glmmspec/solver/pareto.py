"""Pareto shape of the right tail of importance weights: whether their mean has a known error."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

_FEWEST_FOR_A_TAIL = 32
"""A tail is a fifth of the draws, and its fit takes five."""

_PRIOR_DRAWS = 10
"""What the prior of the shape, with mean 1/2, weighs in draws."""


def pareto_shape(log_weights: Float[np.ndarray, "B m"]) -> Float[np.ndarray, " B"]:
    """Pareto shape k-hat of the right tail of each row.

    It is -infinity where all weights are equal, and infinity where there are too few to tell.
    arviz_stats.psislw gives the same, and takes half a second to load.
    """
    if log_weights.shape[1] < _FEWEST_FOR_A_TAIL:
        return np.full(len(log_weights), np.inf)
    shape = np.full(len(log_weights), -np.inf)
    # Weights that differ by rounding alone have no tail to fit.
    uneven = np.ptp(log_weights, axis=1) > 1e-9
    shape[uneven] = [_shape_of_tail(_tail(row)) for row in log_weights[uneven]]
    return shape


def _tail(log_weights: Float[np.ndarray, " m"]) -> Float[np.ndarray, " t"]:
    """The largest weights less the next one, in rising order (Vehtari et al. 2024, section 2.2)."""
    m = len(log_weights)
    length = int(3 * np.sqrt(m)) if m > 225 else m // 5
    largest = np.sort(np.exp(log_weights - log_weights.max()))[-length - 1 :]
    return np.asarray(largest[1:] - largest[0])


def _shape_of_tail(excess: Float[np.ndarray, " t"]) -> float:
    """Empirical Bayes estimate of a generalised Pareto shape (Zhang and Stephens 2009), with a weak prior.

    Infinity where a quarter of the tail equals the next weight, so that it has no scale.
    """
    n = len(excess)
    quartile = excess[int(n / 4 + 0.5) - 1]
    if quartile == 0:
        return np.inf
    grid = 30 + int(np.sqrt(n))
    theta = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile) + 1 / excess[-1]
    shapes = np.log1p(-theta[:, None] * excess).mean(axis=1)
    log_likelihood = n * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(log_likelihood - logsumexp(log_likelihood))
    shape = np.log1p(-(theta @ weights) * excess).mean()
    return float((n * shape + _PRIOR_DRAWS / 2) / (n + _PRIOR_DRAWS))
