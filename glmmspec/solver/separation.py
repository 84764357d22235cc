"""Estimates that run to infinity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.solver.start import unit_variances

_SUSPICIOUS_ETA = 12.0
"""A fixed linear predictor beyond this is probability or rate below 1e-5 from fixed effects alone."""

_INFINITE_VARIANCE = 1e3
"""In units of `unit_variances`: effects that multiply odds or rates by e^30, up or down."""


def check_variances(design: Design, variances: Float[np.ndarray, " K"]) -> None:
    """Refuse variances that stand for infinite ones.

    Raises
    ------
    FitError
        Naming the variance that runs to infinity.
    """
    size = variances / unit_variances(design)
    if (size > _INFINITE_VARIANCE).any():
        name = design.components[int(np.argmax(size))]
        raise FitError(
            f"the variance of {name} runs to infinity: within its groups the responses are nearly all alike",
            hint=f"drop {name}, or give it a prior and use the sampler",
        )


def check_separation(design: Design, beta: Float[np.ndarray, " p"], *, suspicious: bool) -> None:
    """Refuse coefficients that stand for infinite ones.

    The separating direction is looked for only where an estimate is suspicious, or gives extreme
    probabilities or rates, since it takes a linear programme over all rows.

    Raises
    ------
    FitError
        Naming the coefficients that run to infinity.
    """
    far = design.x.size and np.abs(design.x @ beta).max() > _SUSPICIOUS_ETA
    if not suspicious and not far:
        return
    direction = separating_direction(design)
    if direction is None:
        return
    named = [
        f"{name} ({'+' if sign > 0 else '-'})"
        for name, sign in zip(design.coefficients, direction, strict=True)
        if sign != 0
    ]
    raise FitError(
        f"the responses are separated: the likelihood rises for ever along {', '.join(named)}",
        hint="some combination of these columns predicts the response without error; drop or merge levels",
    )


def separating_direction(design: Design) -> Float[np.ndarray, " p"] | None:
    """A direction in which every observation's likelihood rises or stays, or None if there is none.

    An observation with all successes allows x'd >= 0, one with none x'd <= 0, any other x'd = 0; a
    direction that satisfies all, and one strictly, is found by maximising the sum of the
    allowed changes (Albert and Anderson 1984; Konis 2007). Such a direction separates the data
    whatever the random effects are, since it raises the likelihood at each value of them.
    """
    from scipy.optimize import linprog

    used = design.weights > 0
    scale = np.abs(design.x).max(axis=0, initial=0)
    x = design.x[used] / np.where(scale > 0, scale, 1)
    y, trials = design.y[used], design.trials[used]
    rises = (y == trials) if design.family.link == "logit" else np.zeros(len(y), dtype=bool)
    falls = y == 0
    signed = np.where(rises[:, None], x, -x)[rises | falls]
    exact = x[~(rises | falls)]
    if not len(signed):
        return None
    solved = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        A_eq=exact if len(exact) else None,
        b_eq=np.zeros(len(exact)) if len(exact) else None,
        bounds=(-1, 1),
    )
    if solved.x is None or signed.sum(axis=0) @ solved.x < 1e-7:
        return None
    return np.where(np.abs(solved.x) > 1e-7, np.sign(solved.x), 0.0)
