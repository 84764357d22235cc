"""Adaptive Gauss-Hermite quadrature of the likelihood; with one node, Laplace's approximation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from glmmspec.blocks import PADDING, Batch, batches, partition
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.family import Family
from glmmspec.ir import Model
from glmmspec.solver.coordinates import Coordinates
from glmmspec.solver.hermite import Rule
from glmmspec.solver.integration import check_block_size
from glmmspec.solver.likelihood import log_constant
from glmmspec.solver.modes import posterior_modes
from glmmspec.solver.separation import check_separation
from glmmspec.solver.start import pql_start, unit_variances
from glmmspec.solver.trust_region import maximise
from glmmspec.validation.point_estimate import PointEstimate

LARGEST_BLOCK = 2
"""Effects that a rule of several points in each dimension is taken over."""

_STEP = 0.01
"""Of the differences, in units of a column's root mean square over sqrt(n): less than a hundredth of a
standard error."""

_ZERO = 1e-8
"""In units of `unit_variances`: what a variance that converges to 0 is below."""


class QuadratureLikelihood:
    """The log-likelihood of a design by a rule about each block's mode, as a function of theta = (beta, sd).

    Effects are u = sd v with v standard normal, so that 0 is no edge: the function is even in each sd.
    """

    def __init__(self, design: Design, batches: Sequence[Batch], order: int) -> None:
        self._design = design
        self._batches = batches
        self._rules = [Rule.of(order, batch.component.shape[1]) for batch in batches]
        self._constant = log_constant(design)
        self._modes: list[np.ndarray | None] = [None] * len(batches)
        unit = np.concatenate([np.ones(design.x.shape[1]), np.sqrt(unit_variances(design))])
        self._step = _STEP * unit / np.sqrt(len(design.y))

    def __call__(
        self, theta: Float[np.ndarray, " P"]
    ) -> tuple[float, Float[np.ndarray, " P"], Float[np.ndarray, "P P"]]:
        """Value, and gradient and Hessian by central differences; -infinity where there is no number."""
        value, ahead, behind = self.value(theta), [], []
        steps = np.diag(self._step)
        for step in steps:
            ahead.append(self.value(theta + step))
            behind.append(self.value(theta - step))
        forward, backward = np.array(ahead) - value, np.array(behind) - value
        gradient = (forward - backward) / (2 * self._step)
        hessian = np.diag(forward + backward)
        for i, j in combinations(range(len(theta)), 2):
            both = steps[i] + steps[j]
            mixed = self.value(theta + both) + self.value(theta - both) - 2 * value
            hessian[i, j] = hessian[j, i] = (mixed - hessian[i, i] - hessian[j, j]) / 2
        hessian /= np.outer(self._step, self._step)
        finite = np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(hessian).all()
        return (value, gradient, hessian) if finite else (-np.inf, gradient, hessian)

    def value(self, theta: Float[np.ndarray, " P"]) -> float:
        """The log-likelihood, with all constants."""
        p = self._design.x.shape[1]
        beta, sd = theta[:p], theta[p:]
        total = self._constant
        with np.errstate(over="ignore", invalid="ignore"):
            for i, (batch, rule) in enumerate(zip(self._batches, self._rules, strict=True)):
                modes = posterior_modes(batch, self._design.family, beta, np.square(sd), self._modes[i])
                self._modes[i] = modes.effects
                total += float(_log_integrals(batch, self._design.family, rule, theta, modes.effects).sum())
        return total


def _log_integrals(
    batch: Batch,
    family: Family,
    rule: Rule,
    theta: Float[np.ndarray, " P"],
    modes: Float[np.ndarray, "B Q"],
) -> Float[np.ndarray, " B"]:
    """log L_b, for blocks of standard effects v with mode v* and Hessian -P, P = C C', there.

    L_b = |C|^-1 sum_k w_k exp(x_k'x_k / 2) f(y_b, v* + C^-T x_k)

    (Pinheiro and Bates 1995; with one node Laplace's approximation). A last step of Newton's method takes
    the error of the modes from 1e-7 to rounding, as second differences need it.
    """
    p = batch.x.shape[2]
    real = batch.component != PADDING
    sd = np.where(real, theta[p:][batch.component], 0.0)
    z = batch.z() * sd[:, None, :]
    v = modes / np.where(sd != 0, sd, 1.0)
    fixed = batch.x @ theta[:p] + batch.offset

    def precision_and_gradient(v: Float[np.ndarray, "B Q"]) -> tuple[np.ndarray, np.ndarray]:
        _, c1, c2 = family.cumulant(fixed + np.matmul(z, v[:, :, None])[:, :, 0])
        residual = batch.successes - batch.trials * c1
        precision = np.matmul(z.transpose(0, 2, 1), z * (batch.trials * c2)[:, :, None]) + np.eye(v.shape[1])
        return precision, np.matmul(residual[:, None, :], z)[:, 0, :] - v

    precision, gradient = precision_and_gradient(v)
    v = v + np.linalg.solve(precision, gradient[:, :, None])[:, :, 0]
    root = np.linalg.cholesky(precision_and_gradient(v)[0])
    nodes = v[:, :, None] + np.matmul(np.linalg.inv(root).transpose(0, 2, 1), rule.nodes)
    eta = fixed[:, :, None] + np.matmul(z, nodes)
    height = np.matmul(batch.successes[:, None, :], eta)[:, 0, :]
    height -= np.matmul(batch.trials[:, None, :], family.cumulant(eta)[0])[:, 0, :]
    height -= (np.square(nodes) + np.log(2 * np.pi)).sum(axis=1) / 2
    log_root = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    return np.asarray(logsumexp(height + rule.log_weights, axis=1) - log_root)


def adaptive_quadrature(model: Model, design: Design, order: int = 15) -> PointEstimate:
    """Maximise the likelihood by adaptive Gauss-Hermite quadrature of `order` points in each dimension.

    Standard errors come from the Hessian at the maximum.

    Raises
    ------
    FitError
        If a block has more than two effects and the order is above 1, the responses are separated, or the
        maximum was not reached.
    """
    coordinates = Coordinates.of(design)
    inner = coordinates.design(design)
    batch_list = list(batches(inner, partition(inner)))
    _check_blocks(batch_list, order)
    check_block_size(batch_list, model.solver.memory)
    start = pql_start(inner, batch_list)
    likelihood = QuadratureLikelihood(inner, batch_list, order)
    maximum = maximise(likelihood, np.concatenate([start.beta, np.sqrt(start.variances)]))
    p = len(start.beta)
    beta, sd = coordinates.basis @ maximum.argument[:p], maximum.argument[p:]
    check_separation(design, beta, suspicious=not maximum.converged)
    if not maximum.converged:
        raise FitError("the maximum of the approximate likelihood was not reached")
    variances = np.where(np.square(sd) < _ZERO * unit_variances(design), 0.0, np.square(sd))
    se = _standard_errors(maximum.hessian, coordinates.jacobian(len(sd)), sd, variances > 0)
    return PointEstimate.wald(np.concatenate([beta, variances]), se, n_variances=len(sd))


def laplace(model: Model, design: Design) -> PointEstimate:
    """Maximise Laplace's approximation of the likelihood, as R's lme4 and glmmTMB do."""
    return adaptive_quadrature(model, design, order=1)


def _check_blocks(batch_list: Sequence[Batch], order: int) -> None:
    if not isinstance(order, int) or order < 1:
        raise FitError(f"order = {order} is not a whole number from 1 up")
    largest = max(int((batch.component != PADDING).sum(axis=1).max()) for batch in batch_list)
    if order > 1 and largest > LARGEST_BLOCK:
        raise FitError(
            f"a block has {largest} joined random effects, and quadrature takes {LARGEST_BLOCK} at most",
            hint="use laplace or mcla",
        )


def _standard_errors(
    hessian: Float[np.ndarray, "P P"],
    jacobian: Float[np.ndarray, "P P"],
    sd: Float[np.ndarray, " K"],
    varies: np.ndarray,
) -> Float[np.ndarray, " P"]:
    """From the Hessian in (gamma, sd), by d nu = 2 sd d sd; NaN for a variance at 0, which is held there."""
    p = len(jacobian) - len(sd)
    free = np.concatenate([np.ones(p, dtype=bool), varies])
    se = np.full(len(free), np.nan)
    scale = jacobian.copy()
    scale[p:, p:] = np.diag(2 * sd)
    try:
        covariance = np.linalg.inv(-hessian[np.ix_(free, free)])
    except np.linalg.LinAlgError:
        return se
    variance = np.einsum("ij,jk,ik->i", scale[np.ix_(free, free)], covariance, scale[np.ix_(free, free)])
    se[free] = np.sqrt(np.where(variance > 0, variance, np.nan))
    return se
