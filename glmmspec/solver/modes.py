"""Posterior modes of the random effects given the parameters, and the curvature there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import PADDING, Batch
from glmmspec.family import Family
from glmmspec.solver.kernel import Rows
from glmmspec.solver.piece_modes import piece_modes

_ITERATIONS = 100
_HALVINGS = 30
_TOLERANCE = 1e-14

_Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""From effects to the height of each block, and the residual and information of each row."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The maximum over u of log f(y | u; beta) + log phi(u; nu), per block.

    Attributes
    ----------
    effects
        The mode u*; 0 for effects that are padded or whose variance is 0.
    precision
        Z'WZ + D^-1 at the mode, with W = diag(a c''(eta)): the negative Hessian. Rows of effects
        held at 0 are those of the identity.
    residual, information
        s - a c'(eta) and a c''(eta) of each row, at the mode.
    """

    effects: Float[np.ndarray, "B Q"]
    precision: Float[np.ndarray, "B Q Q"]
    residual: Float[np.ndarray, "B N"]
    information: Float[np.ndarray, "B N"]


def free_effects(batch: Batch, variances: Float[np.ndarray, " K"]) -> Bool[np.ndarray, "B Q"]:
    """Which effects vary: those that are real and whose component's variance is positive."""
    return np.asarray((batch.component != PADDING) & (variances[batch.component] > 0))


def posterior_modes(
    batch: Batch,
    family: Family,
    beta: Float[np.ndarray, " p"],
    variances: Float[np.ndarray, " K"],
    start: Float[np.ndarray, "B Q"] | None = None,
) -> Modes:
    """Newton's method in all blocks at once, each step halved in the blocks where it does not climb.

    The function is strictly concave in u, so that this converges from any start.
    """
    free, prior = _prior(batch, variances)
    fixed = batch.x @ beta + batch.offset

    def evaluate(u: Float[np.ndarray, "B Q"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        eta = fixed + batch.z_times(u)
        c, c1, c2 = family.cumulant(eta)
        height = (batch.successes * eta - batch.trials * c).sum(1) - (prior * u * u).sum(1) / 2
        return height, batch.successes - batch.trials * c1, batch.trials * c2

    u = np.zeros(prior.shape) if start is None else start * free
    height, residual, information = evaluate(u)
    for _ in range(_ITERATIONS):
        gradient = batch.z_transposed_times(residual) * free - prior * u
        precision = _precision(batch, information, prior, free)
        step = np.linalg.solve(precision, gradient[:, :, None])[:, :, 0]
        promise = (gradient * step).sum(1)
        if (promise < _TOLERANCE).all():
            return Modes(u, precision, residual, information)
        u, (height, residual, information) = _climb(u, step, height, evaluate)
    return Modes(u, _precision(batch, information, prior, free), residual, information)


def small_block_modes(
    batch: Batch, family: Family, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
) -> Modes:
    """The modes of blocks of one or two effects, to the accuracy that nodes about them take, and fast."""
    free, prior = _prior(batch, variances)
    z, fixed = batch.z() * free[:, None, :], batch.x @ beta + batch.offset
    nothing = np.zeros((*fixed.shape, 0))
    with jax.enable_x64(True):
        rows = Rows.of(
            slope=nothing,
            base=fixed,
            successes=batch.successes,
            trials=batch.trials,
            codes=nothing.astype(int),
            values=nothing,
            own=z,
        )
        found, _ = piece_modes(family.name, rows, prior.T, np.zeros((1, 0)), np.zeros(prior.T.shape))
    u = np.asarray(found)[:, 0].T
    eta = fixed + np.einsum("bnq,bq->bn", z, u)
    mean = family.mean(eta)
    information = batch.trials * family.variance(mean)
    residual = batch.successes - batch.trials * mean
    return Modes(u, _precision(batch, information, prior, free), residual, information)


def mode_drift(batch: Batch, modes: Modes, variances: Float[np.ndarray, " K"]) -> Float[np.ndarray, "B Q p"]:
    """du*/dbeta = -(Z'WZ + D^-1)^-1 Z'WX: how the mode moves with beta."""
    free = free_effects(batch, variances)
    crossed = batch.z_transposed_times(batch.x * modes.information[:, :, None]) * free[:, :, None]
    return np.asarray(-np.linalg.solve(modes.precision, crossed))


def _prior(
    batch: Batch, variances: Float[np.ndarray, " K"]
) -> tuple[Bool[np.ndarray, "B Q"], Float[np.ndarray, "B Q"]]:
    """Which effects vary, and 1 / nu of each; 1 for the others."""
    free = free_effects(batch, variances)
    return free, np.where(free, 1 / np.where(free, variances[batch.component], 1.0), 1.0)


def _precision(
    batch: Batch, information: np.ndarray, prior: np.ndarray, free: np.ndarray
) -> Float[np.ndarray, "B Q Q"]:
    precision = batch.z_products(information) * (free[:, :, None] & free[:, None, :])
    diagonal = np.arange(prior.shape[1])
    precision[:, diagonal, diagonal] += prior
    return np.asarray(precision)


def _climb(
    u: np.ndarray, step: np.ndarray, height: np.ndarray, evaluate: _Evaluate
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The end of the step, halved in the blocks that it would make fall, and what is evaluated there.

    A tie passes: near the top, rounding decides.
    """
    length = np.ones((len(u), 1))
    for _ in range(_HALVINGS):
        end = u + length * step
        there = evaluate(end)
        fell = there[0] < height - 1e-12 * np.abs(height)
        if not fell.any():
            break
        length = np.where(fell[:, None], length / 2, length)
    return end, there
