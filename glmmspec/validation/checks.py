"""A check: a number, the limits it is held against, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

Kind = Literal["joint density", "two routes", "estimate", "sampler and weights"]
Verdict = Literal["pass", "doubtful", "fail"]

DOUBTFUL_RATE = 2e-3
"""How often a check of differences in Monte Carlo standard errors is not passed though nothing is wrong."""

FAIL_RATE = 1e-5
"""How often it fails though nothing is wrong."""


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes
    ----------
    kind
        Which of the four kinds it is.
    name
        What is checked.
    number
        What was found.
    doubtful, failed
        The limits beyond which the verdict is `doubtful` and `fail`. The number is to be small if
        `failed` is not below `doubtful`, and large otherwise.
    about
        What the number is, and where it is worst.
    """

    kind: Kind
    name: str
    number: float
    doubtful: float
    failed: float
    about: str = ""

    @property
    def verdict(self) -> Verdict:
        """`pass`, `doubtful` or `fail`; a number that is not known fails."""
        sign = 1 if self.failed >= self.doubtful else -1
        if sign * self.number <= sign * self.doubtful:
            return "pass"
        return "doubtful" if sign * self.number <= sign * self.failed else "fail"


def check_differences(kind: Kind, name: str, z: Float[np.ndarray, " n"], of: list[str]) -> Check:
    """The largest of n differences, each in its Monte Carlo standard errors.

    Its limits are the normal quantiles at 1 - rate / (2 n): by Bonferroni's inequality they are passed by
    chance no more often than `DOUBTFUL_RATE` and `FAIL_RATE`.
    """
    distance = np.where(np.isfinite(z), np.abs(z), np.inf)
    worst = int(distance.argmax())
    doubtful, failed = (-float(ndtri(rate / (2 * len(z)))) for rate in (DOUBTFUL_RATE, FAIL_RATE))
    return Check(
        kind, name, float(distance[worst]), doubtful, failed, f"largest of {len(z)}, in MCSE: {of[worst]}"
    )
