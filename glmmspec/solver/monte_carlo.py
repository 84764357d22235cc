"""Monte Carlo error of the estimate, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import PADDING
from glmmspec.solver.integral import inflation, normalised
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.pareto import pareto_shape

FEWEST_EFFECTIVE_DRAWS = 100
"""With fewer effective draws in a block, the stated error is itself mostly error."""

SE_ERROR_LIMIT = 0.15
"""With a larger relative Monte Carlo error of a standard error, no error of the fit is known."""

_BLOCKS_EXAMINED = 500


@dataclass(frozen=True, eq=False)
class GradientError:
    """Error of the gradient at an estimate that comes from drawing.

    Attributes
    ----------
    variance
        V, its Monte Carlo covariance.
    bias
        Its bias to first order: averages of weights stand in a denominator.
    """

    variance: Float[np.ndarray, "P P"]
    bias: Float[np.ndarray, " P"]


@dataclass(frozen=True, eq=False)
class WeightHealth:
    """Whether the importance weights support what is computed from them, by block.

    All blocks with draws are examined, or of more than 500 those with the fewest effective draws. Blocks that
    are integrated by quadrature have none.

    Attributes
    ----------
    draws
        Draws in each block.
    draws_effective
        1 / sum W^2.
    k_hat
        Pareto shape of the weights' tail.
    """

    block: Int[np.ndarray, " blocks"]
    draws: Int[np.ndarray, " blocks"]
    draws_effective: Float[np.ndarray, " blocks"]
    k_hat: Float[np.ndarray, " blocks"]

    @property
    def doubtful(self) -> Bool[np.ndarray, " blocks"]:
        """Which blocks have a k-hat above the limit for their number of draws, or too few effective draws."""
        return np.asarray(
            (self.k_hat > k_hat_limit(self.draws)) | (self.draws_effective < FEWEST_EFFECTIVE_DRAWS)
        )


def k_hat_limit(draws: int | Int[np.ndarray, " blocks"]) -> Float[np.ndarray, " blocks"]:
    """min(1 - 1 / log10(m), 0.7): above it the error of an importance sampling estimate is not known.

    Vehtari et al. (2024), section 3.2.4.
    """
    return np.minimum(0.7, 1 - 1 / np.log10(draws))


def gradient_error(likelihood: Likelihood, psi: Float[np.ndarray, " P"]) -> GradientError:
    """Monte Carlo error of the gradient of a likelihood at `psi`, summed over its blocks."""
    variance, bias = np.zeros((len(psi), len(psi))), np.zeros(len(psi))
    for integrals in likelihood.integrals:
        if integrals.is_exact:
            continue
        draws = integrals.weighted_draws(*likelihood.split(psi))
        of_batch = replicate_error(normalised(draws.log_weights), draws.scores[:, likelihood.free])
        variance += of_batch.variance
        bias += of_batch.bias
    return GradientError(variance, bias)


def standard_error_error(
    likelihood: Likelihood,
    psi: Float[np.ndarray, " P"],
    covariance: Float[np.ndarray, "P P"],
    jacobian: Float[np.ndarray, "P P"],
) -> Float[np.ndarray, " P"]:
    """Relative Monte Carlo error of the standard errors of J psi, J = `jacobian`, C = `covariance` = (-H)^-1.

    With c_j the j-th column of C J', and s_br, g_br and A_br the sums of W, W g and W (H + g g') over group r
    of block b, the error of the variance c_j'(-H) c_j is to first order the sum over b and r of

        c_j' ( A_br - s_br A_b - d_br gbar_b' - gbar_b d_br' ) c_j,    d_br = g_br - s_br gbar_b.
    """
    free, error, columns = likelihood.free, np.zeros(len(psi)), covariance @ jacobian.T
    for integrals in likelihood.integrals:
        if integrals.is_exact:
            continue
        sums = integrals.group_sums(*likelihood.split(psi))
        second, score = sums.second[:, :, free][..., free], sums.score[:, :, free]
        gradient = score.sum(axis=1)
        shifted = score - sums.weight[:, :, None] * gradient[:, None]
        excess = second - sums.weight[:, :, None, None] * second.sum(axis=1)[:, None]
        along = np.einsum("pj,bgpr,rj->bgj", columns, excess, columns, optimize=True)
        along -= 2 * (shifted @ columns) * (gradient @ columns)[:, None]
        error += inflation(sums.weight.shape[1]) * np.square(along).sum(axis=(0, 1))
    return np.asarray(np.sqrt(error) / (2 * np.einsum("jp,pj->j", jacobian, columns)))


@dataclass(frozen=True, eq=False)
class RuleError:
    """What finer rules of quadrature would change: the log-likelihood, its gradient and its Hessian."""

    value: float
    gradient: Float[np.ndarray, " P"]
    hessian: Float[np.ndarray, "P P"]

    @classmethod
    def none(cls, size: int) -> RuleError:
        """No change."""
        return cls(0.0, np.zeros(size), np.zeros((size, size)))


def rule_error(likelihood: Likelihood, psi: Float[np.ndarray, " P"]) -> RuleError:
    """The error of the rules of quadrature at `psi`, from those of a higher order at the same draws."""
    free, arguments = likelihood.free, likelihood.split(psi)
    value, gradient, hessian = 0.0, np.zeros(len(psi)), np.zeros((len(psi), len(psi)))
    for integrals in likelihood.integrals:
        finer = integrals.refined()
        if finer is not None:
            new, old = finer.moments(*arguments), integrals.moments(*arguments)
            value += float((new.log_integral - old.log_integral).sum())
            gradient += (new.gradient - old.gradient).sum(axis=0)[free]
            hessian += (new.hessian - old.hessian).sum(axis=0)[np.ix_(free, free)]
    return RuleError(value, gradient, hessian)


@dataclass(frozen=True, eq=False)
class HeightError:
    """What a log-likelihood at some point may be wrong by.

    Attributes
    ----------
    excess
        Of each batch omega_br - 1/R: the share of the weight of block b that replicate r has, less that of
        equals.
    rule
        What finer rules of quadrature would add.
    """

    excess: Sequence[Float[np.ndarray, "B R"]]
    rule: float

    @classmethod
    def of(cls, likelihood: Likelihood, psi: Float[np.ndarray, " P"]) -> HeightError:
        """Of a likelihood at psi."""
        return cls.with_rules(likelihood, psi, rule_error(likelihood, psi))

    @classmethod
    def with_rules(
        cls, likelihood: Likelihood, psi: Float[np.ndarray, " P"], rules: RuleError
    ) -> HeightError:
        """The same, when the error of its rules there is known."""
        shares = (
            normalised(integrals.log_weights(*likelihood.split(psi))).sum(axis=2)
            for integrals in likelihood.integrals
            if not integrals.is_exact
        )
        return cls([w - 1 / w.shape[1] for w in shares], rules.value)

    @property
    def standard_error(self) -> float:
        """The linearised variance of sum_b log L_b is sum_b R / (R - 1) sum_r excess_br^2."""
        return float(np.hypot(np.sqrt(_variance(self.excess)), self.rule))


def error_of_difference(first: HeightError, second: HeightError) -> float:
    """Numerical standard error of a difference of log-likelihoods.

    The difference of both excess shares stands for the share, so that the error of draws of the same seed
    cancels. Where blocks or draws differ in number, the two count as independent. Of rules it is what finer
    ones would change.
    """
    alike = [d.shape for d in first.excess] == [d.shape for d in second.excess]
    if alike:
        drawn = _variance([a - b for a, b in zip(first.excess, second.excess, strict=True)])
    else:
        drawn = _variance(first.excess) + _variance(second.excess)
    return float(np.hypot(np.sqrt(drawn), first.rule - second.rule))


def weight_health(likelihood: Likelihood, psi: Float[np.ndarray, " P"]) -> WeightHealth:
    """Effective draws and k-hat of the blocks of a likelihood at `psi`."""
    found = [
        _health(integrals.block, integrals.log_weights(*likelihood.split(psi)))
        for integrals in likelihood.integrals
        if not integrals.is_exact
    ]
    if not found:
        return WeightHealth(*(np.zeros(0, dtype=kind) for kind in (int, int, float, float)))
    block = np.concatenate([h.block for h in found])
    draws = np.concatenate([h.draws for h in found])
    effective = np.concatenate([h.draws_effective for h in found])
    k_hat = np.concatenate([h.k_hat for h in found])
    fewest = np.argsort(effective, kind="stable")[:_BLOCKS_EXAMINED]
    order = fewest[np.argsort(block[fewest])]
    return WeightHealth(block[order], draws[order], effective[order], k_hat[order])


def _health(block: Int[np.ndarray, " B"], log_weights: Float[np.ndarray, "B R m"]) -> WeightHealth:
    """Of one batch: its blocks with the fewest effective draws."""
    real = block != PADDING
    flat = log_weights[real].reshape(int(real.sum()), -1)
    effective = 1 / np.square(normalised(log_weights[real])).sum(axis=(1, 2))
    fewest = np.argsort(effective, kind="stable")[:_BLOCKS_EXAMINED]
    draws = np.full(len(fewest), flat.shape[1])
    return WeightHealth(block[real][fewest], draws, effective[fewest], pareto_shape(flat[fewest]))


def replicate_error(
    weights: Float[np.ndarray, "B R m"], scores: Float[np.ndarray, "B P R m"]
) -> GradientError:
    """Covariance and bias of the gradient over the R independent replicates, summed over blocks.

    With d_r = sum over the draws of replicate r of W (g - gbar), and omega_r their share of the weight,

        V    = sum_b R / (R - 1) sum_r d_r d_r'
        bias = - sum_b R / (R - 1) sum_r omega_r d_r

    the linearised variance and the first-order bias of a ratio of means. Where each draw is a
    replicate, V is that of Geyer (1994) and Knudson (2016, equation 2.27) times R / (R - 1).
    """
    mean = np.einsum("bprm,brm->bp", scores, weights)
    deviations = np.einsum("bprm,brm->bpr", scores - mean[:, :, None, None], weights)
    factor = inflation(weights.shape[1])
    variance = factor * np.einsum("bpr,bsr->ps", deviations, deviations)
    bias = -factor * np.einsum("bpr,br->p", deviations, weights.sum(axis=2))
    return GradientError(variance, bias)


def _variance(deviations: Sequence[Float[np.ndarray, "B R"]]) -> float:
    return float(sum(inflation(d.shape[1]) * np.square(d).sum() for d in deviations))
