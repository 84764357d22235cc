"""The posterior of psi under flat priors from the solver's likelihood alone, by importance sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from glmmspec.inference.fit import Fit
from glmmspec.solver.boundary import EffectInformation
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.hermite import finer
from glmmspec.solver.integration import Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.sampling import Effort, sampled_likelihood

_DF = 5
"""Of the t that psi is drawn from: its tails are heavier than any posterior's here."""

_FEWEST_PER_PARAMETER = 5

_FINE_ORDER = 40

_STREAM = 1_000_000
"""Random streams of the solver's seed that no fit uses."""


@dataclass(frozen=True, eq=False)
class WeightedPsi:
    """Draws of psi = (beta, nu), in the design's coordinates, with smoothed weights that sum to 1.

    Attributes
    ----------
    without
        The weights when one of the R replicates of the draws behind the likelihood is left out.
    k_hat
        Pareto shape of the weights' tail.
    """

    psi: Float[np.ndarray, "n P"]
    weights: Float[np.ndarray, " n"]
    without: Float[np.ndarray, "R n"]
    k_hat: float

    @property
    def draws_effective(self) -> float:
        """1 / sum W^2."""
        return float(1 / np.square(self.weights).sum())


def solver_route(fit: Fit, seed: int, *, count: int = 1280, draws: int = 2048) -> WeightedPsi:
    """Sample the posterior of psi under flat priors on beta and nu from the solver's l_m alone.

    Drawn is theta = (gamma, log nu), gamma the coefficients in the solver's coordinates, from a
    multivariate t; its weight is

        exp( l_m(psi) + sum_t log nu_t ) / t(theta)

    the sum being the logarithm of d nu / d theta. The t is first about the estimate, with the inverse
    information, and then twice about the weighted mean of the draws before, with their covariance; the draws
    behind l_m are centred anew each time. Only the last draws are used (Cappe et al. 2004).

    Parameters
    ----------
    count
        Draws of psi.
    draws
        Of the effects of each block, behind l_m.
    """
    coordinates = Coordinates.of(fit.design)
    inner = coordinates.design(fit.design)
    options = replace(fit.options, points="sobol", proposal="laplace")
    integration = Integration.of(inner, options)
    centre, scale = _about_estimate(fit, coordinates, integration)
    # Rules stand where the centre has its effects; far from it, at small variances, they must be fine.
    order = finer(fit.estimate.final.order) if fit.n_draws else _FINE_ORDER
    rng = np.random.default_rng([seed, _STREAM])
    for stage, (size, each) in enumerate(
        ((count // 4, draws // 4), (count // 2, draws // 4), (count, draws))
    ):
        likelihood = _likelihood(integration, centre, Effort(each, order, _STREAM + stage))
        proposal = multivariate_t(centre, scale, df=_DF, seed=rng)
        theta = proposal.rvs(size).reshape(size, len(centre))
        target = np.array([log_posterior(likelihood, one) for one in theta])
        log_weights, k_hat = smoothed(target[:, 0] - proposal.logpdf(theta))
        weights = np.exp(log_weights)
        # Draws that are too few tell no covariance; that they are too few shows in their number.
        if 1 / np.square(weights).sum() > _FEWEST_PER_PARAMETER * len(centre):
            centre, scale = weights @ theta, np.cov(theta.T, aweights=weights, ddof=0).reshape(scale.shape)
    without = np.exp([smoothed(column - proposal.logpdf(theta))[0] for column in target[:, 1:].T]).reshape(
        -1, len(theta)
    )
    p = len(coordinates.basis)
    psi = np.hstack([theta[:, :p] @ coordinates.basis.T, np.exp(theta[:, p:])])
    return WeightedPsi(psi, weights, without, k_hat)


def _about_estimate(
    fit: Fit, coordinates: Coordinates, integration: Integration
) -> tuple[Float[np.ndarray, " P"], Float[np.ndarray, "P P"]]:
    """The estimate as theta, and its inverse information there; a variance of 0 is moved off the boundary."""
    final = fit.estimate.final
    point = coordinates.inward(Point(final.beta, final.variances))
    information = EffectInformation.at(integration, point.beta, point.variances).of_variance
    variances = np.where(point.variances > 0, point.variances, 1 / np.sqrt(information))
    outward = coordinates.jacobian(len(variances))
    outward[len(point.beta) :] *= variances[:, None]  # d(beta, nu) / d(gamma, log nu)
    free = final.free
    covariance = np.eye(len(free))
    inward = np.linalg.inv(outward)[np.ix_(free, free)]
    covariance[np.ix_(free, free)] = inward @ final.covariance @ inward.T
    return np.concatenate([point.beta, np.log(variances)]), covariance


def _likelihood(integration: Integration, centre: Float[np.ndarray, " P"], effort: Effort) -> Likelihood:
    """l_m with draws centred at a theta."""
    p = integration.design.x.shape[1]
    variances = np.exp(centre[p:])
    everything = np.ones(len(variances), dtype=bool)
    return sampled_likelihood(integration, Point(centre[:p], variances), everything, effort, axes="bent")


def log_posterior(likelihood: Likelihood, theta: Float[np.ndarray, " P"]) -> Float[np.ndarray, " R+1"]:
    """l_m + sum log nu at a theta: of all draws, corrected, then without each of their R replicates.

    With S_br the mean weight of replicate r of block b,

        l_m = sum_b log (1/R) sum_r S_br,      l_(-r) = sum_b log (1/(R - 1)) sum_(s != r) S_bs

    The logarithm of a mean is biased downwards, and more where the draws fit less; of all draws the value is
    therefore the jackknife's, R l_m - (R - 1) mean_r l_(-r), whose bias is of higher order (Quenouille 1956).
    """
    p = likelihood.n_coefficients
    variances = np.exp(theta[p:])
    total = likelihood.constant + theta[p:].sum()
    for integrals in likelihood.integrals:
        if integrals.is_exact:
            total = total + integrals.moments(theta[:p], variances).log_integral.sum()
            continue
        log_weights = integrals.log_weights(theta[:p], variances)
        total = total + _log_means(log_weights).sum(axis=0)
    total = np.atleast_1d(total)
    replicates = len(total) - 1
    if replicates:
        total[0] = replicates * total[0] - (replicates - 1) * total[1:].mean()
    return np.asarray(total)


def _log_means(log_weights: Float[np.ndarray, "B R m"]) -> Float[np.ndarray, "B R+1"]:
    """log mean weight of each block, then without each replicate."""
    replicates, each = log_weights.shape[1:]
    of_replicate = logsumexp(log_weights, axis=2) - np.log(each)
    top = of_replicate.max(axis=1, keepdims=True)
    share = np.exp(of_replicate - top)
    whole = share.sum(axis=1, keepdims=True)
    # Without the replicate that has nearly all weight, rounding may leave less than nothing.
    rest = np.maximum(whole - share, 1e-16 * whole)
    return np.asarray(top + np.log(np.hstack([whole / replicates, rest / (replicates - 1)])))


def smoothed(log_weights: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " n"], float]:
    """Pareto-smoothed log weights, normalised, and the shape k-hat of their tail (Vehtari et al. 2024).

    Where there is no tail that could be fitted, as when one draw has all weight, k-hat is infinite.
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            values, k_hat = array_stats.psislw(-log_weights)
    except ValueError:
        values, k_hat = log_weights, np.inf
    if not (np.isfinite(k_hat) and np.isfinite(values).all()):
        values, k_hat = log_weights, np.inf
    return np.asarray(values - logsumexp(values)), float(k_hat)
