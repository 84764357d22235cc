"""The likelihood of nested effects as integrals inside integrals, each by a fine fixed grid: nothing adaptive."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from glmmspec.design import Design

POINTS = 201
REACH = 9.0
"""Standard deviations of an effect that its grid covers on either side of 0."""


def log_likelihood(design: Design, psi: np.ndarray, order: list[int], points: int = POINTS) -> float:
    """For terms of which each, in `order` from the outermost in, is nested in the one before.

    The integral of g over u ~ N(0, nu) is the trapezoidal rule on a grid of u / sqrt(nu), whose error falls
    faster than any power of its step.
    """
    p = design.x.shape[1]
    fixed = design.x @ psi[:p] + design.offset
    grid = np.linspace(-REACH, REACH, points)
    log_weight = -(grid**2) / 2 - np.log(2 * np.pi) / 2 + np.log(grid[1] - grid[0])

    def integral(rows: np.ndarray, eta: np.ndarray, depth: int) -> np.ndarray:
        """log of the integral over all effects from `depth` in, at each column of eta (rows, c)."""
        if depth == len(order):
            return (design.weights[rows, None] * log_density(design, rows, eta)).sum(axis=0)
        term = design.random[order[depth]]
        total = np.zeros(eta.shape[1])
        for level in np.unique(term.codes[rows]):
            inside = term.codes[rows] == level
            u = np.sqrt(psi[p + term.component]) * grid
            moved = eta[inside][:, :, None] + term.values[rows[inside]][:, None, None] * u
            flat = integral(rows[inside], moved.reshape(inside.sum(), -1), depth + 1)
            total += logsumexp(flat.reshape(-1, points) + log_weight, axis=1)
        return total

    return float(integral(np.arange(len(design.y)), fixed[:, None], 0).sum())


def log_density(design: Design, rows: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """log f of each row, without the constant."""
    if design.family.name == "poisson":
        c = np.exp(eta)
    else:
        c = design.trials[rows, None] * np.logaddexp(0, eta)
    return design.y[rows, None] * eta - c
