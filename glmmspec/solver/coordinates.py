"""Coordinates of the fixed effects in which their columns are orthonormal.

Columns of very different scale, far from 0 (a year, say) or nearly collinear make a
likelihood that is hard to climb in beta and easy in gamma, where X beta = (X basis) gamma.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design

_OF_ROWS = ("y", "trials", "weights", "offset", "rows")


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
        """From the QR decomposition of X, in the rows that count."""
        x = design.x[design.counts]
        triangle = np.linalg.qr(x, mode="r")
        return cls(np.linalg.solve(triangle, np.eye(x.shape[1])) * np.sqrt(len(x)))

    def design(self, design: Design) -> Design:
        """The same design with its fixed effects in these coordinates, and the rows that count alone.

        A row of weight 0 can then have no part in starts, scales and blocks.
        """
        counts = design.counts
        used = slice(None) if counts.all() else np.flatnonzero(counts)
        return replace(
            design,
            x=design.x[used] @ self.basis,
            random=tuple(
                replace(term, codes=term.codes[used], values=term.values[used]) for term in design.random
            ),
            **{name: getattr(design, name)[used] for name in _OF_ROWS},
        )

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
