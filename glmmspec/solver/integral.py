"""What the solver asks of an approximation to the integrals of a batch of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from glmmspec.blocks import Batch


@dataclass(frozen=True, eq=False)
class Moments:
    """log L_b of each block, with its gradient and Hessian in psi = (beta, nu)."""

    log_integral: Float[np.ndarray, " B"]
    gradient: Float[np.ndarray, "B P"]
    hessian: Float[np.ndarray, "B P P"]


@dataclass(frozen=True, eq=False)
class WeightedDraws:
    """Each draw's log weight (up to a constant of its block) and score, R replicates of m draws."""

    log_weights: Float[np.ndarray, "B R m"]
    scores: Float[np.ndarray, "B P R m"]


def normalised(log_weights: Float[np.ndarray, "B R m"]) -> Float[np.ndarray, "B R m"]:
    """W = w / sum w within each block."""
    weights = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True))
    return np.asarray(weights / weights.sum(axis=(1, 2), keepdims=True))


class BlockIntegrals(Protocol):
    """An approximation to the integrals of one batch of blocks, as a function of the parameters.

    Monte Carlo error and diagnostics see only `weighted_draws`; a rule without Monte Carlo error
    has one replicate.
    """

    @property
    def batch(self) -> Batch:
        """The blocks."""
        ...

    @property
    def n_draws(self) -> int:
        """Draws (or nodes) per block."""
        ...

    def moments(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Moments:
        """Log-integrals and their derivatives."""
        ...

    def weighted_draws(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> WeightedDraws:
        """The draws behind them."""
        ...

    @property
    def drift(self) -> Float[np.ndarray, "B Q p"]:
        """du/dbeta, by which the draws follow the coefficients."""
        ...

    def effects(self, beta: Float[np.ndarray, " p"]) -> Float[np.ndarray, "B Q m"]:
        """The effects in each draw, replicate after replicate."""
        ...

    def zero_variance_score(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], component: int
    ) -> float:
        """dl/dnu_t at nu_t = 0, for a component t that is held at 0."""
        ...
