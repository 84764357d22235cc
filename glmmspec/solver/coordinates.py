"""Coordinates of the fixed effects in which their columns are orthonormal.

Columns of very different scale, far from 0 (a year, say) or nearly collinear make a
likelihood that is hard to climb in beta and easy in gamma, where X beta = (X basis) gamma.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design


@dataclass(frozen=True, eq=False)
class Point:
    """A value of every parameter; a variance of 0 takes its effects out of the model."""

    beta: Float[np.ndarray, " p"]
    variances: Float[np.ndarray, " K"]


@dataclass(frozen=True, eq=False)
class Coordinates:
    """beta = basis gamma, with X basis orthogonal and of unit mean square in each column."""

    basis: Float[np.ndarray, "p p"]

    @classmethod
    def of(cls, design: Design) -> Coordinates:
        """From the QR decomposition of X."""
        triangle = np.linalg.qr(design.x, mode="r")
        p = design.x.shape[1]
        return cls(np.linalg.solve(triangle, np.eye(p)) * np.sqrt(len(design.x)))

    def design(self, design: Design) -> Design:
        """The same design with its fixed effects in these coordinates."""
        return replace(design, x=design.x @ self.basis)

    def inward(self, point: Point) -> Point:
        """A point in these coordinates, given in the design's own."""
        return Point(np.linalg.solve(self.basis, point.beta), point.variances)

    def outward(self, point: Point) -> Point:
        """A point in the design's own coordinates, given in these."""
        return Point(self.basis @ point.beta, point.variances)

    def jacobian(self, n_variances: int) -> Float[np.ndarray, "P P"]:
        """d(beta, variances) / d(gamma, variances)."""
        p = len(self.basis)
        jacobian = np.eye(p + n_variances)
        jacobian[:p, :p] = self.basis
        return jacobian
