"""A proposal fitted to a block's posterior by the weighted draws of the round before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from glmmspec.solver.proposal import Proposal, product, standard_log_density, t_proposal

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
        Draws are u* + L (mean + root t), t of `df` degrees of freedom.
    """

    effect: Int[np.ndarray, "B Q"]
    mean: Float[np.ndarray, "B Q"]
    root: Float[np.ndarray, "B Q Q"]
    df: float

    def about(self, approximation: Proposal) -> Proposal:
        """The proposal, by a normal approximation that may be at other parameters."""
        centre, scale = approximation.centre[:, 0], approximation.scale[:, 0]
        moved = centre + np.matmul(scale, self.mean[:, :, None])[:, :, 0]
        return t_proposal(moved, np.matmul(scale, self.root), approximation.present, self.df)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What draws came from: the normal approximation about the modes, and the proposal made from it."""

    approximation: Proposal
    proposal: Proposal

    def fitted(
        self,
        effect: Int[np.ndarray, "B Q"],
        draws: Float[np.ndarray, "B Q m"],
        log_density: Float[np.ndarray, "B m"],
        log_weights: Float[np.ndarray, "B m"],
    ) -> FittedProposal | None:
        """Mean and covariance of the weighted draws, shrunk to the normal approximation's; None if too few.

        In coordinates z = L^-1 (u - u*) the squared error of the mean m is about Q / ESS, and that of the
        covariance C about Q (Q + 1) / ESS. Taken are s m and 1 + s' (C - 1), with the shares
        s = max(0, 1 - error / |m|^2), s' alike with twice the error (James and Stein 1961). The degrees of
        freedom are the fewest that promise nearly the most effective draws, 1 / E[p/q | y] in the mean over
        blocks: heavy tails of the proposal keep those of the weights light.
        """
        present = self.proposal.present
        size = present.sum(axis=1)
        normalised = log_weights - logsumexp(log_weights, axis=1, keepdims=True)
        weights = np.exp(normalised)
        effective = 1 / np.square(weights).sum(axis=1)
        if (effective < _FEWEST).any():
            return None
        centre, scale = self.approximation.centre[:, 0], self.approximation.scale[:, 0]
        z = product(np.linalg.inv(scale), draws - centre[:, :, None]) * present[:, :, None]
        mean = np.einsum("bqm,bm->bq", z, weights)
        centred = z - mean[:, :, None]
        spread = np.matmul(centred * weights[:, None], centred.transpose(0, 2, 1))
        excess = spread - present[:, :, None] * np.eye(effect.shape[1])
        mean = mean * _share(size / effective, np.square(mean).sum(axis=1))[:, None]
        noise = _CAUTION * size * (size + 1) / effective
        share = _share(noise, np.square(excess).sum(axis=(1, 2)))
        root = np.linalg.cholesky(np.eye(effect.shape[1]) + share[:, None, None] * excess)
        # log p/q of each draw for a new q is its log weight with the old density in place of the new; in z,
        # whose densities all are larger by the same |L|.
        target = 2 * normalised + log_density
        centred = (z - mean[:, :, None]) * present[:, :, None]
        square = np.square(product(np.linalg.inv(root), centred)).sum(axis=1)
        volume = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)[:, None]
        promised = [
            logsumexp(target + volume - standard_log_density(square, size[:, None], df), axis=1).mean()
            for df in _DF
        ]
        enough = np.array(promised) <= min(promised) + np.log1p(_FEWER)
        return FittedProposal(effect, mean, root, _DF[int(np.argmax(enough))])


def _share(error: Float[np.ndarray, " B"], square: Float[np.ndarray, " B"]) -> Float[np.ndarray, " B"]:
    return np.asarray(np.maximum(0.0, 1 - error / np.maximum(square, 1e-300)))
