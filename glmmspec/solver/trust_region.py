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
    """Where the iteration ended, and whether its stopping rule was met there (or a bound stopped it)."""

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
    radius: float = 1.0,
    rmax: float = 4.0,
    iterlim: int = 100,
    tolerance: float = 1e-12,
    within: tuple[Vector, Vector] | None = None,
) -> Maximum:
    """Climb from `start` until an iteration changes the value, or promises to, by next to nothing.

    Parameters
    ----------
    radius, rmax
        Initial and largest radius. The region is the ball |p / scale| <= radius, where scale is
        1 / sqrt |H_jj| at the start: on a log-likelihood, about a standard error.
    tolerance
        For both the change in value of an accepted step and the predicted change, times the
        absolute value where that is above 1.
    within
        Lower and upper bounds, with `start` inside. A step that would pass one ends there, and with it the
        iteration if the step is accepted: what lies beyond is for another objective.

    Notes
    -----
    A step is accepted if the value rises by at least a quarter of the predicted increase rho >= 1/4;
    below that the radius becomes a quarter of the step's length, and above 3/4 on the boundary
    it is doubled (Fletcher 1987; Nocedal and Wright 2006, algorithm 4.1).
    """
    point = np.asarray(start, dtype=float)
    value, gradient, hessian = objective(point)
    scale = _unit_steps(hessian)
    steps: list[Step] = []
    converged = not len(point)  # nothing varies
    while len(point) and np.isfinite(value) and len(steps) < iterlim:
        scaled_gradient, scaled_hessian = gradient * scale, hessian * np.outer(scale, scale)
        step = maximise_quadratic(scaled_gradient, scaled_hessian, radius)
        share = 1.0 if within is None or converged else _share_within(point, step * scale, within)
        step = step * share
        predicted = float(step @ scaled_gradient + step @ scaled_hessian @ step / 2)
        negligible = tolerance * max(1.0, abs(value))
        converged = converged or predicted < negligible
        candidate = point + step * scale
        new_value, new_gradient, new_hessian = objective(candidate)
        if converged:
            # This last step changes the value by next to nothing, and doubles the digits of the argument.
            if new_value > value - negligible:
                point, value, gradient, hessian = candidate, new_value, new_gradient, new_hessian
            break
        rise = new_value - value
        ratio = float(rise / predicted)
        length = float(np.linalg.norm(step))
        boundary = length >= radius * (1 - 1e-6)
        accepted = ratio >= 1 / 4
        steps.append(Step(candidate, radius, predicted, ratio, float(new_value), boundary, accepted))
        if accepted:
            converged = rise < negligible
            point, value, gradient, hessian = candidate, new_value, new_gradient, new_hessian
            if share < 1:
                converged = True
                break
        if ratio < 1 / 4:
            radius = length / 4
        elif ratio > 3 / 4 and boundary:
            radius = min(2 * radius, rmax)
    return Maximum(point, float(value), gradient, hessian, converged, tuple(steps))


def _share_within(point: Vector, step: Vector, bounds: tuple[Vector, Vector]) -> float:
    """How much of a step lies within bounds."""
    lower, upper = bounds
    room = np.where(step < 0, lower - point, upper - point)
    moves = step != 0
    return min(1.0, float((room[moves] / step[moves]).min(initial=1.0)))


def _unit_steps(hessian: Matrix) -> Vector:
    """1 / sqrt |H_jj|, so that steps have the unit of each parameter whichever sign the curvature has."""
    curvature = np.abs(np.diagonal(hessian))
    return np.where(curvature > 0, 1 / np.sqrt(np.where(curvature > 0, curvature, 1.0)), 1.0)
