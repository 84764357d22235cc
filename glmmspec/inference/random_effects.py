"""Predicted random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from glmmspec.design import Design
from glmmspec.inference.posterior import Posterior

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


def effect_index(design: Design) -> pd.MultiIndex:
    """The name of each effect: its term and level."""
    pairs = [(term.name, level) for term in design.random for level in term.levels]
    return pd.MultiIndex.from_tuples(pairs, names=["term", "level"])


def predicted_effects(fit: Fit) -> pd.DataFrame:
    """Mean and standard deviation of each random effect given the data, at the estimate.

    Columns `mean`, `sd` and `mcse`, the Monte Carlo standard error of the mean; rows by term and level.
    """
    posterior = Posterior.of(fit.estimate)
    return pd.DataFrame(
        {"mean": posterior.mean, "sd": posterior.sd, "mcse": posterior.mcse}, index=effect_index(fit.design)
    )
