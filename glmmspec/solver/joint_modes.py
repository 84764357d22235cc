"""The joint modes of all effects of some blocks, and the normal approximation about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING, Batch, Partition
from glmmspec.family import Family
from glmmspec.solver.coordinates import Point
from glmmspec.solver.modes import mode_drift, posterior_modes


@dataclass(frozen=True, eq=False)
class JointModes:
    """Modes and their drift with beta, by effect; covariances by batch of blocks.

    Attributes
    ----------
    mode, drift
        u* and du*/dbeta of each of the design's effects; 0 of those in no batch.
    """

    mode: Float[np.ndarray, " q"]
    drift: Float[np.ndarray, "q p"]
    _covariances: tuple[Float[np.ndarray, "B Q Q"], ...]
    _place: Int[np.ndarray, "blocks 2"]
    _position: Int[np.ndarray, " q"]
    _block: Int[np.ndarray, " q"]
    _prior: Float[np.ndarray, " q"]

    @classmethod
    def of(cls, batches: Sequence[Batch], family: Family, centre: Point, parts: Partition) -> JointModes:
        """At given parameters."""
        n_effects, n_blocks = len(parts.effect_block), parts.n_blocks
        mode, drift = np.zeros(n_effects), np.zeros((n_effects, len(centre.beta)))
        place, position = np.zeros((n_blocks, 2), dtype=np.int64), np.zeros(n_effects, dtype=np.int64)
        covariances = []
        for index, batch in enumerate(batches):
            found = posterior_modes(batch, family, centre.beta, centre.variances)
            real = batch.effect != PADDING
            mode[batch.effect[real]] = found.effects[real]
            drift[batch.effect[real]] = mode_drift(batch, found, centre.variances)[real]
            position[batch.effect[real]] = np.nonzero(real)[1]
            taken = batch.block != PADDING
            place[batch.block[taken]] = np.stack(
                [np.full(int(taken.sum()), index), np.flatnonzero(taken)], axis=1
            )
            covariances.append(np.linalg.inv(found.precision))
        prior = centre.variances[parts.effect_component]
        return cls(mode, drift, tuple(covariances), place, position, parts.effect_block, prior)

    def covariance(
        self, block: Int[np.ndarray, " J"], effects: Int[np.ndarray, "J A"]
    ) -> Float[np.ndarray, "J A A"]:
        """Of some effects of one block each.

        Those of `PADDING` have variance 1 and covariance 0; an effect that no row carries is a block of its
        own, and has the variance of its component.
        """
        real = (effects != PADDING) & (self._block[effects] == block[:, None])
        at = np.where(real, self._position[effects], 0)
        found = np.zeros((*effects.shape, effects.shape[1]))
        batch, row = self._place[block].T
        for index, covariance in enumerate(self._covariances):
            mine = np.flatnonzero(batch == index)
            found[mine] = covariance[row[mine, None, None], at[mine, :, None], at[mine, None, :]]
        both = real[:, :, None] & real[:, None, :]
        alone = np.where(effects != PADDING, self._prior[effects], 1.0)
        return np.where(both, found, alone[:, :, None] * np.eye(effects.shape[1]))
