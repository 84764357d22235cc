"""Start values by penalised quasi-likelihood (Breslow and Clayton 1993)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from glmmspec.blocks import PADDING, Batch
from glmmspec.design import Design
from glmmspec.solver.modes import Modes, posterior_modes

_ITERATIONS = 60
_TOLERANCE = 1e-2
_SMALLEST = 1e-3
"""Variances are kept above this, in units of 1 / information per effect: a start, not an answer."""

_LARGEST = 100.0
"""And below this, in units of `unit_variances`."""


@dataclass(frozen=True, eq=False)
class Start:
    """The parameters at which the maximisation starts."""

    beta: Float[np.ndarray, " p"]
    variances: Float[np.ndarray, " K"]


def zero_start(design: Design) -> Start:
    """Coefficients 0 and variances 1, as R's glmm takes with `doPQL = FALSE`."""
    return Start(np.zeros(design.x.shape[1]), np.ones(len(design.components)))


def pql_start(design: Design, batches: Sequence[Batch]) -> Start:
    """Penalised quasi-likelihood estimates, to a few per cent.

    Alternates a Newton step for beta on the penalised likelihood profiled over the effects with
    the fixed point nu_t = |u_t|^2 / (q_t - tr(C_t) / nu_t), C = (Z'WZ + D^-1)^-1 (Schall 1991).
    """
    unit = unit_variances(design)
    beta, variances = _fixed_effects_alone(design), unit
    sizes = _effects_per_component(batches, len(variances))
    modes: list[Modes | None] = [None] * len(batches)
    for _ in range(_ITERATIONS):
        found = [
            posterior_modes(b, design.family, beta, variances, m.effects if m else None)
            for b, m in zip(batches, modes, strict=True)
        ]
        modes = list(found)
        step = _beta_step(batches, found, len(beta))
        updated = _variance_update(batches, found, variances, sizes, unit)
        beta = beta + step
        change = np.abs(np.log(updated / variances)).max()
        variances = updated
        if change < _TOLERANCE and np.abs(step).max(initial=0) < _TOLERANCE * (
            1 + np.abs(beta).max(initial=0)
        ):
            break
    return Start(beta, variances)


def _fixed_effects_alone(design: Design) -> Float[np.ndarray, " p"]:
    """Weighted least squares of each observation's own smoothed linear predictor on x."""
    target = design.family.smoothed_eta(design.y, design.trials) - design.offset
    root = np.sqrt(design.weights * design.trials)
    return np.asarray(np.linalg.lstsq(design.x * root[:, None], target * root, rcond=None)[0])


def unit_variances(design: Design) -> Float[np.ndarray, " K"]:
    """Variances that make z u of unit size, whatever the scale of the multipliers."""
    square = np.zeros(len(design.components))
    count = np.zeros(len(design.components))
    for term in design.random:
        square[term.component] += np.square(term.values).sum()
        count[term.component] += len(term.values)
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
        cross = np.matmul(batch.z().transpose(0, 2, 1), weighted)
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
