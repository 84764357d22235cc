"""MCLA as docs/mathematics.md writes it: loops over draws and observations, nothing clever."""

from __future__ import annotations

import math

import numpy as np

from glmmspec.design import Design


def log_density(design: Design, beta: np.ndarray, u: np.ndarray, rows: np.ndarray) -> float:
    """log f(y | u; beta) over some rows, without the constant."""
    total = 0.0
    starts = np.cumsum([0, *(len(t.levels) for t in design.random)])
    for i in rows:
        eta = float(design.x[i] @ beta) + design.offset[i]
        for start, term in zip(starts, design.random, strict=False):
            eta += term.values[i] * u[start + term.codes[i]]
        if design.family.name == "poisson":
            c = math.exp(eta)
        else:
            c = design.trials[i] * (max(eta, 0) + math.log1p(math.exp(-abs(eta))))
        total += design.weights[i] * (design.y[i] * eta - c)
    return total


def block_log_integral(
    design: Design,
    psi: np.ndarray,
    effects: np.ndarray,
    log_q: np.ndarray,
    rows: np.ndarray,
    members: np.ndarray,
) -> float:
    """log (1/m) sum_k exp( log f + log phi - log q ) of one block, k over columns of `effects` (q, m)."""
    p = design.x.shape[1]
    component = np.concatenate([[t.component] * len(t.levels) for t in design.random])
    terms = []
    for k in range(effects.shape[1]):
        u = effects[:, k]
        log_phi = 0.0
        for j in members:
            nu = psi[p + component[j]]
            log_phi -= 0.5 * math.log(2 * math.pi * nu) + u[j] ** 2 / (2 * nu)
        terms.append(log_density(design, psi[:p], u, rows) + log_phi - log_q[k])
    top = max(terms)
    return top + math.log(sum(math.exp(t - top) for t in terms) / len(terms))
