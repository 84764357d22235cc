"""The path of the trust region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from glmmspec.plots.panels import ALARM, FAINT, INK, AxesGiven, doubt, explain, panels, say

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_RATIOS = (-0.5, 2.0)
"""The rho that are shown; those beyond are drawn at the edge."""

_LEAST_APART = 0.06
"""Of the width of the picture: rounds that begin closer together are not all told their draws."""

_DROPS = (0, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6, 1e9)
"""Where the logarithmic scale of the log-likelihood has its ticks."""


def plot_trace(fit: Fit, ax: AxesGiven = None) -> np.ndarray:
    """Draw the path of the trust region, `fit.trace()`, iteration by iteration through all rounds.

    Dots are steps that were accepted, crosses those that were rejected. Each round has draws of its own,
    and so a maximum of its own: the log-likelihood is shown by how far it lies below that. What lies
    beyond an axis, such as a point outside the domain of the parameters, stands at its edge.

    Parameters
    ----------
    ax
        Three Axes to draw on; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes: log-likelihood; radius of the region; rho, the actual over the predicted increase.

    Raises
    ------
    FitError
        If `ax` is not three Axes.
    """
    axes = panels(ax, 3, columns=1, size=(7, 6), sharex=True)
    if not any(of_round.maximum.steps for of_round in fit.estimate.rounds):
        for one in axes:
            say(one, "no iterations: the start was the maximum")
        return axes
    path = fit.trace().reset_index()
    best = np.array([of_round.maximum.value for of_round in fit.estimate.rounds])
    drop = best[path["round"] - 1] - path["value"].to_numpy()
    highest = 10 * max(drop[np.isfinite(drop)].max(initial=0), _DROPS[1])
    _draw(axes[0], path, np.minimum(drop, highest))
    _draw(axes[1], path, path["radius"].to_numpy())
    _draw(axes[2], path, np.clip(path["ratio"].to_numpy(), *_RATIOS))
    _scale(axes, highest)
    _label(axes, path)
    explain(axes, ax, doubt(fit))
    return axes


def _draw(ax: Axes, path: pd.DataFrame, value: Float[np.ndarray, " n"]) -> None:
    place, accepted = np.arange(1, len(path) + 1), path["accepted"].to_numpy(dtype=bool)
    for _, rows in path[accepted].groupby("round"):
        ax.plot(place[rows.index], value[rows.index], color=FAINT, linewidth=1)
    ax.plot(place[accepted], value[accepted], "o", color=INK, markersize=4, label="accepted")
    if not accepted.all():
        ax.plot(place[~accepted], value[~accepted], "x", color=ALARM, markersize=6, label="rejected")


def _scale(axes: np.ndarray, highest: float) -> None:
    axes[0].set_yscale("symlog", linthresh=_DROPS[1] / 10)
    axes[0].set_yticks([drop for drop in _DROPS if drop <= highest])
    axes[1].set_yscale("log", base=2)
    axes[2].set_yticks([*_RATIOS, 0, 1 / 4, 3 / 4, 1])
    axes[2].set_ylim(_RATIOS[0] - 0.1, _RATIOS[1] + 0.1)
    for one, number in zip(axes, ("{x:g}", "{x:.2g}", "{x:g}"), strict=True):
        one.yaxis.set_major_formatter(StrMethodFormatter(number))
        one.minorticks_off()
    for limit in (1 / 4, 3 / 4):
        axes[2].axhline(limit, color=FAINT, linewidth=0.8, linestyle="--", zorder=0)


def _label(axes: np.ndarray, path: pd.DataFrame) -> None:
    axes[0].set_ylabel("log-likelihood below\nthe round's maximum")
    axes[1].set_ylabel("radius\n(standard errors)")
    axes[2].set_ylabel("rho")
    axes[2].set_xlabel("iteration")
    axes[2].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    starts = 1 + np.flatnonzero(~path["round"].duplicated())
    for one in axes:
        for start in starts[1:]:
            one.axvline(start - 0.5, color=FAINT, linewidth=0.8)
    above = axes[0].secondary_xaxis("top")
    told = _apart(starts, _LEAST_APART * len(path))
    above.set_xticks(told, path["draws"].iloc[told - 1])
    above.tick_params(length=0)
    above.spines["top"].set_visible(False)
    above.set_xlabel("draws in each block, by round")


def _apart(places: Int[np.ndarray, " n"], least: float) -> Int[np.ndarray, " k"]:
    """The last of the places, and of those before it the ones that are far enough from the next."""
    kept = [int(places[-1])]
    for place in places[-2::-1].tolist():
        if kept[-1] - place >= least:
            kept.append(place)
    return np.array(kept[::-1])
