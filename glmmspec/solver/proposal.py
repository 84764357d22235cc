"""Densities that the random effects of a block are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import map_coordinates, spline_filter1d
from scipy.special import gammainccinv, gammaincinv, gammaln, logsumexp, ndtr, ndtri

from glmmspec.blocks import Batch
from glmmspec.solver.axes import Axes, log_volume, product
from glmmspec.solver.modes import Modes, free_effects
from glmmspec.solver.threads import in_threads

RADIAL_DIMENSIONS = 2
"""Coordinates of a point used before those of the effects: the component, and the t's divisor."""


_PARTS = 8

_FARTHEST_SCORE = 9.5
_KNOTS = 2049
"""Of a spline: the score it goes to, beyond that of any double below 1, and its knots."""


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
    axes
        The coordinates that all this is in, where it is not the effects themselves.
    """

    shares: Float[np.ndarray, " C"]
    df: Float[np.ndarray, " C"]
    centre: Float[np.ndarray, "B C Q"]
    scale: Float[np.ndarray, "B C Q Q"]
    present: Bool[np.ndarray, "B Q"]
    axes: Axes | None = None

    def draw(
        self, points: Float[np.ndarray, "B d m"]
    ) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """Map points of the unit cube, d = Q + `RADIAL_DIMENSIONS`, to draws and their log densities.

        The first coordinate chooses the component, the second the divisor of a t, and the others
        are standard normal: u = centre + scale z sqrt(df / chi2).
        """
        draws, log_density = self._drawn(points)
        if self.axes is None:
            return draws, log_density
        effects, volume = self.axes.places(draws)
        return effects, log_density - volume

    def _drawn(
        self, points: Float[np.ndarray, "B d m"]
    ) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """The same in the coordinates of the axes."""
        standard = _normal_scores(points[:, RADIAL_DIMENSIONS:]) * self.present[:, :, None]
        if len(self.shares) == 1:
            whitened = standard * _radius(points[:, 1:2, :], self.df[0])
            return self._placed(0, whitened), self._component_log_density(0, whitened)
        chosen = np.searchsorted(np.cumsum(self.shares)[:-1], points[:, 0, :], side="right")
        draws = np.zeros_like(standard)
        for c, df in enumerate(self.df):
            candidate = self._placed(c, standard * _radius(points[:, 1:2, :], df))
            draws = np.where((chosen == c)[:, None, :], candidate, draws)
        return draws, self._log_density(draws)

    def log_density(self, draws: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B m"]:
        """log q(u), the whole mixture's, of each draw."""
        if self.axes is None:
            return self._log_density(draws)
        x, volume = self.axes.coordinates(draws)
        return np.asarray(self._log_density(x) - volume)

    def _log_density(self, draws: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B m"]:
        """The same in the coordinates of the axes."""
        terms = []
        for c, share in enumerate(self.shares):
            whitened = product(np.linalg.inv(self.scale[:, c]), draws - self.centre[:, c, :, None])
            terms.append(np.log(share) + self._component_log_density(c, whitened * self.present[:, :, None]))
        return np.asarray(logsumexp(np.stack(terms), axis=0))

    def _placed(self, c: int, whitened: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B Q m"]:
        return np.asarray(self.centre[:, c, :, None] + product(self.scale[:, c], whitened))

    def _component_log_density(
        self, c: int, whitened: Float[np.ndarray, "B Q m"]
    ) -> Float[np.ndarray, "B m"]:
        log_scale = log_volume(self.scale[:, c])[:, None]
        size = self.present.sum(axis=1)[:, None]
        square = np.square(whitened).sum(axis=1)
        return np.asarray(standard_log_density(square, size, self.df[c]) - log_scale)


def _normal_scores(points: Float[np.ndarray, "B d m"]) -> Float[np.ndarray, "B d m"]:
    scores = np.empty(points.shape)
    parts = np.array_split(np.arange(len(points)), min(len(points), _PARTS))
    in_threads(lambda part: ndtri(points[part[0] : part[-1] + 1], out=scores[part[0] : part[-1] + 1]), parts)
    return scores


def _radius(points: Float[np.ndarray, "B 1 m"], df: float) -> Float[np.ndarray, "B 1 m"] | float:
    """sqrt(df / chi2) at probabilities `points`; 1 for a normal."""
    if np.isinf(df):
        return 1.0
    place = (ndtri(points) / _FARTHEST_SCORE + 1) * (_KNOTS // 2)
    return np.asarray(map_coordinates(_radial_spline(float(df)), [place], prefilter=False, mode="mirror"))


@lru_cache(maxsize=8)
def _radial_spline(df: float) -> Float[np.ndarray, " knots"]:
    """sqrt(df / chi2) as a function of the normal score of chi2's probability: a cubic spline's coefficients.

    Inverting the incomplete gamma function costs as much as thirty rows of data; the spline is within 1e-9 of
    it, less than the spacing of the points. (scipy.interpolate takes five times as long to import.)
    """
    score = np.linspace(-_FARTHEST_SCORE, _FARTHEST_SCORE, _KNOTS)
    below, above = gammaincinv(df / 2, ndtr(score)), gammainccinv(df / 2, ndtr(-score))
    exact = np.sqrt(df / 2 / np.where(score < 0, below, above))
    return np.asarray(spline_filter1d(exact, mode="mirror"))


def standard_log_density(
    square: Float[np.ndarray, "B m"], size: Float[np.ndarray, "B 1"], df: float
) -> Float[np.ndarray, "B m"]:
    """log density of a standard normal (df infinite) or t in `size` dimensions at squared radius `square`."""
    if np.isinf(df):
        return np.asarray(-size / 2 * np.log(2 * np.pi) - square / 2)
    constant = gammaln((df + size) / 2) - gammaln(df / 2) - size / 2 * np.log(df * np.pi)
    return np.asarray(constant - (df + size) / 2 * np.log1p(square / df))


def laplace_axes(batch: Batch, modes: Modes, variances: Float[np.ndarray, " K"]) -> Axes:
    """About each block's posterior mode, scaled by the inverse negative Hessian there."""
    return Axes.straight(modes.effects, _scale_of(modes.precision), free_effects(batch, variances))


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


def scale_of_covariance(covariance: Float[np.ndarray, "B Q Q"]) -> Float[np.ndarray, "B Q Q"]:
    """A lower triangular L with L L' = each matrix."""
    return np.asarray(np.linalg.cholesky(covariance))


def _scale_of(precision: Float[np.ndarray, "B Q Q"]) -> Float[np.ndarray, "B Q Q"]:
    """A lower triangular L with L L' the inverse of each matrix."""
    return scale_of_covariance(np.linalg.inv(precision))
