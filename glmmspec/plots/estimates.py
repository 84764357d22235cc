"""The estimates of a fit with both of their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from glmmspec.plots.panels import (
    ALARM,
    FAINT,
    INK,
    AxesGiven,
    doubt,
    explain,
    interval_width,
    label_rows,
    panels,
)

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_BESIDE = 0.22
"""How far, in rows, the Monte Carlo error stands below the interval."""


def plot_estimates(fit: Fit, level: float = 0.95, ax: AxesGiven = None) -> np.ndarray:
    """Draw the estimates with their Wald intervals and, beneath each, its Monte Carlo error.

    A variance estimated as 0 is an open mark without an interval. The Monte Carlo errors of a fit that is
    not reliable are not known, and not drawn.

    Parameters
    ----------
    level
        Of the confidence interval, `fit.confint(level)`, and of the Monte Carlo error, z times
        `fit.mcse()` on both sides.
    ax
        Axes to draw on, one for each panel; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes: fixed effects, where there are any, then variances.

    Raises
    ------
    FitError
        If the level is not in (0, 1), or `ax` is not one Axes for each panel.
    """
    interval_width(level)
    n_fixed, n_all = len(fit.coef()), len(fit.params())
    parts = [part for part in (slice(0, n_fixed), slice(n_fixed, n_all)) if part.stop > part.start]
    rows = [part.stop - part.start for part in parts]
    axes = panels(
        ax, len(parts), columns=1, size=(7, 1.6 + 0.4 * n_all), height_ratios=[0.8 + n for n in rows]
    )
    for one, part in zip(axes, parts, strict=True):
        _draw(one, fit, part, level)
    axes[-1].set_xlabel(f"variance of random effects, {fit.model.link} link")
    axes[-1].set_xlim(left=0 if not fit.on_boundary else None)
    if len(axes) > 1:
        axes[0].axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        axes[0].set_xlabel(f"fixed effect, {fit.model.link} link")
    explain(axes, ax, doubt(fit))
    return axes


def _draw(ax: Axes, fit: Fit, part: slice, level: float) -> None:
    """The parameters of one panel."""
    estimate = fit.params().iloc[part]
    low, high = fit.confint(level=level).iloc[part].to_numpy().T
    error = interval_width(level) * fit.mcse().iloc[part].to_numpy()
    row = np.arange(len(estimate))
    known = np.isfinite(low)
    percent = f"{100 * level:.4g} %"
    ax.hlines(
        row[known], low[known], high[known], color=INK, linewidth=1.2, label=f"{percent} confidence interval"
    )
    ax.plot(estimate[known], row[known], "o", color=INK, markersize=4)
    if fit.reliable and known.any():
        ax.errorbar(
            estimate[known],
            row[known] + _BESIDE,
            xerr=error[known],
            fmt="none",
            ecolor=ALARM,
            elinewidth=2.5,
            capsize=2.5,
            label=f"{percent} Monte Carlo error",
        )
    if not known.all():
        ax.plot(estimate[~known], row[~known], "s", color=ALARM, markerfacecolor="none", clip_on=False)
    for at in row[~known]:
        text = "on the boundary: no standard error" if estimate.iloc[at] == 0 else "held: no standard error"
        ax.annotate(text, (estimate.iloc[at], at), (8, 0), textcoords="offset points", va="center")
    label_rows(ax, list(estimate.index))
