"""A comparison as a picture: intervals of all estimators beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from glmmspec.errors import FitError
from glmmspec.plots.panels import ALARM, FAINT, INK, AxesGiven, explain, interval_width, label_rows, panels
from glmmspec.plots.panels import shown as shown_name
from glmmspec.validation.comparison import Comparison
from glmmspec.validation.point_estimate import LEVEL

_COLUMNS = 3
_BESIDE = 0.22


def plot_comparison(comparison: Comparison, ax: AxesGiven = None) -> np.ndarray:
    """Draw each parameter's estimates with their 95 % intervals, an estimator in each row.

    Beneath each interval stands the Monte Carlo error, 1.96 standard errors on both sides, if there is one.
    An estimate without an interval, such as a variance at 0, is an open square; the dashed line is the
    estimate of the highest likelihood.

    Parameters
    ----------
    ax
        Axes to draw on, one for each parameter; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes, a parameter each.

    Raises
    ------
    FitError
        If there is no estimate at all, or `ax` is not one Axes for each parameter.
    """
    estimates = comparison.estimates
    if estimates.empty:
        raise FitError("no estimator gave an estimate", hint="print the comparison to see why")
    names = [name for name in comparison.estimators.index if name in estimates.index.get_level_values(0)]
    parameters = comparison.design.parameters
    columns = min(_COLUMNS, len(parameters))
    rows = -(-len(parameters) // columns)
    size = (2.8 * columns + 0.8, rows * (1.0 + 0.32 * len(names)) + 0.4)
    axes = panels(ax, len(parameters), columns=columns, size=size, sharey=ax is None)
    best = str(comparison.estimators["loglik"].idxmax())
    for one, parameter in zip(axes, parameters, strict=True):
        of_parameter = pd.DataFrame(estimates.xs(parameter, level="parameter")).reindex(names)
        one.axvline(of_parameter["estimate"][best], color=FAINT, linestyle="--", linewidth=0.8, zorder=0)
        _draw(one, of_parameter)
        one.set_xlabel(shown_name(parameter), parse_math=False)
    explain(axes, ax, None)
    return axes


def _draw(ax: Axes, rows: pd.DataFrame) -> None:
    """One parameter."""
    estimate, row = rows["estimate"].to_numpy(), np.arange(len(rows))
    low, high = rows["lower"].to_numpy(), rows["upper"].to_numpy()
    known = np.isfinite(low) & np.isfinite(high)
    percent = f"{100 * LEVEL:.4g} %"
    ax.hlines(row[known], low[known], high[known], color=INK, linewidth=1.2, label=f"{percent} interval")
    ax.plot(estimate[known], row[known], "o", color=INK, markersize=4)
    if not known.all():
        ax.plot(estimate[~known], row[~known], "s", color=ALARM, markerfacecolor="none", clip_on=False)
    error = interval_width(LEVEL) * rows["mcse"].to_numpy()
    drawn = error > 0
    if drawn.any():
        ax.errorbar(
            estimate[drawn],
            row[drawn] + _BESIDE,
            xerr=error[drawn],
            fmt="none",
            ecolor=ALARM,
            elinewidth=2,
            capsize=2,
            label=f"{percent} Monte Carlo error",
        )
    label_rows(ax, list(rows.index))
