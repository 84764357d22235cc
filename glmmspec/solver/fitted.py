"""A proposal fitted to a block's posterior by the weighted draws of the round before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from glmmspec.solver.axes import Axes, is_bent, log_volume, product, straight_knots
from glmmspec.solver.proposal import Proposal, standard_log_density

_DF = (5.0, 10.0, 20.0, 40.0, 80.0)

_FEWEST = 20
"""Effective draws in a block, below which nothing is fitted."""

_CAUTION = 2.0
"""Times the noise of a fitted covariance, that it must exceed."""


_FEWER = 0.05
"""The share of effective draws that is given for heavier tails."""


@dataclass(frozen=True, eq=False)
class FittedProposal:
    """How the posterior of each of B blocks differs from its normal approximation N(u*, L L').

    Attributes
    ----------
    effect
        The effects that are drawn, `PADDING` where there is none.
    mean, root
        Draws have the coordinates mean + root t, t of `df` degrees of freedom.
    knots
        Of these coordinates' axes.
    """

    effect: Int[np.ndarray, "B Q"]
    mean: Float[np.ndarray, "B Q"]
    root: Float[np.ndarray, "B Q Q"]
    df: float
    knots: Float[np.ndarray, "B Q knots"]

    @classmethod
    def unfitted(cls, effect: Int[np.ndarray, "B Q"], df: float) -> FittedProposal:
        """That of the normal approximation, but with the tails of a t."""
        identity = np.broadcast_to(np.eye(effect.shape[1]), (*effect.shape, effect.shape[1]))
        return cls(effect, np.zeros(effect.shape), identity, df, straight_knots(effect.shape))

    def along(self, axes: Axes) -> FittedProposal:
        """With the knots of given axes. Of those bent or straightened since, nothing is known."""
        changed = is_bent(axes.knots) != is_bent(self.knots)
        if not changed.any():
            return replace(self, knots=axes.knots)
        mean = np.where(changed, 0.0, self.mean)
        either = changed[:, :, None] | changed[:, None, :]
        covariance = np.matmul(self.root, self.root.transpose(0, 2, 1))
        root = np.linalg.cholesky(np.where(either, np.eye(mean.shape[1]), covariance))
        return replace(self, mean=mean, root=root, knots=axes.knots)

    def on(self, axes: Axes) -> Proposal:
        """The density of the effects that it stands for."""
        one, df = np.ones(1), np.array([self.df])
        return Proposal(one, df, self.mean[:, None], self.root[:, None], axes.present, axes)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What draws came from: a fitted proposal along axes about the modes of some parameters."""

    axes: Axes
    fit: FittedProposal

    @property
    def proposal(self) -> Proposal:
        """As a density of the effects."""
        return self.fit.on(self.axes)

    def fitted(
        self,
        draws: Float[np.ndarray, "B Q m"],
        log_density: Float[np.ndarray, "B m"],
        log_weights: Float[np.ndarray, "B m"],
    ) -> FittedProposal | None:
        """Mean and covariance of the weighted draws along the same axes, shrunk to 0 and 1; None if too few.

        The squared error of the mean m is about Q / ESS, and that of the covariance C about Q (Q + 1) / ESS.
        Taken are s m and 1 + s' (C - 1), with the shares s = max(0, 1 - error / |m|^2), s' alike with twice
        the error (James and Stein 1961). The degrees of freedom are the fewest that promise nearly the most
        effective draws, 1 / E[p/q | y] in the mean over blocks: heavy tails of the proposal keep those of the
        weights light.
        """
        effect, present = self.fit.effect, self.axes.present
        size = present.sum(axis=1)
        normalised = log_weights - logsumexp(log_weights, axis=1, keepdims=True)
        weights = np.exp(normalised)
        effective = 1 / np.square(weights).sum(axis=1)
        if not size.any() or (effective < _FEWEST).any():
            return None
        x, log_volume_at = self.axes.coordinates(draws)
        mean = np.einsum("bqm,bm->bq", x, weights)
        centred = x - mean[:, :, None]
        spread = np.matmul(centred * weights[:, None], centred.transpose(0, 2, 1))
        excess = spread - present[:, :, None] * np.eye(effect.shape[1])
        mean = mean * _share(size / effective, np.square(mean).sum(axis=1))[:, None]
        noise = _CAUTION * size * (size + 1) / effective
        share = _share(noise, np.square(excess).sum(axis=(1, 2)))
        root = np.linalg.cholesky(np.eye(effect.shape[1]) + share[:, None, None] * excess)
        # log p/q of each draw for a new q is its log weight with the old density in place of the new.
        target = 2 * normalised + log_density + log_volume_at
        centred = (x - mean[:, :, None]) * present[:, :, None]
        square = np.square(product(np.linalg.inv(root), centred)).sum(axis=1)
        volume = log_volume(root)[:, None]
        densities = (standard_log_density(square, size[:, None], df) for df in _DF)
        promised = [logsumexp(target + volume - density, axis=1)[size > 0].mean() for density in densities]
        enough = np.array(promised) <= min(promised) + np.log1p(_FEWER)
        df = _DF[int(np.argmax(enough))]
        return replace(self.fit, mean=mean, root=root, df=df)


def _share(error: Float[np.ndarray, " B"], square: Float[np.ndarray, " B"]) -> Float[np.ndarray, " B"]:
    return np.asarray(np.maximum(0.0, 1 - error / np.maximum(square, 1e-300)))
