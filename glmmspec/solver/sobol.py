"""Sobol's points with a random linear matrix scramble, as SciPy has them, without importing scipy.stats.

That import takes longer than a fit of a few hundred rows.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import UInt32

BITS = 32

_PLACES = np.arange(BITS - 1, -1, -1, dtype=np.uint32)
"""Of the digits of a number, the highest first."""


def sobol_digits(
    dimensions: int, count: int, rng: np.random.Generator
) -> UInt32[np.ndarray, "dimensions count"]:
    """The first points of a scrambled and shifted Sobol sequence, times 2^32.

    They are those of `scipy.stats.qmc.Sobol(dimensions, scramble=True, bits=32, rng=rng)`, which makes them
    where the table of direction numbers ends. Direction numbers are those of Joe and Kuo (2008), the scramble
    is Matousek's (1998), the order that of the Gray code.

    Parameters
    ----------
    rng
        A child of it gives the shift and then the matrices.
    """
    power = max(0, count - 1).bit_length()
    if dimensions > len(_direction_numbers()):
        from scipy.stats import qmc

        sequence = qmc.Sobol(dimensions, scramble=True, bits=BITS, rng=rng).random_base2(power)[:count]
        return np.asarray(sequence.T * 2.0**BITS, dtype=np.uint32)
    [child] = rng.spawn(1)
    shift = _packed(child.integers(2, size=(dimensions, BITS), dtype=np.uint32)[:, ::-1])
    lower = np.tril(child.integers(2, size=(dimensions, BITS, BITS), dtype=np.uint32), -1)
    directions = _scrambled(lower + np.eye(BITS), _direction_numbers()[:dimensions])
    digits = shift[:, None]
    for bit in range(power):
        digits = np.concatenate([digits, digits ^ directions[:, bit, None]], axis=1)
    index = np.arange(count)
    return digits[:, index ^ (index >> 1)]


def _scrambled(
    matrices: np.ndarray, directions: UInt32[np.ndarray, "d bits"]
) -> UInt32[np.ndarray, "d bits"]:
    """Each dimension's matrix times its direction numbers, as columns of digits modulo 2."""
    digits = (directions[:, None, :] >> _PLACES[:, None]) & 1
    return _packed(np.swapaxes(matrices @ digits, 1, 2).astype(np.uint32) & 1)


def _packed(digits: UInt32[np.ndarray, "... bits"]) -> UInt32[np.ndarray, " ..."]:
    """The numbers with these binary digits, the highest first."""
    return np.asarray(np.bitwise_or.reduce(digits << _PLACES, axis=-1))


@cache
def _direction_numbers() -> UInt32[np.ndarray, "dimensions bits"]:
    """Of the first 1024 dimensions: the columns of their generator matrices, as numbers of 32 digits."""
    with resources.files(__package__).joinpath("sobol_directions.npz").open("rb") as file:
        return np.asarray(np.load(file)["directions"])
