"""Whether numbers are uniform, by how extreme their order statistics are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import betainc

_SIMULATED = 9999
_SEED = 2022


def uniform_p_value(values: Float[np.ndarray, " n"]) -> float:
    """p-value of n numbers being independent and uniform on (0, 1).

    The k-th smallest of them is Beta(k, n + 1 - k). The statistic is the smallest tail probability of any: it
    says how wide a simultaneous band about their distribution function has to be to hold it (Säilynoja,
    Bürkner and Vehtari 2022). It is compared with that of 9999 simulated sets, so that P(p <= a) <= a
    exactly.
    """
    null = np.random.default_rng(_SEED).random((_SIMULATED, len(values)))
    extremes = _smallest_tail(null)
    return float((1 + (extremes <= _smallest_tail(values)).sum()) / (1 + _SIMULATED))


def _smallest_tail(values: Float[np.ndarray, "*sets n"]) -> Float[np.ndarray, "*sets"]:
    n = values.shape[-1]
    k = np.arange(1, n + 1)
    below = betainc(k, n + 1 - k, np.sort(values, axis=-1))
    return np.asarray(np.minimum(below, 1 - below).min(axis=-1))
