"""Maximisation of a smooth function by trust region, as in Geyer's R package trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from glmmspec.solver.subproblem import maximise_quadratic

Vector = Float[np.ndarray, " P"]
Matrix = Float[np.ndarray, "P P"]
Objective = Callable[[Vector], tuple[float, Vector, Matrix]]
"""Value, gradient and Hessian at a point; the value is -infinity outside the domain."""


@dataclass(frozen=True)
class Step:
    """One iteration: the point tried, what the quadratic promised and what came of it.

    `ratio` (rho) is the actual over the predicted increase; `boundary` says that the step reached
    the edge of the region.
    """

    argument: Vector
    radius: float
    predicted: float
    ratio: float
    value: float
    boundary: bool
    accepted: bool


@dataclass(frozen=True)
class Maximum:
    """Where the iteration ended, and whether its stopping rule was met there."""

    argument: Vector
    value: float
    gradient: Vector
    hessian: Matrix
    converged: bool
    steps: tuple[Step, ...]


def maximise(
    objective: Objective,
    start: Vector,
    *,
    scale: Vector,
    radius: float = 1.0,
    rmax: float = 4.0,
    iterlim: int = 100,
    tolerance: float = 1e-9,
) -> Maximum:
    """Climb from `start` until an iteration changes the value, or promises to, by less than `tolerance`.

    Parameters
    ----------
    scale
        The length of a unit step in each coordinate (say, a standard error): the region is the
        ball |p / scale| <= radius.
    radius, rmax
        Initial and largest radius, in those units.
    tolerance
        For both the change in value of an accepted step and the predicted change.

    Notes
    -----
    A step is accepted if the value rises by at least a quarter of the predicted increase rho >= 1/4;
    below that the radius becomes a quarter of the step's length, and above 3/4 on the boundary
    it is doubled (Fletcher 1987; Nocedal and Wright 2006, algorithm 4.1).
    """
    point = np.asarray(start, dtype=float)
    value, gradient, hessian = objective(point)
    steps: list[Step] = []
    converged = False
    while np.isfinite(value) and len(steps) < iterlim and not converged:
        step = maximise_quadratic(gradient * scale, hessian * np.outer(scale, scale), radius)
        predicted = float(step @ (gradient * scale) + step @ (hessian * np.outer(scale, scale)) @ step / 2)
        candidate = point + step * scale
        new_value, new_gradient, new_hessian = objective(candidate)
        rise = new_value - value
        ratio = rise / predicted if predicted > 0 else -np.inf
        length = float(np.linalg.norm(step))
        boundary = length >= radius * (1 - 1e-6)
        # At the limit of rounding the ratio means nothing: a promise this small has been kept.
        negligible = predicted < tolerance
        accepted = bool(ratio >= 1 / 4 or (negligible and rise >= 0))
        steps.append(Step(candidate, radius, predicted, float(ratio), float(new_value), boundary, accepted))
        converged = negligible or (accepted and abs(rise) < tolerance)
        if accepted:
            point, value, gradient, hessian = candidate, new_value, new_gradient, new_hessian
        if ratio < 1 / 4:
            radius = length / 4
        elif ratio > 3 / 4 and boundary:
            radius = min(2 * radius, rmax)
    return Maximum(point, float(value), gradient, hessian, converged, tuple(steps))
