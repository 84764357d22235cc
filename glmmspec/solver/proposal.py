"""Densities that the random effects of a block are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float
from scipy.interpolate import CubicSpline
from scipy.special import gammainccinv, gammaincinv, gammaln, logsumexp, ndtr, ndtri

from glmmspec.blocks import Batch
from glmmspec.solver.modes import Modes, free_effects

RADIAL_DIMENSIONS = 2
"""Coordinates of a point used before those of the effects: the component, and the t's divisor."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A mixture of C multivariate t and normal densities in each of B blocks.

    Attributes
    ----------
    shares
        Mixture weights, summing to 1.
    df
        Degrees of freedom; infinite for a normal.
    centre
        Locations.
    scale
        Lower Cholesky factors of the scale matrices; identity in the rows of absent effects.
    present
        Which effects are drawn; the others are 0 in every draw and no part of the density.
    """

    shares: Float[np.ndarray, " C"]
    df: Float[np.ndarray, " C"]
    centre: Float[np.ndarray, "B C Q"]
    scale: Float[np.ndarray, "B C Q Q"]
    present: Bool[np.ndarray, "B Q"]

    def draw(self, points: Float[np.ndarray, "B d m"]) -> Float[np.ndarray, "B Q m"]:
        """Map points of the unit cube, d = Q + `RADIAL_DIMENSIONS`, to draws.

        The first coordinate chooses the component, the second the divisor of a t, and the others
        are standard normal: u = centre + scale z sqrt(df / chi2).
        """
        standard = ndtri(points[:, RADIAL_DIMENSIONS:, :]) * self.present[:, :, None]
        chosen = np.searchsorted(np.cumsum(self.shares)[:-1], points[:, 0, :], side="right")
        draws = np.zeros_like(standard)
        for c, df in enumerate(self.df):
            radial = 1.0 if np.isinf(df) else _radial_quantile(float(df))(ndtri(points[:, 1:2, :]))
            candidate = self.centre[:, c, :, None] + np.matmul(self.scale[:, c], standard * radial)
            draws = np.where((chosen == c)[:, None, :], candidate, draws)
        return np.asarray(draws)

    def log_density(self, draws: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B m"]:
        """log q(u), the whole mixture's, of each draw."""
        size = self.present.sum(axis=1)[:, None]
        terms = []
        for c, df in enumerate(self.df):
            whitened = np.matmul(np.linalg.inv(self.scale[:, c]), draws - self.centre[:, c, :, None])
            square = (np.square(whitened) * self.present[:, :, None]).sum(axis=1)
            log_scale = np.log(np.diagonal(self.scale[:, c], axis1=1, axis2=2)).sum(axis=1)[:, None]
            terms.append(np.log(self.shares[c]) - log_scale + _standard_log_density(square, size, df))
        return np.asarray(logsumexp(np.stack(terms), axis=0))


@lru_cache(maxsize=8)
def _radial_quantile(df: float) -> CubicSpline:
    """sqrt(df / chi2) as a function of the normal score of chi2's probability.

    A spline, since inverting the incomplete gamma function costs as much as thirty rows of data;
    it is within 1e-9 of the inverse, less than the spacing of the points.
    """
    score = np.linspace(-8.5, 8.5, 2049)
    below, above = gammaincinv(df / 2, ndtr(score)), gammainccinv(df / 2, ndtr(-score))
    return CubicSpline(score, np.sqrt(df / 2 / np.where(score < 0, below, above)))


def _standard_log_density(
    square: Float[np.ndarray, "B m"], size: Float[np.ndarray, "B 1"], df: float
) -> Float[np.ndarray, "B m"]:
    """log density of a standard normal (df infinite) or t in `size` dimensions at squared radius `square`."""
    if np.isinf(df):
        return np.asarray(-size / 2 * np.log(2 * np.pi) - square / 2)
    constant = gammaln((df + size) / 2) - gammaln(df / 2) - size / 2 * np.log(df * np.pi)
    return np.asarray(constant - (df + size) / 2 * np.log1p(square / df))


def laplace_proposal(batch: Batch, modes: Modes, variances: Float[np.ndarray, " K"], df: float) -> Proposal:
    """A t about each block's posterior mode, scaled by the inverse negative Hessian there."""
    return Proposal(
        shares=np.ones(1),
        df=np.array([df]),
        centre=modes.effects[:, None, :],
        scale=_scale_of(modes.precision)[:, None],
        present=free_effects(batch, variances),
    )


def mixture_proposal(
    batch: Batch,
    modes: Modes,
    variances: Float[np.ndarray, " K"],
    shares: tuple[float, float, float],
    df: float,
) -> Proposal:
    """The mixture of R's glmm: t(0, D), N(u*, D) and N(u*, (Z'WZ + D^-1)^-1) (Knudson 2016, section 3.2)."""
    present = free_effects(batch, variances)
    prior = np.where(present, np.sqrt(np.where(present, variances[batch.component], 1.0)), 1.0)
    spread = prior[:, :, None] * np.eye(prior.shape[1])
    used = np.flatnonzero(np.array(shares) > 0)
    centre = np.stack([np.zeros_like(modes.effects), modes.effects, modes.effects], axis=1)
    scale = np.stack([spread, spread, _scale_of(modes.precision)], axis=1)
    return Proposal(
        shares=np.array(shares)[used],
        df=np.array([df, np.inf, np.inf])[used],
        centre=centre[:, used],
        scale=scale[:, used],
        present=present,
    )


def _scale_of(precision: Float[np.ndarray, "B Q Q"]) -> Float[np.ndarray, "B Q Q"]:
    """A lower triangular L with L L' the inverse of each matrix."""
    return np.asarray(np.linalg.cholesky(np.linalg.inv(precision)))
