"""Is the stated Monte Carlo standard error the actual one?"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

from glmmspec.api import fit
from glmmspec.errors import FitError, GlmmSpecWarning
from glmmspec.ir import Model


def mcse_calibration(
    model: Model | str, data: Any = None, *, seeds: Iterable[int] = range(1, 41), **options: Any
) -> pd.DataFrame:
    """Fit with many seeds and compare the spread of the estimates with their stated errors.

    Parameters
    ----------
    model, data
        As for `glmmspec.fit`.
    seeds
        At least two.
    **options
        Solver options, the same for every seed.

    Returns
    -------
    DataFrame
        One row a parameter: `sd`, the standard deviation of the estimates over the seeds; `mcse`,
        their mean stated Monte Carlo standard error; and `ratio`, sd / mcse. If the stated errors
        are true, and the number of seeds is S, ratio^2 is about chi-square / (S - 1): for 40 seeds a
        ratio lies outside [0.7, 1.4] once in 300 times.

    Raises
    ------
    FitError
        If there are fewer than two seeds, or a fit fails.
    """
    used = list(seeds)
    if len(used) < 2:
        raise FitError("the spread over seeds takes at least two seeds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlmmSpecWarning)
        fits = [fit(model, data, seed=seed, **options) for seed in used]
    table = pd.DataFrame(
        {
            "sd": pd.DataFrame([f.params() for f in fits]).std(),
            "mcse": pd.DataFrame([f.mcse() for f in fits]).mean(),
        }
    )
    return table.assign(ratio=table["sd"] / table["mcse"])
