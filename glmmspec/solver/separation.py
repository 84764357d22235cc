"""Estimates that run to infinity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.family import ETA_LIMIT
from glmmspec.solver.start import unit_variances

_SUSPICIOUS_ETA = 12.0
"""A fixed linear predictor beyond this is probability or rate below 1e-5 from fixed effects alone."""

_INFINITE_VARIANCE = 1e3
"""In units of `unit_variances`: effects that multiply odds or rates by e^30, up or down."""

_NEARLY_ALL = 0.75
"""Of the groups: so many with responses all alike explain a variance that runs to infinity."""


def check_variances(design: Design, variances: Float[np.ndarray, " K"]) -> None:
    """Refuse variances that stand for infinite ones.

    Raises
    ------
    FitError
        Naming the variance that runs to infinity, and whether it is the groups or the fixed part of the
        model that drive it.
    """
    size = variances / unit_variances(design)
    if not (size > _INFINITE_VARIANCE).any():
        return
    component = int(np.argmax(size))
    name = design.components[component]
    if _share_unbounded(design, component) >= _NEARLY_ALL:
        raise FitError(
            f"the variance of {name} runs to infinity: within its groups the responses are nearly all alike",
            hint=f"drop {name}, or give it a prior and use the sampler",
        )
    raise FitError(
        f"the variance of {name} runs to infinity: its effects make up for fixed effects and an offset that"
        " are far from the responses",
        hint="give the model an intercept, and check sign and scale of the offset",
    )


def check_rates(design: Design, beta: Float[np.ndarray, " p"]) -> None:
    """Refuse counts whose rate, by fixed effects and offset alone, no double holds the sums of.

    Raises
    ------
    FitError
        Naming the row.
    """
    eta = np.where(design.weights > 0, design.x @ beta + design.offset, -np.inf)
    row = int(np.argmax(eta))
    if design.family.link != "log" or eta[row] <= ETA_LIMIT:
        return
    raise FitError(
        f"the rate of row {design.rows[row] + 1} is e^{eta[row]:.0f} by its fixed effects and offset"
        f" ({design.offset[row]:g}), and its count is {design.y[row]:.10g}",
        hint="an offset is the logarithm of an exposure: check it there, and let the model have an intercept",
    )


def _share_unbounded(design: Design, component: int) -> float:
    """The share of a component's effects that the responses would have infinite.

    Along such an effect, upwards or downwards, no row's likelihood falls, as in a group whose responses
    are all 0.
    """
    used = design.counts
    rising, falling = used & ~_may_rise(design), used & (design.y != 0)
    unbounded, count = 0, 0
    for term in design.random:
        if term.component != component:
            continue
        up, down = term.values > 0, term.values < 0
        effects = len(term.levels)
        against_rise = np.bincount(term.codes[(up & rising) | (down & falling)], minlength=effects)
        against_fall = np.bincount(term.codes[(down & rising) | (up & falling)], minlength=effects)
        informed = np.bincount(term.codes[used & (up | down)], minlength=effects) > 0
        unbounded += int((informed & ((against_rise == 0) | (against_fall == 0))).sum())
        count += int(informed.sum())
    return unbounded / max(1, count)


def _may_rise(design: Design) -> Bool[np.ndarray, " n"]:
    """In which rows the likelihood never falls as the linear predictor rises."""
    every = design.y == design.trials
    return every if design.family.link == "logit" else np.zeros_like(every)


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
    whatever the random effects are, since it raises the likelihood at each value of them. Of
    columns that do so each by itself, the direction has those alone: they are the cause.
    """
    from scipy.optimize import linprog

    used = design.counts
    scale = np.abs(design.x).max(axis=0, initial=0)
    x = design.x[used] / np.where(scale > 0, scale, 1)
    rises, falls = _may_rise(design)[used], design.y[used] == 0
    signed = np.where(rises[:, None], x, -x)[rises | falls]
    exact = x[~(rises | falls)]
    if not signed.size:
        return None
    alone = _by_single_columns(signed, exact)
    if alone.any():
        return alone
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


def _by_single_columns(
    signed: Float[np.ndarray, "r p"], exact: Float[np.ndarray, "s p"]
) -> Float[np.ndarray, " p"]:
    """1 or -1 for the columns along which alone no row falls and one rises, 0 for the others."""
    free = ~exact.any(axis=0) & signed.any(axis=0)
    return np.where(
        free & (signed >= 0).all(axis=0), 1.0, np.where(free & (signed <= 0).all(axis=0), -1.0, 0.0)
    )
