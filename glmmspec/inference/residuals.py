"""Fitted values and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import ndtri

from glmmspec.design import Design
from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.inference.marginal import gauss_hermite

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

Residual = Literal["response", "pearson", "deviance", "quantile"]


def fitted_values(fit: Fit) -> pd.Series[float]:
    """The mean response of each row given the data: of one trial, where there are several."""
    return fit.predict()["estimate"].rename("fitted")


def residuals(fit: Fit, kind: Residual, seed: int) -> pd.Series[float]:
    """Residuals of each row: see `Fit.residuals`.

    With m the fitted mean of one trial, n trials and weight lambda:

        response   y/n - m
        pearson    (y/n - m) sqrt(lambda n / V(m)),  V = c''
        deviance   sign(y/n - m) sqrt(lambda d),  d the unit deviance
        quantile   Phi^-1(F(y - 1) + U P(y)),  U uniform on (0, 1) (Dunn and Smyth 1996)

    with F and P of the response's marginal distribution, random effects integrated out.
    """
    if kind not in get_args(Residual):
        raise FitError(
            f"residuals of kind '{kind}' are unknown", hint=did_you_mean_or_list(kind, get_args(Residual))
        )
    design = fit.design
    if kind == "quantile":
        values = _quantile(design, fit.estimate.final.beta, fit.estimate.final.variances, seed)
    else:
        values = _from_means(design, fitted_values(fit).to_numpy(), kind)
    return pd.Series(values, index=design.data.index, name=kind)


def _from_means(design: Design, mean: Float[np.ndarray, " n"], kind: Residual) -> Float[np.ndarray, " n"]:
    # A row without trials says nothing: its residual is 0.
    response = np.where(design.trials > 0, design.y / np.maximum(design.trials, 1) - mean, 0.0)
    if kind == "response":
        return response
    if kind == "deviance":
        deviance = design.family.unit_deviance(design.y, mean, design.trials)
        return np.asarray(np.sign(response) * np.sqrt(np.maximum(design.weights * deviance, 0)))
    variance = design.family.cumulant(design.family.link_function(mean))[2]
    return np.asarray(response * np.sqrt(design.weights * design.trials / variance))


def _quantile(
    design: Design, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], seed: int
) -> Float[np.ndarray, " n"]:
    eta = design.x @ beta + design.offset
    variance = sum(np.square(term.values) * variances[term.component] for term in design.random)
    below, up_to = np.zeros(len(eta)), np.zeros(len(eta))
    for node, weight in zip(*gauss_hermite(), strict=True):
        mean = design.family.cumulant(eta + np.sqrt(variance) * node)[1]
        below += weight * design.family.cumulative(design.y - 1, mean, design.trials)
        up_to += weight * design.family.cumulative(design.y, mean, design.trials)
    at = below + np.random.default_rng(seed).random(len(eta)) * (up_to - below)
    return np.asarray(ndtri(np.clip(at, 1e-300, 1 - 2.0**-53)))
