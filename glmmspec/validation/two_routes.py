"""Check 2: one posterior by two routes, NUTS in the twin and the solver's likelihood, sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.validation.checks import Check, check_differences
from glmmspec.validation.solver_route import WeightedPsi

if TYPE_CHECKING:
    from xarray import DataTree

QUANTILES = (0.05, 0.5, 0.95)
STATISTICS = ("mean", "sd", *(f"{100 * q:g} %" for q in QUANTILES))


def psi_of(posterior: DataTree) -> Float[np.ndarray, "chains draws P"]:
    """psi = (beta, nu) in each draw."""
    group = posterior["posterior"]
    return np.concatenate([group["beta"].to_numpy(), group["nu"].to_numpy()], axis=2)


def two_routes(
    parameters: tuple[str, ...], posterior: DataTree, other: WeightedPsi
) -> tuple[Check, pd.DataFrame]:
    """Means, standard deviations and quantiles of each parameter by both routes.

    Returns
    -------
    Check
        Of the largest difference in combined Monte Carlo standard errors.
    DataFrame
        Rows by `parameter` and `statistic`; columns `nuts`, `nuts_mcse`, `solver`, `solver_mcse` and `z`.
    """
    table = pd.concat(
        {
            name: _compared(values, other.psi[:, j], other)
            for j, (name, values) in enumerate(
                zip(parameters, np.moveaxis(psi_of(posterior), 2, 0), strict=True)
            )
        },
        names=["parameter"],
    )
    of = [f"{statistic} of {name}" for name, statistic in table.index]
    return check_differences("two routes", "posterior of (beta, nu)", table["z"].to_numpy(), of), table


def _compared(
    drawn: Float[np.ndarray, "chains draws"], psi: Float[np.ndarray, " n"], other: WeightedPsi
) -> pd.DataFrame:
    ours, our_error = weighted_statistics(psi, other)
    table = pd.DataFrame(
        {
            "nuts": _statistics(drawn.ravel(), np.full(drawn.size, 1 / drawn.size)),
            "nuts_mcse": _mcse(drawn),
            "solver": ours,
            "solver_mcse": our_error,
        },
        index=pd.Index(STATISTICS, name="statistic"),
    )
    error = np.hypot(table["nuts_mcse"], table["solver_mcse"])
    return table.assign(z=(table["nuts"] - table["solver"]) / error)


def _mcse(drawn: Float[np.ndarray, "chains draws"]) -> list[float]:
    """Monte Carlo standard errors of the statistics of a Markov chain (Vehtari et al. 2021)."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    quantiles = [float(array_stats.mcse(drawn, method="quantile", prob=q)) for q in QUANTILES]
    return [*(float(array_stats.mcse(drawn, method=method)) for method in ("mean", "sd")), *quantiles]


def weighted_statistics(
    x: Float[np.ndarray, " n"], sample: WeightedPsi
) -> tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]:
    """The statistics of one parameter, and their Monte Carlo standard errors.

    Of n weighted draws, with W the weights and d = x - mean,

        mcse(mean) = sqrt( sum W^2 d^2 ),     mcse(sd) = sqrt( sum W^2 (d^2 - var)^2 ) / (2 sd)

    and that of a quantile is half the distance of the quantiles at q -/+ sqrt( sum W^2 (1[x <= x_q] - q)^2 ).
    The error of l_m itself comes from the R replicates of its draws, if it has any, by the jackknife:

        (R - 1)/R sum_r (s_r - mean s)^2,     s_r the statistic without replicate r
    """
    found = _statistics(x, sample.weights)
    mean, sd = found[:2]
    deviation, square = x - mean, np.square(sample.weights)
    errors = [
        np.sqrt(square @ deviation**2),
        np.sqrt(square @ (deviation**2 - sd**2) ** 2) / (2 * sd),
        *(_quantile_error(x, sample.weights, q, at) for q, at in zip(QUANTILES, found[2:], strict=True)),
    ]
    without = np.array([_statistics(x, weights) for weights in sample.without] or [found])
    jackknife = (len(without) - 1) * without.var(axis=0)
    return found, np.sqrt(np.square(errors) + jackknife)


def _quantile_error(
    x: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], q: float, at: float
) -> float:
    spread = np.sqrt(np.square(weights) @ np.square((x <= at) - q))
    low, high = weighted_quantiles(x, weights, np.clip([q - spread, q + spread], 0, 1))
    return float(high - low) / 2


def _statistics(x: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " S"]:
    mean = weights @ x
    sd = np.sqrt(weights @ np.square(x - mean))
    return np.array([mean, sd, *weighted_quantiles(x, weights, np.array(QUANTILES))])


def weighted_quantiles(
    x: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], q: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """Quantiles of weighted draws: the weight up to the middle of each draw, interpolated."""
    order = np.argsort(x)
    below = np.cumsum(weights[order]) - weights[order] / 2
    return np.asarray(np.interp(q, below, x[order]))
