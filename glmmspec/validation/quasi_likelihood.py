"""Penalised quasi-likelihood (Breslow and Clayton 1993), quick and biased, as an estimator."""

from __future__ import annotations

import numpy as np

from glmmspec.blocks import PADDING, batches, partition
from glmmspec.design import Design
from glmmspec.ir import Model
from glmmspec.solver.coordinates import Coordinates
from glmmspec.solver.integration import check_block_size
from glmmspec.solver.modes import free_effects, posterior_modes
from glmmspec.solver.separation import check_separation
from glmmspec.solver.start import pql_start
from glmmspec.validation.point_estimate import PointEstimate

_TOLERANCE = 1e-6
_ITERATIONS = 1000


def penalised_quasi_likelihood(model: Model, design: Design) -> PointEstimate:
    """Maximum likelihood of the working linear mixed model, iterated until both agree.

    With W the working weights and V = W^-1 + Z D Z' the working covariance, standard errors are those of
    that model: from X'V^-1 X, and from tr(V^-1 Z_s Z_s' V^-1 Z_t Z_t') / 2 for the variances.

    Raises
    ------
    FitError
        If the responses are separated.
    """
    coordinates = Coordinates.of(design)
    inner = coordinates.design(design)
    batch_list = list(batches(inner, partition(inner)))
    check_block_size(batch_list, model.solver.memory)
    point = pql_start(inner, batch_list, tolerance=_TOLERANCE, iterations=_ITERATIONS)
    outward = coordinates.outward(point)
    p, n_variances = len(point.beta), len(point.variances)
    of_beta, of_variances = np.zeros((p, p)), np.zeros((n_variances, n_variances))
    for batch in batch_list:
        modes = posterior_modes(batch, design.family, point.beta, point.variances)
        z = batch.z() * free_effects(batch, point.variances)[:, None, :]
        weighted = batch.x * modes.information[:, :, None]
        crossed = np.matmul(z.transpose(0, 2, 1), weighted)
        of_beta += np.einsum("bnp,bnr->pr", batch.x, weighted)
        of_beta -= np.einsum("bqp,bqr->pr", crossed, np.linalg.solve(modes.precision, crossed))
        # Z'V^-1 Z = M - M (M + D^-1)^-1 M, M = Z'WZ.
        m = np.matmul(z.transpose(0, 2, 1), z * modes.information[:, :, None])
        projected = m - np.matmul(m, np.linalg.solve(modes.precision, m))
        member = (batch.component[:, :, None] == np.arange(n_variances)) & (batch.component != PADDING)[
            :, :, None
        ]
        of_variances += np.einsum("bqs,bqr,brt->st", member, np.square(projected), member) / 2
    check_separation(design, outward.beta, suspicious=False)
    covariance = coordinates.basis @ np.linalg.pinv(of_beta) @ coordinates.basis.T
    variance = np.concatenate([np.diagonal(covariance), np.diagonal(np.linalg.pinv(of_variances))])
    value = np.concatenate([outward.beta, outward.variances])
    return PointEstimate.wald(value, np.sqrt(np.maximum(variance, 0)), n_variances=n_variances)
