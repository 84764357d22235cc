"""The random effects given the data, at the estimate: importance weights turn draws into their posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING
from glmmspec.solver.integral import BlockIntegrals, normalised
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.maximum_likelihood import Estimate


@dataclass(frozen=True, eq=False)
class _WeightedEffects:
    """One batch: normalised weights and effects of each draw, and what follows from them by effect.

    The draws of each block stand in a random order of their own, since those of two blocks may come
    from the same quasi-random points.
    """

    weights: Float[np.ndarray, "B m"]
    effects: Float[np.ndarray, "B Q m"]
    mean: Float[np.ndarray, "B Q"]
    sd: Float[np.ndarray, "B Q"]
    mcse: Float[np.ndarray, "B Q"]
    slope: Float[np.ndarray, "B Q P"]

    @classmethod
    def of(
        cls, integrals: BlockIntegrals, likelihood: Likelihood, argument: Float[np.ndarray, " P"]
    ) -> _WeightedEffects:
        """Mean, standard deviation, Monte Carlo error and derivative of each effect of a batch.

        mean = sum_k W u,  mcse^2 = R / (R - 1) sum_r (sum over the draws of r of W (u - mean))^2,
        d mean / d psi = du/dpsi + sum_k W (u - mean) g,
        where du/dpsi is the draws' drift with beta, and g the derivative of log w.
        """
        beta, variances = likelihood.split(argument)
        drawn = integrals.weighted_draws(beta, variances)
        by_replicate = normalised(drawn.log_weights)
        n_blocks, replicates, _ = by_replicate.shape
        weights = by_replicate.reshape(n_blocks, -1)
        scores = drawn.scores[:, likelihood.free].reshape(n_blocks, len(argument), -1)
        effects = integrals.effects(beta)
        mean = np.einsum("bqm,bm->bq", effects, weights)
        deviations = (effects - mean[:, :, None]) * weights[:, None, :]
        variance = np.einsum("bqm,bqm->bq", deviations, effects - mean[:, :, None])
        of_replicate = deviations.reshape(n_blocks, mean.shape[1], replicates, -1).sum(axis=3)
        inflation = replicates / max(1, replicates - 1)
        slope = np.matmul(deviations, scores.transpose(0, 2, 1))
        slope[:, :, : len(beta)] += integrals.drift
        paired = np.random.default_rng(0).permuted(
            np.broadcast_to(np.arange(weights.shape[1]), weights.shape), axis=1
        )
        return cls(
            weights=np.take_along_axis(weights, paired, axis=1),
            effects=np.take_along_axis(effects, paired[:, None, :], axis=2),
            mean=mean,
            sd=np.sqrt(np.maximum(variance, 0)),
            mcse=np.sqrt(inflation * np.square(of_replicate).sum(axis=2)),
            slope=slope,
        )


@dataclass(frozen=True, eq=False)
class Posterior:
    """The distribution of the q random effects given the data, with the parameters at their estimates.

    Effects are numbered through the design's terms in order.

    Attributes
    ----------
    mean, sd
        Of each effect; both 0 where its variance is 0.
    mcse
        Monte Carlo standard error of the mean.
    slope
        Derivative of the mean in the parameters that are not held, in the design's coordinates.
    """

    mean: Float[np.ndarray, " q"]
    sd: Float[np.ndarray, " q"]
    mcse: Float[np.ndarray, " q"]
    slope: Float[np.ndarray, "q P"]
    _batches: tuple[_WeightedEffects, ...]
    _place: Int[np.ndarray, "q 3"]
    _block: Int[np.ndarray, " q"]

    @classmethod
    def of(cls, estimate: Estimate) -> Posterior:
        """The posterior at an estimate, from the draws behind it."""
        likelihood = estimate.likelihood
        batches = tuple(
            _WeightedEffects.of(integrals, likelihood, estimate.argument)
            for integrals in likelihood.integrals
        )
        effect = [integrals.batch.effect for integrals in likelihood.integrals]
        q = max(int(part.max()) for part in effect) + 1
        place, block = np.zeros((q, 3), dtype=np.int64), np.zeros(q, dtype=np.int64)
        mean, sd, mcse, slope = np.zeros(q), np.zeros(q), np.zeros(q), np.zeros((q, len(estimate.argument)))
        for index, (integrals, batch) in enumerate(zip(likelihood.integrals, batches, strict=True)):
            real = effect[index] != PADDING
            at = effect[index][real]
            row, column = np.nonzero(real)
            place[at] = np.stack([np.full(len(at), index), row, column], axis=1)
            block[at] = integrals.batch.block[row]
            mean[at], sd[at], mcse[at] = batch.mean[real], batch.sd[real], batch.mcse[real]
            slope[at] = batch.slope[real]
        n_variances = int(likelihood.varies.sum())
        jacobian = estimate.coordinates.jacobian(n_variances)
        return cls(mean, sd, mcse, np.linalg.solve(jacobian.T, slope.T).T, batches, place, block)

    @property
    def n_draws(self) -> int:
        """Draws in each block."""
        return int(self._batches[0].weights.shape[1])

    def sums(
        self, effects: Int[np.ndarray, "n T"], values: Float[np.ndarray, "n T"]
    ) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n m"]]:
        """The weights, and sum_t z_t u_t, of each draw for given rows. An effect of `PADDING` counts as 0.

        Effects of different blocks are independent given the data: the k-th draws of both are a draw of
        both, with the product of their weights.
        """
        weights, sums = (np.full((len(effects), self.n_draws), fill) for fill in (1.0, 0.0))
        for t in range(effects.shape[1]):
            known = effects[:, t] != PADDING
            same_block = self._block[effects[:, :t]] == self._block[effects[:, [t]]]
            earlier = same_block & (effects[:, :t] != PADDING)
            for index, batch in enumerate(self._batches):
                rows = np.flatnonzero(known & (self._place[effects[:, t], 0] == index))
                _, block, position = self._place[effects[rows, t]].T
                sums[rows] += values[rows, t, None] * batch.effects[block, position]
                new = ~earlier[rows].any(axis=1)
                weights[rows[new]] *= batch.weights[block[new]]
        return weights / weights.sum(axis=1, keepdims=True), sums
