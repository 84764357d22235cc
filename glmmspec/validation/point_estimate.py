"""What an estimator says of the parameters of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from glmmspec.errors import FitError

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True, eq=False)
class PointEstimate:
    """A value for each parameter, in the order of `Design.parameters`; an error that is not known is NaN.

    Attributes
    ----------
    value
        The estimates: coefficients, then variances.
    se
        Standard errors, or posterior standard deviations.
    mcse
        Monte Carlo standard errors of the values: 0 where nothing is drawn.
    interval
        The limits of 95 % intervals.
    remark
        What must be known before the estimate is used.
    seconds
        What it took, where that is not the time of the call.
    """

    value: Float[np.ndarray, " P"]
    se: Float[np.ndarray, " P"]
    mcse: Float[np.ndarray, " P"]
    interval: Float[np.ndarray, "P 2"]
    remark: str = ""
    seconds: float = math.nan

    def __post_init__(self) -> None:
        if not np.isfinite(self.value).all():
            raise FitError("the estimate is not finite")

    @classmethod
    def wald(
        cls,
        value: Float[np.ndarray, " P"],
        se: Float[np.ndarray, " P"],
        *,
        n_variances: int,
        mcse: Float[np.ndarray, " P"] | None = None,
        remark: str = "",
    ) -> PointEstimate:
        """With intervals value -/+ 1.96 se; those of the variances, the last, are cut at 0."""
        interval = value[:, None] + se[:, None] * ndtri([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        interval[-n_variances:] = np.maximum(interval[-n_variances:], 0)
        return cls(value, se, np.zeros(len(value)) if mcse is None else mcse, interval, remark)

    @classmethod
    def of_draws(
        cls,
        draws: Float[np.ndarray, "draws P"],
        value: Float[np.ndarray, " P"],
        mcse: Float[np.ndarray, " P"],
        *,
        remark: str = "",
        seconds: float = math.nan,
    ) -> PointEstimate:
        """With the standard deviations and the 2.5 and 97.5 % quantiles of draws of the parameters."""
        interval = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).T
        return cls(value, draws.std(axis=0, ddof=1), mcse, interval, remark, seconds)
