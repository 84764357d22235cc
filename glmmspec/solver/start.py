"""Start values by penalised quasi-likelihood (Breslow and Clayton 1993)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from glmmspec.blocks import PADDING, Batch
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.solver.coordinates import Point
from glmmspec.solver.modes import Modes, posterior_modes

_ITERATIONS = 60
_TOLERANCE = 1e-2
_SMALLEST = 1e-3
"""Variances are kept above this, in units of 1 / information per effect: a start, not an answer."""

_LARGEST = 100.0
"""And below this, in units of `unit_variances`."""


def zero_start(design: Design) -> Point:
    """Coefficients 0 and variances 1, as R's glmm takes with `doPQL = FALSE`."""
    return Point(np.zeros(design.x.shape[1]), np.ones(len(design.components)))


def given_start(design: Design, values: tuple[float, ...]) -> Point:
    """Values of all parameters in their order, in the design's own coordinates.

    Raises
    ------
    FitError
        If they are not as many as the parameters, or a variance is negative.
    """
    if len(values) != len(design.parameters):
        raise FitError(
            f"start gives {len(values)} value(s), and the model has {len(design.parameters)} parameters",
            hint=f"give one for each of {', '.join(design.parameters)}",
        )
    p = len(design.coefficients)
    beta, variances = np.array(values[:p], dtype=float), np.array(values[p:], dtype=float)
    if (variances < 0).any():
        name = design.components[int(np.argmax(variances < 0))]
        raise FitError(f"start gives the variance {name} a negative value", hint="variances are 0 or more")
    return Point(beta, variances)


def pql_start(
    design: Design,
    batches: Sequence[Batch],
    held: Float[np.ndarray, " K"] | None = None,
    *,
    tolerance: float = _TOLERANCE,
    iterations: int = _ITERATIONS,
) -> Point:
    """Penalised quasi-likelihood estimates, to a few per cent, at the variances `held` (NaN: not held).

    Alternates a Newton step for beta on the penalised likelihood profiled over the effects with
    the fixed point nu_t = |u_t|^2 / (q_t - tr(C_t) / nu_t), C = (Z'WZ + D^-1)^-1 (Schall 1991).
    """
    unit = unit_variances(design)
    held = np.full(len(unit), np.nan) if held is None else held
    free = np.isnan(held)
    beta, variances = fixed_effects_alone(design), np.where(free, unit, held)
    sizes = _effects_per_component(batches, len(variances))
    modes: list[Modes | None] = [None] * len(batches)
    for _ in range(iterations):
        found = [
            posterior_modes(b, design.family, beta, variances, m.effects if m else None)
            for b, m in zip(batches, modes, strict=True)
        ]
        modes = list(found)
        step = _beta_step(batches, found, len(beta))
        updated = np.where(free, _variance_update(batches, found, variances, sizes, unit), held)
        beta = beta + step
        change = np.abs(np.log(updated[free] / variances[free])).max(initial=0)
        variances = updated
        if change < tolerance and np.abs(step).max(initial=0) < tolerance * (1 + np.abs(beta).max(initial=0)):
            break
    return Point(beta, variances)


def fixed_effects_alone(design: Design) -> Float[np.ndarray, " p"]:
    """Weighted least squares of each observation's own smoothed linear predictor on x."""
    target = design.family.smoothed_eta(design.y, design.trials) - design.offset
    root = np.sqrt(design.weights * design.trials)
    return np.asarray(np.linalg.lstsq(design.x * root[:, None], target * root, rcond=None)[0])


def unit_variances(design: Design) -> Float[np.ndarray, " K"]:
    """Variances that make z u of unit size, whatever the scale of the multipliers.

    Raises
    ------
    FitError
        If all of a component's are 0.
    """
    square = np.zeros(len(design.components))
    count = np.zeros(len(design.components))
    for term in design.random:
        square[term.component] += design.weights @ np.square(term.values)
        count[term.component] += design.weights.sum()
    if not square.all():
        name = design.components[int(np.argmin(square))]
        raise FitError(
            f"the effects of {name} are multiplied by 0 in all rows that count",
            hint="drop the term, or look at its column and the weights",
        )
    return count / square


def _effects_per_component(batches: Sequence[Batch], n_components: int) -> Float[np.ndarray, " K"]:
    return sum(
        (np.bincount(b.component[b.component != PADDING], minlength=n_components) for b in batches),
        start=np.zeros(n_components),
    )


def _beta_step(batches: Sequence[Batch], modes: Sequence[Modes], p: int) -> Float[np.ndarray, " p"]:
    """The Newton step (X'WX - X'WZ (Z'WZ + D^-1)^-1 Z'WX)^-1 X'(s - a c'), cut to move no eta by over 5."""
    if p == 0:
        return np.zeros(0)
    score, information = np.zeros(p), np.zeros((p, p))
    reach = np.zeros(p)
    for batch, mode in zip(batches, modes, strict=True):
        weighted = batch.x * mode.information[:, :, None]
        cross = batch.z_transposed_times(weighted)
        score += np.einsum("bnp,bn->p", batch.x, mode.residual)
        information += np.einsum("bnp,bnr->pr", batch.x, weighted)
        information -= np.einsum("bqp,bqr->pr", cross, np.linalg.solve(mode.precision, cross))
        reach = np.maximum(reach, np.abs(batch.x).max(axis=(0, 1)))
    step = np.linalg.lstsq(information, score, rcond=None)[0]
    return np.asarray(step / max(1.0, float((np.abs(step) * reach).max()) / 5))


def _variance_update(
    batches: Sequence[Batch],
    modes: Sequence[Modes],
    variances: Float[np.ndarray, " K"],
    sizes: Float[np.ndarray, " K"],
    unit: Float[np.ndarray, " K"],
) -> Float[np.ndarray, " K"]:
    variances = np.where(variances > 0, variances, 1.0)  # one held at 0 is not updated
    squares, traces, information = (np.zeros(len(variances)) for _ in range(3))
    for batch, mode in zip(batches, modes, strict=True):
        real = batch.component != PADDING
        component = batch.component[real]
        covariance = np.linalg.inv(mode.precision)
        np.add.at(squares, component, mode.effects[real] ** 2)
        np.add.at(traces, component, np.diagonal(covariance, axis1=1, axis2=2)[real])
        np.add.at(information, component, np.diagonal(mode.precision, axis1=1, axis2=2)[real])
    information = np.maximum(information / sizes - 1 / variances, 1e-300)
    freedom = np.maximum(sizes - traces / variances, 1e-3 * sizes)
    # A factor of 4 an iteration keeps the fixed point from overshooting while beta is far away.
    updated = np.clip(squares / freedom, variances / 4, variances * 4)
    return np.asarray(np.clip(updated, _SMALLEST / information, _LARGEST * unit))
