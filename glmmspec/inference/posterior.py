"""The random effects given the data, at the estimate: importance weights turn draws into their posterior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING
from glmmspec.solver.integral import BlockIntegrals, EffectDraws, inflation
from glmmspec.solver.maximum_likelihood import Estimate

_PAIRS = 8192
"""Draws of rows whose effects lie in several blocks."""


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
    _integrals: tuple[BlockIntegrals, ...]
    _arguments: tuple[Float[np.ndarray, " p"], Float[np.ndarray, " K"]]
    _place: Int[np.ndarray, "q 3"]

    @classmethod
    def of(cls, estimate: Estimate) -> Posterior:
        """The posterior at an estimate, from the draws and nodes behind it."""
        likelihood = estimate.likelihood
        arguments = likelihood.split(estimate.argument)
        q = 1 + max(int(integrals.effect.max()) for integrals in likelihood.integrals)
        place = np.zeros((q, 3), dtype=np.int64)
        mean, variance, square = np.zeros(q), np.zeros(q), np.zeros(q)
        slope = np.zeros((q, len(estimate.argument)))
        for index, integrals in enumerate(likelihood.integrals):
            real = integrals.effect != PADDING
            at = integrals.effect[real]
            place[at] = np.stack([np.full(len(at), index), *np.nonzero(real)], axis=1)
            found = integrals.effect_moments(*arguments)
            mean[at], variance[at] = found.mean[real], found.variance[real]
            slope[at] = found.slope[..., likelihood.free][real]
            if not integrals.is_exact:
                deviation = found.deviation[real]
                square[at] = inflation(deviation.shape[1]) * np.square(deviation).sum(axis=1)
        jacobian = estimate.coordinates.jacobian(int(likelihood.varies.sum()))
        slope = np.linalg.solve(jacobian.T, slope.T).T
        all_integrals = tuple(likelihood.integrals)
        return cls(mean, np.sqrt(variance), np.sqrt(square), slope, all_integrals, arguments, place)

    @cached_property
    def _draws(self) -> tuple[EffectDraws, ...]:
        """Of each approximation, in a random order in each block.

        Draws of two blocks may come from the same quasi-random points, and the order makes them independent.
        """
        return tuple(_shuffled(i.effect_draws(*self._arguments)) for i in self._integrals)

    @property
    def n_draws(self) -> int:
        """Draws (or nodes) of a block, the most."""
        return max(int(draws.weights.shape[1]) for draws in self._draws)

    def sums(
        self, effects: Int[np.ndarray, "n T"], values: Float[np.ndarray, "n T"]
    ) -> Iterator[tuple[Int[np.ndarray, " r"], Float[np.ndarray, "r m"], Float[np.ndarray, "r m"]]]:
        """Some rows at a time: which, and their weights and sum_t z_t u_t in each draw.

        An effect of `PADDING`, and one that is multiplied by 0, counts as 0. Effects of different blocks are
        independent given the data: draws of both, paired, are draws of both.
        """
        known = (effects != PADDING) & (values != 0)
        block = self._place[effects][:, :, :2]
        first = np.argmax(known, axis=1)
        own = block[np.arange(len(effects)), first]
        alone = ((block == own[:, None]).all(axis=2) | ~known).all(axis=1)
        for index, draws in enumerate(self._draws):
            rows = np.flatnonzero(alone & known.any(axis=1) & (own[:, 0] == index))
            sums = np.zeros((len(rows), draws.weights.shape[1]))
            for t in range(effects.shape[1]):
                there = known[rows, t]
                _, at, position = self._place[effects[rows[there], t]].T
                sums[there] += values[rows[there], t, None] * draws.effects[at, position]
            if len(rows):
                yield rows, draws.weights[own[rows, 1]], sums
        nothing = np.flatnonzero(~known.any(axis=1))
        if len(nothing):
            yield nothing, np.ones((len(nothing), 1)), np.zeros((len(nothing), 1))
        for row in np.flatnonzero(~alone):
            yield np.array([row]), *self._paired(effects[row, known[row]], values[row, known[row]])

    def _paired(
        self, effects: Int[np.ndarray, " T"], values: Float[np.ndarray, " T"]
    ) -> tuple[Float[np.ndarray, "1 m"], Float[np.ndarray, "1 m"]]:
        """The sums of one row over several blocks, each block's drawn again by their weights."""
        rng = np.random.default_rng(np.sort(effects).tolist())
        total = np.zeros((1, _PAIRS))
        chosen: dict[tuple[int, int], np.ndarray] = {}
        for effect, value in zip(effects, values, strict=True):
            index, block, position = self._place[effect].tolist()
            draws = self._draws[index]
            if (index, block) not in chosen:
                chosen[index, block] = _drawn_again(draws.weights[block], rng)
            total += value * draws.effects[block, position, chosen[index, block]]
        return np.full((1, _PAIRS), 1 / _PAIRS), total


def _drawn_again(weights: Float[np.ndarray, " m"], rng: np.random.Generator) -> Int[np.ndarray, " pairs"]:
    """Indices of draws by their weights, evenly (systematic resampling), in a random order."""
    at = (np.arange(_PAIRS) + rng.random()) / _PAIRS
    return rng.permutation(np.minimum(np.searchsorted(np.cumsum(weights), at), len(weights) - 1))


def _shuffled(draws: EffectDraws) -> EffectDraws:
    order = np.random.default_rng(0).permuted(
        np.broadcast_to(np.arange(draws.weights.shape[1]), draws.weights.shape), axis=1
    )
    return EffectDraws(
        np.take_along_axis(draws.weights, order, axis=1),
        np.take_along_axis(draws.effects, order[:, None, :], axis=2),
    )
