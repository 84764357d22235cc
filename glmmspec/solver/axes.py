"""Coordinates about a block's posterior mode in which the posterior is nearly a standard normal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtri

_KNOTS = np.array([-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0])
"""Where an axis is probed, in standard deviations of the normal approximation."""

_STRAIGHT_TO = 4.0
_STRAIGHT = 0.25
"""An axis is left straight if there, to both sides, the density has fallen as a normal one has at most this
share nearer or farther."""

_FARTHEST, _GRID = 30.0, 601
"""Where along an axis no mass is left, and into how many steps it is divided."""

_LEAST_STEP, _LARGEST_STEP = 0.2, 20.0
"""Between the coordinates of two knots."""

_LARGEST_FALL = 1e6
_MOST_AXES = 256

_COLUMNS = 256

Heights = Callable[[Float[np.ndarray, "B Q m"]], Float[np.ndarray, "B m"]]
"""Log densities of some effects of each block, up to a constant."""


@dataclass(frozen=True, eq=False)
class Axes:
    """u = centre + scale z, with z a monotone function of x along each of Q axes.

    A level with few events has a posterior that falls fast to one side, and to the other as slowly as its
    prior: draws of a symmetric proposal miss a part of it, and do not show it. Geweke (1989) therefore draws
    from two scales. Here z(x) takes each of the values `_KNOTS` where a standard normal has the same share
    below x as the posterior, on the axis, below z. Between knots z is a rational quadratic (Gregory and
    Delbourgo 1982), smooth and with an inverse of closed form; beyond, it is linear.

    Attributes
    ----------
    centre, scale
        The mode, and a lower triangular L with L L' the inverse negative Hessian there; identity in the rows
        of absent effects.
    present
        Which effects are drawn; the others are 0 at any place.
    knots
        x where z is `_KNOTS`; the same where an axis is straight.
    """

    centre: Float[np.ndarray, "B Q"]
    scale: Float[np.ndarray, "B Q Q"]
    present: Bool[np.ndarray, "B Q"]
    knots: Float[np.ndarray, "B Q knots"]

    @classmethod
    def straight(
        cls,
        centre: Float[np.ndarray, "B Q"],
        scale: Float[np.ndarray, "B Q Q"],
        present: Bool[np.ndarray, "B Q"],
    ) -> Axes:
        """Those of the normal approximation."""
        return cls(centre, scale, present, straight_knots(centre.shape))

    def places(
        self, x: Float[np.ndarray, "B Q m"]
    ) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """The effects u at given coordinates, and log |du/dx|."""
        z, volume = self._along(x)
        return self.centre[:, :, None] + product(self.scale, z), volume

    def coordinates(
        self, effects: Float[np.ndarray, "B Q m"]
    ) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """The coordinates x of given effects, and log |du/dx| there."""
        away = (effects - self.centre[:, :, None]) * self.present[:, :, None]
        x = product(np.linalg.inv(self.scale), away)
        bent = is_bent(self.knots)
        if bent.any():
            x[bent] = _Curve(self.knots[bent]).inverse(x[bent])
        return x, self._along(x)[1]

    def _along(
        self, x: Float[np.ndarray, "B Q m"]
    ) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """z at given coordinates, and log |du/dx|."""
        z, volume = x, np.broadcast_to(log_volume(self.scale)[:, None], (len(x), x.shape[2]))
        bent = is_bent(self.knots)
        if bent.any():
            curve, z, slopes = _Curve(self.knots[bent]), x.copy(), np.zeros(x.shape)
            z[bent], slopes[bent] = curve(x[bent])
            volume = volume + slopes.sum(axis=1)
        return z, volume

    def bent(self, heights: Heights) -> Axes:
        """Bent to a log density where it is not that of a normal; blocks of very many effects are left."""
        if self.centre.shape[1] > _MOST_AXES:
            return self
        looked_at = np.array([-_STRAIGHT_TO, _STRAIGHT_TO])
        ratio = np.maximum(self._distances(looked_at, heights) / _STRAIGHT_TO, 1e-300)
        bends = self.present & (np.abs(np.log(ratio)) > np.log1p(_STRAIGHT)).any(axis=2)
        if not bends.any():
            return self
        middle = len(_KNOTS) // 2
        distances = self._distances(np.delete(_KNOTS, middle), heights)[bends]
        left, right = _rising(distances[:, :middle][:, ::-1]), _rising(distances[:, middle:])
        knots = self.knots.copy()
        knots[bends] = _scores(np.concatenate([-left[:, ::-1], np.zeros((len(left), 1)), right], axis=1))
        return replace(self, knots=knots)

    def _distances(self, z: Float[np.ndarray, " k"], heights: Heights) -> Float[np.ndarray, "B Q k"]:
        """Where a standard normal has fallen from its mode as much as the density at each z of an axis."""
        size = self.centre.shape[1]
        steps = np.concatenate([np.zeros((size, 1)), *(k * np.eye(size) for k in z)], axis=1)
        height = heights(self.places(steps * self.present[:, :, None])[0])
        fall = (height[:, :1] - height[:, 1:]).reshape(len(height), len(z), size).transpose(0, 2, 1)
        return np.asarray(np.sqrt(2 * np.clip(np.nan_to_num(fall, nan=np.inf), 0, _LARGEST_FALL)))


def straight_knots(shape: tuple[int, ...]) -> Float[np.ndarray, "... knots"]:
    """Those of straight axes."""
    return np.broadcast_to(_KNOTS, (*shape, len(_KNOTS)))


def is_bent(knots: Float[np.ndarray, "B Q knots"]) -> Bool[np.ndarray, "B Q"]:
    """Which axes are not straight."""
    return np.asarray((knots != _KNOTS).any(axis=2))


def _rising(x: Float[np.ndarray, "N k"]) -> Float[np.ndarray, "N k"]:
    """Coordinates of the knots to one side, from near to far: steps neither too small nor too large."""
    return np.asarray(np.cumsum(np.clip(np.diff(x, prepend=0.0), _LEAST_STEP, _LARGEST_STEP), axis=1))


def _scores(knots: Float[np.ndarray, "N knots"]) -> Float[np.ndarray, "N knots"]:
    """Normal scores of the shares that lie below each of `_KNOTS`, of densities exp(-x^2 / 2) of z(x)."""
    x = np.linspace(-_FARTHEST, _FARTHEST, _GRID)
    _, log_slope = _Curve(knots)(np.broadcast_to(x, (len(knots), len(x))))
    density = np.exp(log_slope - x * x / 2)
    below, above = np.cumsum(density, axis=1), np.cumsum(density[:, ::-1], axis=1)[:, ::-1]
    total = below[:, -1:]
    # Half of what lies at a point is below it.
    lower, upper = ndtri((below - density / 2) / total), -ndtri((above - density / 2) / total)
    score = np.where(lower < 0, lower, upper)
    inside = np.clip(knots, -_FARTHEST, _FARTHEST)
    found = [np.interp(at, x, of_axis) for at, of_axis in zip(inside, score, strict=True)]
    return np.asarray(found + knots - inside)


class _Curve:
    """z(x) along N axes: a monotone rational quadratic spline through (knots, `_KNOTS`), with linear ends."""

    def __init__(self, knots: Float[np.ndarray, "N knots"]) -> None:
        secants = np.diff(_KNOTS) / np.diff(knots, axis=1)
        inner = np.sqrt(secants[:, :-1] * secants[:, 1:])
        self._x = knots
        self._slope = np.concatenate([secants[:, :1], inner, secants[:, -1:]], axis=1)
        self._secant = secants

    def __call__(
        self, x: Float[np.ndarray, "N m"]
    ) -> tuple[Float[np.ndarray, "N m"], Float[np.ndarray, "N m"]]:
        """z, and log dz/dx."""
        place = self._piece(x, self._x)
        x0, z0, width, s, d0, d1 = self._parts(place)
        t = np.clip((x - x0) / width, 0, 1)
        u = t * (1 - t)
        below = s + (d0 + d1 - 2 * s) * u
        z = z0 + s * width * (s * t * t + d0 * u) / below
        slope = s * s * (d1 * t * t + 2 * s * u + d0 * (1 - t) ** 2) / below**2
        return z + slope * (x - x0 - t * width), np.log(slope)

    def inverse(self, z: Float[np.ndarray, "N m"]) -> Float[np.ndarray, "N m"]:
        """x: within a piece the root of a quadratic equation."""
        place = self._piece(z, np.broadcast_to(_KNOTS, self._x.shape))
        x0, z0, width, s, d0, d1 = self._parts(place)
        rise, bend = s * width, d0 + d1 - 2 * s
        y = np.clip(z - z0, 0, rise)
        a, b, c = rise * (s - d0) + y * bend, rise * d0 - y * bend, -s * y
        t = 2 * c / (-b - np.sqrt(np.maximum(b * b - 4 * a * c, 0)))
        return np.asarray(x0 + t * width + (z - z0 - y) / np.where(z < z0, d0, d1))

    def _piece(self, at: Float[np.ndarray, "N m"], knots: Float[np.ndarray, "N knots"]) -> np.ndarray:
        return np.asarray(sum(at > knots[:, k : k + 1] for k in range(1, knots.shape[1] - 1)))

    def _parts(self, place: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of the pieces: x and z where each begins, its width, secant, and slopes at both ends."""
        width = np.diff(self._x, axis=1)
        tables = (self._x[:, :-1], width, self._secant, self._slope[:, :-1], self._slope[:, 1:])
        x0, *others = (np.take_along_axis(table, place, axis=1) for table in tables)
        return (x0, _KNOTS[place], *others)


def product(
    matrix: Float[np.ndarray, "B Q Q"], columns: Float[np.ndarray, "B Q m"]
) -> Float[np.ndarray, "B Q m"]:
    """The matrix products, a few columns at a time: larger ones BLAS would share out among threads, at a
    cost of up to a hundred times the product's when another program keeps the cores busy."""
    out = np.empty(columns.shape)
    for start in range(0, columns.shape[2], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        np.matmul(matrix, columns[:, :, part], out=out[:, :, part])
    return out


def log_volume(scale: Float[np.ndarray, "B Q Q"]) -> Float[np.ndarray, " B"]:
    """log |L| of triangular matrices with positive diagonals."""
    return np.asarray(np.log(np.diagonal(scale, axis1=1, axis2=2)).sum(axis=1))
