"""Points in the unit cube, pseudo-random or randomised quasi-random, for many blocks at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from glmmspec.solver.sobol import BITS, sobol_digits

REPLICATES = 16
"""Independent randomisations of the quasi-random points: from their spread comes the Monte Carlo error."""


def draws_per_replicate(draws: int, kind: Literal["sobol", "random"]) -> tuple[int, int]:
    """(replicates, points in each) for at least `draws` points: a pseudo-random draw is its own replicate."""
    return (draws, 1) if kind == "random" else (REPLICATES, -(-draws // REPLICATES))


def unit_cube_points(
    seed: tuple[int, ...],
    *,
    kind: Literal["sobol", "random"],
    blocks: Int[np.ndarray, " B"],
    dimensions: int,
    draws: int,
) -> Float[np.ndarray, "B d m"]:
    """Points strictly inside (0, 1)^d, independent between blocks, replicate after replicate.

    Quasi-random points are one Sobol sequence with a random linear matrix scramble, moved in each
    block and replicate by its own random digital shift. Given the matrix, the shifted sets are
    uniform and independent, so that any mean over them is unbiased and their spread is its error.

    A block's points depend on the seed, its number and their dimension, and on nothing of other blocks:
    with rows of weight 2 they are what they are with these rows written twice.

    Parameters
    ----------
    blocks
        The blocks' numbers; one that fills up a batch, `PADDING`, may have the points of another.
    draws
        For `sobol` a multiple of `REPLICATES`.
    """
    if kind == "random":
        own = (np.random.default_rng([*seed, dimensions, max(0, block)]) for block in blocks.tolist())
        uniform = np.stack([rng.random((dimensions, draws)) for rng in own])
        return np.clip(uniform, 2.0**-54, 1 - 2.0**-53)
    rng = np.random.default_rng([*seed, dimensions])
    digits = sobol_digits(dimensions, draws // REPLICATES, rng)
    # One stream, block after block: where a block's part stands in it depends on its number alone.
    size = (max(0, int(blocks.max())) + 1, dimensions, REPLICATES, 1)
    shifts = rng.integers(0, 2**BITS, size=size, dtype=np.uint32)
    shifted = digits[None, :, None, :] ^ shifts[blocks]
    return np.asarray((shifted + 0.5) * 2.0**-BITS).reshape(len(blocks), dimensions, draws)
