"""Where the right estimates for hard data come from: computations that share nothing with the solver."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import glmmspec as gs
from tests.solver import quadrature

_STEP = 0.03
"""Of the differences, in standard errors: the fourth derivative of a log-likelihood is small on it."""


@dataclass(frozen=True)
class Answer:
    """Estimates and standard errors, in the fit's order; NaN for the error of a variance of 0.

    `rounding` is how far from it a fit may be in standard errors, besides its stated errors; where it has
    `same_draws`, so that these are the same, without them.
    """

    estimates: np.ndarray
    standard_errors: np.ndarray
    rounding: float
    same_draws: bool = False


def by_quadrature(fit: gs.Fit) -> Answer:
    """One random intercept: adaptive Gauss-Hermite quadrature with 61 nodes."""
    return _newton(lambda psi: quadrature.log_likelihood(fit.design, psi), fit)


def by_generalized_least_squares(fit: gs.Fit) -> Answer:
    """Counts so large that their logarithms are normal: log y ~ N(X beta, Z D Z' + diag(1/y))."""
    design = fit.design
    p = len(design.coefficients)
    outer = [np.equal.outer(term.codes, term.codes).astype(float) for term in design.random]

    def log_likelihood(psi: np.ndarray) -> float:
        covariance = np.diag(1 / design.y) + sum(v * o for v, o in zip(psi[p:], outer, strict=True))
        return float(multivariate_normal.logpdf(np.log(design.y), design.x @ psi[:p], covariance))

    return _newton(log_likelihood, fit)


def _newton(log_likelihood: Callable[[np.ndarray], float], fit: gs.Fit) -> Answer:
    """One step of Newton's method from the fit to the maximum, and the errors there, by differences.

    From an estimate that is right the step is next to nothing; from one that is wrong by a part of a
    standard error it leads nearly all the way.
    """
    psi, se = fit.params().to_numpy(), fit.se().to_numpy()
    steps = np.diag(_STEP * se)
    value = log_likelihood(psi)
    ahead = np.array([log_likelihood(psi + step) for step in steps])
    behind = np.array([log_likelihood(psi - step) for step in steps])
    gradient, hessian = (ahead - behind) / (2 * _STEP), np.diag(ahead + behind - 2 * value)
    for i in range(len(psi)):
        for j in range(i):
            both, apart = steps[i] + steps[j], steps[i] - steps[j]
            mixed = log_likelihood(psi + both) + log_likelihood(psi - both)
            mixed -= log_likelihood(psi + apart) + log_likelihood(psi - apart)
            hessian[i, j] = hessian[j, i] = mixed / 4
    covariance = np.linalg.inv(-hessian / _STEP**2)
    return Answer(psi + se * (covariance @ gradient), se * np.sqrt(np.diagonal(covariance)), 0.01)


def without_random_effects(fit: gs.Fit) -> Answer:
    """The generalized linear model: what is left when every variance is 0."""
    design = fit.design
    poisson = design.family.name == "poisson"

    def fall(beta: np.ndarray) -> tuple[float, np.ndarray]:
        eta = design.x @ beta
        c = np.exp(eta) if poisson else design.trials * np.logaddexp(0, eta)
        return float((c - design.y * eta).sum()), design.x.T @ (mean(eta) - design.y)

    def mean(eta: np.ndarray) -> np.ndarray:
        return np.exp(eta) if poisson else design.trials / (1 + np.exp(-eta))

    beta = minimize(fall, np.zeros(design.x.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-6}).x
    at = mean(design.x @ beta)
    information = (design.x * (at if poisson else at * (1 - at / design.trials))[:, None]).T @ design.x
    zeros = np.zeros(len(design.components))
    se = np.sqrt(np.diagonal(np.linalg.inv(information)))
    return Answer(np.append(beta, zeros), np.append(se, np.nan + zeros), 1e-4)


def same_as(
    spec: str, data: Callable[[], pd.DataFrame], matrix: ArrayLike, shift: Sequence[float] = (0,)
) -> Callable[[gs.Fit], Answer]:
    """An ordinary fit, whose parameters times `matrix`, plus `shift`, are those of the hard one."""
    matrix = np.asarray(matrix, dtype=float)

    def answer(_: gs.Fit) -> Answer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gs.GlmmSpecWarning)  # the hard one's are looked at
            fit = gs.fit(spec, data())
        covariance = np.nan_to_num(fit.vcov().to_numpy())  # NaN where a variance is 0
        se = np.sqrt(np.diagonal(matrix @ covariance @ matrix.T))
        return Answer(matrix @ fit.params().to_numpy() + shift, se, 1e-5, same_draws=True)

    return answer
