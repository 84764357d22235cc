"""Means and medians of a model's posterior as estimators."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.ir import Model
from glmmspec.options import SamplerOptions
from glmmspec.validation.point_estimate import PointEstimate
from glmmspec.validation.priors import Priors


def posterior_summary(
    model: Model, design: Design, *, prior: str, of: Literal["mean", "median"]
) -> PointEstimate:
    """The mean or the median of each parameter's posterior, with its standard deviation and quantiles.

    Both are of the same draws, and each has the time it took to draw them.

    Raises
    ------
    FitError
        If a draw is not finite, as under flat priors on an improper posterior.
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    draws, remark, seconds = _draws(design, Priors.of(model, design, prior), model.sampler)
    mcse = [float(array_stats.mcse(draws[..., j], method=of)) for j in range(draws.shape[2])]
    flat = draws.reshape(-1, draws.shape[2])
    value = flat.mean(axis=0) if of == "mean" else np.median(flat, axis=0)
    return PointEstimate.of_draws(flat, value, np.array(mcse), remark=remark, seconds=seconds)


@lru_cache(maxsize=2)
def _draws(
    design: Design, priors: Priors, options: SamplerOptions
) -> tuple[Float[np.ndarray, "chains draws P"], str, float]:
    """Draws of (beta, nu) by NUTS, what is wrong with them, and the seconds they took."""
    from glmmspec.validation.sampler_health import SamplerHealth
    from glmmspec.validation.sampling import sample_posterior

    began = time.perf_counter()
    tree = sample_posterior(design, priors, options, centred=False, progress=False)
    seconds = time.perf_counter() - began
    parts = [np.asarray(tree["posterior"][name]) for name in ("beta", "nu")]
    return np.concatenate(parts, axis=-1), "; ".join(SamplerHealth.of(tree).complaints), seconds
