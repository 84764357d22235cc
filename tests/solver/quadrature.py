"""Exact maximum likelihood of one random intercept, by quadrature that shares nothing with the solver."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import minimize
from scipy.special import logsumexp

from glmmspec.design import Design

NODES = 61


def log_likelihood(design: Design, psi: np.ndarray) -> float:
    """By `NODES` Gauss-Hermite nodes about each group's mode, with all constants."""
    [term] = design.random
    p, n_groups = design.x.shape[1], len(term.levels)
    fixed, nu = design.x @ psi[:p] + design.offset, psi[p]
    poisson = design.family.name == "poisson"

    def by_group(rows: np.ndarray) -> np.ndarray:
        total = np.zeros((n_groups, *rows.shape[1:]))
        np.add.at(total, term.codes, rows)
        return total

    def log_integrand(u: np.ndarray) -> np.ndarray:
        """At one or more values of each group's effect, (groups, values)."""
        eta = fixed[:, None] + u[term.codes]
        c = np.exp(eta) if poisson else design.trials[:, None] * np.logaddexp(0, eta)
        of_rows = design.weights[:, None] * (design.y[:, None] * eta - c)
        return by_group(of_rows) - u**2 / (2 * nu) - np.log(2 * np.pi * nu) / 2

    mode = np.zeros((n_groups, 1))
    for _ in range(50):
        eta = fixed[:, None] + mode[term.codes]
        mean = np.exp(eta) if poisson else design.trials[:, None] / (1 + np.exp(-eta))
        slope = mean if poisson else mean * (1 - mean / design.trials[:, None])
        gradient = by_group(design.weights[:, None] * (design.y[:, None] - mean)) - mode / nu
        curvature = by_group(design.weights[:, None] * slope) + 1 / nu
        mode += np.clip(gradient / curvature, -1, 1)
    x, w = hermegauss(NODES)
    spread = 1 / np.sqrt(curvature)
    terms = log_integrand(mode + spread * x) + x**2 / 2 + np.log(w) + np.log(spread)
    constant = design.weights @ design.family.log_constant(design.y, design.trials)
    return float(logsumexp(terms, axis=1).sum() + constant)


def maximum(design: Design, start: np.ndarray) -> tuple[np.ndarray, float]:
    """The estimate and its log-likelihood; a variance at the lower bound is 0."""
    p, lowest = design.x.shape[1], 1e-6
    found = minimize(
        lambda psi: -log_likelihood(design, psi),
        np.append(start[:p], max(start[p], 0.05)),
        method="L-BFGS-B",
        bounds=[(None, None)] * p + [(lowest, None)],
        options={"ftol": 1e-15, "gtol": 1e-6},
    )
    estimate = found.x.copy()
    estimate[p] = 0.0 if estimate[p] <= 2 * lowest else estimate[p]
    return estimate, -float(found.fun)
