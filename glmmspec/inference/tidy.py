"""A fit as one table, in the columns of R's broom.mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


def tidy(fit: Fit, level: float) -> pd.DataFrame:
    """A row for each parameter: `effect` is `fixed`, or `ran_pars` for a variance."""
    summary = fit.summary()
    table = pd.concat([summary.fixed, summary.variances])
    interval = fit.confint(level=level)
    effects = ["fixed"] * len(summary.fixed) + ["ran_pars"] * len(summary.variances)
    return pd.DataFrame(
        {
            "effect": effects,
            "term": table.index,
            "estimate": table["estimate"].to_numpy(),
            "std.error": table["se"].to_numpy(),
            "mc.error": table["mcse"].to_numpy(),
            "statistic": table["z"].to_numpy(),
            "p.value": table["p"].to_numpy(),
            "conf.low": interval.iloc[:, 0].to_numpy(),
            "conf.high": interval.iloc[:, 1].to_numpy(),
        }
    )
