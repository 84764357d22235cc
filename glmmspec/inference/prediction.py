"""Prediction: mean responses and linear predictors of old and new rows, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.special import ndtri

from glmmspec.blocks import PADDING
from glmmspec.design import Design
from glmmspec.effects import UNSEEN
from glmmspec.errors import DataError, FitError, did_you_mean_or_list
from glmmspec.inference.marginal import MarginalMean, marginal_mean
from glmmspec.inference.posterior import Posterior
from glmmspec.new_data import NewData, read_new_data

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

Kind = Literal["response", "link"]
Random = Literal["conditional", "population", "marginal"]
NewLevels = Literal["error", "population", "marginal"]

_ELEMENTS_PER_CHUNK = 2**21


@dataclass(frozen=True, eq=False)
class _Roles:
    """What becomes of the random effects of each row.

    Attributes
    ----------
    effects
        Those whose distribution given the data is used, by term; `PADDING` for none.
    squares
        By variance component, the sum of z^2 of those that are integrated out. Any others are 0.
    """

    effects: Int[np.ndarray, "n T"]
    squares: Float[np.ndarray, "n K"]


def predict(
    fit: Fit, newdata: Any, *, kind: Kind, random: Random, new_levels: NewLevels, interval: float
) -> pd.DataFrame:
    """Predict the mean response, or the linear predictor, of each row: see `Fit.predict`.

    On the link scale the estimate is that of a linear predictor with mean eta given the data, or, where
    effects are integrated out, the link of the marginal mean there. Its variance is, to first order,

        J C J' + (dlink/deta)^2 Var(z'u | y),    J = d link / d psi,  C = vcov

    (Kass and Steffey 1989), and the interval is symmetric there. A conditional mean response is the mean
    of h(eta) over the draws, which is not h of the mean.
    """
    _check_choices(kind=(kind, Kind), random=(random, Random), new_levels=(new_levels, NewLevels))
    if not 0 < interval < 1:
        raise FitError(f"interval = {interval:g} is not between 0 and 1")
    rows = (
        NewData.of_design(fit.design)
        if newdata is None
        else read_new_data(fit.model, fit.design, newdata, levels=random == "conditional")
    )
    roles = _roles(fit.design, rows, random, new_levels)
    link, se, mean = _predictions(fit, rows, roles)
    bounds = link + se * ndtri([[(1 - interval) / 2], [(1 + interval) / 2]])
    if kind == "link":
        values = [link, se, *bounds]
    else:
        cumulant = fit.design.family.cumulant
        values = [mean, se * cumulant(link)[2], *cumulant(bounds)[1]]
    names = ("estimate", "se", "lower", "upper")
    return pd.DataFrame(dict(zip(names, values, strict=True)), index=rows.index)


def _check_choices(**given: tuple[object, Any]) -> None:
    for name, (value, choices) in given.items():
        known = get_args(choices)
        if value not in known:
            raise FitError(f"{name} = {value!r} is unknown", hint=did_you_mean_or_list(str(value), known))


def _roles(design: Design, rows: NewData, random: Random, new_levels: NewLevels) -> _Roles:
    effects = np.full(rows.values.shape, PADDING, dtype=np.int64)
    integrated = np.full(rows.values.shape, random == "marginal")
    if random == "conditional":
        _check_levels(design, rows, new_levels)
        effects = np.where(rows.codes == UNSEEN, PADDING, rows.codes + design.effect_starts[:-1])
        integrated = (rows.codes == UNSEEN) & (new_levels == "marginal")
    squares = np.zeros((len(rows.x), len(design.components)))
    for t, term in enumerate(design.random):
        squares[:, term.component] += np.square(rows.values[:, t]) * integrated[:, t]
    return _Roles(effects, squares)


def _check_levels(design: Design, rows: NewData, new_levels: NewLevels) -> None:
    """Refuse a level without an effect, unless it is said what to do with such."""
    for term, codes, labels in zip(design.random, rows.codes.T, rows.labels, strict=False):
        unseen = np.flatnonzero(codes == UNSEEN)
        if len(unseen) and new_levels == "error":
            raise DataError(
                f"{term.grouping} '{labels[unseen[0]]}' in row {unseen[0] + 1} of the new data has no"
                " predicted effect: it is not in the data of the fit",
                hint="new_levels='population' takes its effect as 0, 'marginal' integrates it out",
            )


def _predictions(
    fit: Fit, rows: NewData, roles: _Roles
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The estimate on the link scale, its standard error, and the mean response of each row."""
    family, free = fit.design.family, fit.estimate.final.free
    beta, variances = fit.estimate.final.beta, fit.estimate.final.variances
    eta = rows.x @ beta + rows.offset
    variance = roles.squares @ variances
    slope = np.concatenate([rows.x, np.zeros_like(roles.squares)], axis=1)[:, free]
    mean, spread = None, np.zeros(len(eta))
    if (roles.effects != PADDING).any():
        posterior = Posterior.of(fit.estimate)
        known = np.where(roles.effects == PADDING, 0.0, rows.values)
        mean, spread = _conditional(fit, posterior, roles.effects, known, eta, variance)
        eta = eta + (known * posterior.mean[roles.effects]).sum(axis=1)
        slope = slope + np.einsum("nt,ntp->np", known, posterior.slope[roles.effects])
    at = marginal_mean(family, eta, variance)
    link = np.where(variance > 0, family.link_function(at.mean), eta)
    per_mean = 1 / family.cumulant(link)[2]
    gradient = per_mean[:, None] * _gradient(at, slope, roles.squares, free)
    covariance = fit.estimate.final.covariance
    square = np.einsum("np,pr,nr->n", gradient, covariance, gradient)
    square += np.square(per_mean * at.in_eta) * spread
    return link, np.sqrt(np.maximum(square, 0)), at.mean if mean is None else mean


def _gradient(
    at: MarginalMean,
    slope: Float[np.ndarray, "n P"],
    squares: Float[np.ndarray, "n K"],
    free: np.ndarray,
) -> Float[np.ndarray, "n P"]:
    """d mean / d psi: through eta, and through the variances of what is integrated out."""
    direct = np.concatenate([np.zeros((len(slope), len(free) - squares.shape[1])), squares], axis=1)
    return np.asarray(at.in_eta[:, None] * slope + at.in_variance[:, None] * direct[:, free])


def _conditional(
    fit: Fit,
    posterior: Posterior,
    effects: Int[np.ndarray, "n T"],
    values: Float[np.ndarray, "n T"],
    eta: Float[np.ndarray, " n"],
    variance: Float[np.ndarray, " n"],
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """E[h(eta + z'u) | y] and Var(z'u | y) of each row, over the draws; some rows at a time."""
    mean, spread = np.empty(len(eta)), np.empty(len(eta))
    size = max(1, _ELEMENTS_PER_CHUNK // posterior.n_draws)
    for start in range(0, len(eta), size):
        part = slice(start, start + size)
        for rows, weights, sums in posterior.sums(effects[part], values[part]):
            at = start + rows
            centred = sums - (weights * sums).sum(axis=1, keepdims=True)
            spread[at] = (weights * np.square(centred)).sum(axis=1)
            given = marginal_mean(fit.design.family, eta[at, None] + sums, variance[at, None])
            mean[at] = (weights * given.mean).sum(axis=1)
    return mean, spread
