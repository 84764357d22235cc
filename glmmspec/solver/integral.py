"""What the solver asks of an approximation to the integrals of some blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

from glmmspec.solver.fitted import Drawn, FittedProposal


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


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums over G groups of draws, of weights W that sum to 1 over all: W, W g and W (H + g g').

    There are as many groups as independent replicates, or if each draw is one, a few of many draws.
    """

    weight: Float[np.ndarray, "B G"]
    score: Float[np.ndarray, "B G P"]
    second: Float[np.ndarray, "B G P P"]


@dataclass(frozen=True, eq=False)
class EffectMoments:
    """The effects of each block given the data.

    Attributes
    ----------
    mean, variance
        Of each effect.
    deviation
        sum W (u - mean) over the draws of each of G groups.
    slope
        d mean / d psi.
    """

    mean: Float[np.ndarray, "B Q"]
    variance: Float[np.ndarray, "B Q"]
    deviation: Float[np.ndarray, "B Q G"]
    slope: Float[np.ndarray, "B Q P"]


@dataclass(frozen=True, eq=False)
class EffectDraws:
    """Weighted draws of the effects of each block given the data; weights sum to 1."""

    weights: Float[np.ndarray, "B m"]
    effects: Float[np.ndarray, "B Q m"]


def normalised(log_weights: Float[np.ndarray, "B R m"]) -> Float[np.ndarray, "B R m"]:
    """W = w / sum w within each block."""
    weights = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True))
    return np.asarray(weights / weights.sum(axis=(1, 2), keepdims=True))


def inflation(replicates: int) -> float:
    """R / (R - 1), by which squares about a mean of R are too small; a single one has none."""
    return replicates / max(1, replicates - 1)


class BlockIntegrals(Protocol):
    """An approximation to the integrals of some blocks, as a function of the parameters.

    Monte Carlo error and diagnostics see only draws and sums over groups of them; a rule without Monte
    Carlo error has one replicate.
    """

    @property
    def block(self) -> Int[np.ndarray, " B"]:
        """Index of each block; `PADDING` for one that only fills up."""
        ...

    @property
    def effect(self) -> Int[np.ndarray, "B Q"]:
        """Index of each effect among all effects; `PADDING` where there is none."""
        ...

    @property
    def n_draws(self) -> int:
        """Draws (or nodes) per block."""
        ...

    @property
    def is_exact(self) -> bool:
        """Whether there is no Monte Carlo error: nodes of a rule are not draws."""
        ...

    @property
    def source(self) -> Drawn | None:
        """What draws came from, where a proposal may be fitted to them."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several devices compute each value together."""
        ...

    def moments(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Moments:
        """Log-integrals and their derivatives."""
        ...

    def group_sums(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> GroupSums:
        """What the log-integrals are made of."""
        ...

    def weighted_draws(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> WeightedDraws:
        """The draws behind them."""
        ...

    def log_weights(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> Float[np.ndarray, "B R m"]:
        """Their log weights alone."""
        ...

    @property
    def has_rules(self) -> bool:
        """Whether effects, all or some, are integrated by quadrature."""
        ...

    def refined(self) -> BlockIntegrals | None:
        """The same with finer rules of quadrature at the same draws; None where there is no quadrature."""
        ...

    def fitted(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> FittedProposal | None:
        """A proposal fitted to the draws, for a round to come; None where that takes more of them."""
        ...

    def effect_moments(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> EffectMoments:
        """Mean and variance of the effects given the data."""
        ...

    def effect_draws(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> EffectDraws:
        """Draws of the effects given the data."""
        ...

    def zero_variance_score(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], component: int
    ) -> float:
        """dl/dnu_t at nu_t = 0, for a component t that is held at 0."""
        ...
