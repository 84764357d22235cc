"""The trust-region subproblem: the exact maximiser of a quadratic within a ball."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_HARD_CASE = 1e-10


def maximise_quadratic(
    gradient: Float[np.ndarray, " P"], hessian: Float[np.ndarray, "P P"], radius: float
) -> Float[np.ndarray, " P"]:
    """The step p with |p| <= radius that maximises m(p) = g'p + p'Hp / 2.

    With -H = Q diag(d) Q' and c = Q'g, the maximiser is p(t) = Q (c / (d + t)) for the t >= 0,
    t >= -d_min at which it is feasible: the Newton step when that lies inside, else the root of
    the secular equation 1/|p(t)| = 1/radius, which is nearly linear in t. In the hard case, c
    has no part in the eigenspace of d_min and no such t exists; then p(-d_min) is lengthened to
    the boundary along that eigenspace (Nocedal and Wright 2006, section 4.3).
    """
    curvature, basis = np.linalg.eigh(-(hessian + hessian.T) / 2)
    along = basis.T @ gradient
    lowest = curvature[0]
    if lowest > 0 and np.linalg.norm(along / curvature) <= radius:
        return np.asarray(basis @ (along / curvature))
    scale = np.abs(curvature).max() + np.linalg.norm(along) / radius
    if scale == 0:
        return np.zeros_like(gradient)
    floor = max(0.0, -lowest)
    on_lowest = curvature - lowest <= _HARD_CASE * scale
    if np.linalg.norm(along[on_lowest]) <= _HARD_CASE * scale * radius:
        shifted = np.where(on_lowest, 1.0, curvature + floor)
        inside = np.where(on_lowest, 0.0, along / shifted)
        slack = radius**2 - inside @ inside
        if slack >= 0:
            inside[0] = np.sqrt(slack) if lowest <= 0 else 0.0
            return np.asarray(basis @ inside)

    from scipy.optimize import brentq

    def excess(shift: float) -> float:
        return float(1 / radius - 1 / np.linalg.norm(along / (curvature + shift)))

    # |c_1| / (d_min + t) <= |p(t)| <= |c| / (d_min + t) brackets the root.
    low = max(np.nextafter(floor, np.inf), np.linalg.norm(along[on_lowest]) / radius - lowest)
    high = (np.linalg.norm(along) / radius - lowest) * (1 + 1e-12)
    shift = low if excess(low) <= 0 else brentq(excess, low, high, xtol=1e-300, rtol=1e-14)
    return np.asarray(basis @ (along / (curvature + shift)))
