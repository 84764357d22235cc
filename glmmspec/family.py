"""Response families: exponential families with canonical link (docs/mathematics.md, "Model").

Given the linear predictor eta, one observation's log density is

    s eta - a c(eta) + const,    s = weight * y,    a = weight * trials,

so that a family is its cumulant c with two derivatives, its normalising constant and its support.
The numerical functions take NumPy and JAX arrays alike: they use the array's own namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator

Array = Any
"""A NumPy or a JAX array of floats."""

ETA_LIMIT = 300.0
"""exp(eta) is cut here. A Poisson density there is below exp(-1e130), so no likelihood changes,
while e^eta and its square, summed over any data set, stay finite."""


_SMALLEST = 1e-300


@dataclass(frozen=True)
class Family:
    """A response family.

    Attributes
    ----------
    name, link
        As written in a spec.
    mean, variance, cumulant_at
        eta -> c', the mean of one trial; c' -> c'', its variance; (eta, c') -> c, the cumulant. All are
        of eta's shape.
    transcendental, mean_from
        eta -> t, and t -> c' by arithmetic alone: the mean as fast as it can be had to an absolute error of
        1e-15, where many rows are summed.
    cumulant_product
        Where there is one, c' -> f with c = max(eta, 0) - log f and f at least 1/2, so that the sum of
        many c takes one logarithm.
    log_constant
        (y, trials) -> the part of the log density that does not depend on eta, shape (n,).
    smoothed_eta
        (y, trials) -> the linear predictor of one observation alone, shrunk so that it is finite, shape (n,).
    sample
        (generator, mean of one trial, trials) -> responses drawn at random, NumPy arrays of shape (n,).
        A ValueError says that a mean is too large to count to.
    link_function
        mean of one trial -> eta, NumPy arrays of one shape; finite where the mean is rounded to an end.
    unit_deviance
        (y, mean of one trial, trials) -> twice the log density at y's own mean less that at `mean`.
    cumulative
        (y, mean of one trial, trials) -> P(Y <= y), NumPy arrays that broadcast; 0 below 0.
    has_trials
        Whether the response comes with a number of trials (`cbind`, `proportion`).
    """

    name: str
    link: str
    mean: Callable[[Array], Array]
    transcendental: Callable[[Array], Array]
    mean_from: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    cumulant_at: Callable[[Array, Array], Array]
    cumulant_product: Callable[[Array], Array] | None
    log_constant: Callable[[Array, Array], Array]
    smoothed_eta: Callable[[Array, Array], Array]
    sample: Callable[[Generator, Array, Array], Array]
    link_function: Callable[[Array], Array]
    unit_deviance: Callable[[Array, Array, Array], Array]
    cumulative: Callable[[Array, Array, Array], Array]
    has_trials: bool

    def cumulant(self, eta: Array) -> tuple[Array, Array, Array]:
        """(c, c', c''), each of eta's shape: the cumulant, the mean and the variance of one trial."""
        mean = self.mean(eta)
        return self.cumulant_at(eta, mean), mean, self.variance(mean)


def _logistic_mean(eta: Array) -> Array:
    """1 / (1 + e^-eta) from e^-|eta|, so that nothing overflows."""
    xp = eta.__array_namespace__()
    e = xp.exp(-xp.abs(eta))
    inverse = 1 / (1 + e)
    return xp.where(eta >= 0, inverse, e * inverse)


def _tanh_of_half(eta: Array) -> Array:
    """The mean is (1 + tanh(eta / 2)) / 2: one rational function, where e^-|eta| takes a division more."""
    return eta.__array_namespace__().tanh(0.5 * eta)


def _mean_from_tanh(t: Array) -> Array:
    return 0.5 + 0.5 * t


def _logistic_variance(mean: Array) -> Array:
    return mean * (1 - mean)


def _logistic_product(mean: Array) -> Array:
    """1 / (1 + e^-|eta|): c = log(1 + e^eta) is max(eta, 0) less its logarithm."""
    return mean.__array_namespace__().maximum(mean, 1 - mean)


def _logistic_cumulant(eta: Array, mean: Array) -> Array:
    """log(1 + e^eta), with an absolute error of 1e-16: it enters sums of log densities."""
    xp = eta.__array_namespace__()
    return xp.maximum(eta, 0) - xp.log(_logistic_product(mean))


def _exponential_mean(eta: Array) -> Array:
    """e^eta, cut at eta = `ETA_LIMIT`."""
    xp = eta.__array_namespace__()
    return xp.exp(xp.minimum(eta, ETA_LIMIT))


def _itself(mean: Array) -> Array:
    return mean


def _the_mean(eta: Array, mean: Array) -> Array:
    return mean


def _no_constant(y: Array, trials: Array) -> Array:
    return 0 * y


def _log_binomial_coefficient(y: Array, trials: Array) -> Array:
    from scipy.special import gammaln

    return gammaln(trials + 1) - gammaln(y + 1) - gammaln(trials - y + 1)


def _minus_log_factorial(y: Array, trials: Array) -> Array:
    from scipy.special import gammaln

    return -gammaln(y + 1)


def _empirical_logit(y: Array, trials: Array) -> Array:
    xp = y.__array_namespace__()
    return xp.log((y + 0.5) / (trials - y + 0.5))


def _smoothed_log(y: Array, trials: Array) -> Array:
    return y.__array_namespace__().log(y + 0.5)


def _successes(generator: Generator, mean: Array, trials: Array) -> Array:
    return 1.0 * generator.binomial(trials.astype(int), mean)


def _events(generator: Generator, mean: Array, trials: Array) -> Array:
    return 1.0 * generator.poisson(mean)


def _logit(mean: Array) -> Array:
    from scipy.special import logit

    return logit(mean.clip(_SMALLEST, 1 - 2**-53))


def _log(mean: Array) -> Array:
    return mean.__array_namespace__().log(mean.clip(_SMALLEST))


def _binomial_deviance(y: Array, mean: Array, trials: Array) -> Array:
    from scipy.special import xlogy

    failures = trials - y
    of_successes = xlogy(y, y) - xlogy(y, trials * mean)
    return 2 * (of_successes + xlogy(failures, failures) - xlogy(failures, trials * (1 - mean)))


def _poisson_deviance(y: Array, mean: Array, trials: Array) -> Array:
    from scipy.special import xlogy

    return 2 * (xlogy(y, y) - xlogy(y, mean) - (y - mean))


def _binomial_cumulative(y: Array, mean: Array, trials: Array) -> Array:
    from scipy.stats import binom

    return binom.cdf(y, trials, mean)


def _poisson_cumulative(y: Array, mean: Array, trials: Array) -> Array:
    from scipy.stats import poisson

    return poisson.cdf(y, mean)


_LOGISTIC: dict[str, Any] = {
    "link": "logit",
    "mean": _logistic_mean,
    "transcendental": _tanh_of_half,
    "mean_from": _mean_from_tanh,
    "variance": _logistic_variance,
    "cumulant_at": _logistic_cumulant,
    "cumulant_product": _logistic_product,
    "smoothed_eta": _empirical_logit,
    "sample": _successes,
    "link_function": _logit,
    "unit_deviance": _binomial_deviance,
    "cumulative": _binomial_cumulative,
}

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(name="bernoulli", log_constant=_no_constant, has_trials=False, **_LOGISTIC),
        Family(name="binomial", log_constant=_log_binomial_coefficient, has_trials=True, **_LOGISTIC),
        Family(
            name="poisson",
            link="log",
            mean=_exponential_mean,
            transcendental=_exponential_mean,
            mean_from=_itself,
            variance=_itself,
            cumulant_at=_the_mean,
            cumulant_product=None,
            log_constant=_minus_log_factorial,
            smoothed_eta=_smoothed_log,
            sample=_events,
            link_function=_log,
            unit_deviance=_poisson_deviance,
            cumulative=_poisson_cumulative,
            has_trials=False,
        ),
    )
}
"""The registry of families: tests run over all of it."""
