"""How the estimate and its Monte Carlo error change as draws are added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.errors import FitError
from glmmspec.solver.integral import normalised
from glmmspec.solver.monte_carlo import replicate_error

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_FEWEST = 32


def running_estimates(fit: Fit) -> pd.DataFrame:
    """The estimates that the first draws of the last round would give, as their number doubles.

    With G_k the gradient at the estimate psi of the log-likelihood approximated by the first k draws of
    each block, and C = (-H)^-1 that of all draws,

        psi_k = psi + C G_k,    Var_MC(psi_k) = C V_k C,

    one Newton step from psi, with V_k of `replicate_error`. Of quasi-random draws it takes the first of
    each replicate. The last k is that of all draws.

    Returns
    -------
    pd.DataFrame
        Rows by `draws` and `parameter`; columns `estimate` and `mcse`, which is NaN for a variance that was
        held at its value.
    """
    final, names = fit.estimate.final, list(fit.design.parameters)
    n_variances = len(final.maximum.argument) - len(final.beta)
    back = np.linalg.inv(fit.estimate.coordinates.jacobian(n_variances))
    step = final.covariance @ back.T
    frames = {}
    for draws, (gradient, variance) in _gradients(fit).items():
        frame = pd.DataFrame({"estimate": fit.params().to_numpy(), "mcse": np.nan}, index=names)
        frame.loc[final.free, "estimate"] = final.maximum.argument + step @ gradient
        frame.loc[final.free, "mcse"] = np.sqrt(np.maximum(np.diagonal(step @ variance @ step.T), 0))
        frames[draws] = frame
    return pd.concat(frames, names=["draws", "parameter"])


def _gradients(fit: Fit) -> dict[int, tuple[Float[np.ndarray, " P"], Float[np.ndarray, "P P"]]]:
    """By number of draws: the gradient at the estimate and its Monte Carlo covariance, over all blocks."""
    check_drawn(fit)
    likelihood, argument = fit.estimate.likelihood, fit.estimate.argument
    psi, n = likelihood.split(argument), len(argument)
    exact = [
        i.moments(*psi).gradient.sum(axis=0)[likelihood.free] for i in likelihood.integrals if i.is_exact
    ]
    nothing = np.sum([np.zeros(n), *exact], axis=0), np.zeros((n, n))
    sums: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for integrals in (i for i in likelihood.integrals if not i.is_exact):
        drawn = integrals.weighted_draws(*psi)
        scores = drawn.scores[:, likelihood.free]
        for replicates, each in _first(*drawn.log_weights.shape[1:]):
            weights = normalised(drawn.log_weights[:, :replicates, :each])
            some = scores[:, :, :replicates, :each]
            gradient, variance = sums.get(replicates * each, nothing)
            sums[replicates * each] = (
                gradient + np.einsum("bprm,brm->p", some, weights),
                variance + replicate_error(weights, some).variance,
            )
    return sums


def check_drawn(fit: Fit) -> None:
    """Refuse a fit without draws.

    Raises
    ------
    FitError
        If all its blocks are integrated by quadrature.
    """
    if not fit.n_draws:
        raise FitError(
            "the fit has no draws to show: its blocks are integrated by quadrature",
            hint="fit.diagnostics() has the error of that; integration='importance' would draw instead",
        )


def _first(replicates: int, each: int) -> Iterator[tuple[int, int]]:
    """How many replicates, and how many draws of each, at every doubling."""
    if each == 1:
        yield from ((k, 1) for k in _doublings(_FEWEST, replicates))
    else:
        yield from ((replicates, k) for k in _doublings(-(-_FEWEST // replicates), each))


def _doublings(first: int, last: int) -> Iterator[int]:
    while first < last:
        yield first
        first *= 2
    yield last
