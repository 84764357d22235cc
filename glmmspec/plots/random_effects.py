"""The predicted random effects of a fit, sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.plots.panels import (
    FAINT,
    INK,
    AxesGiven,
    doubt,
    explain,
    interval_width,
    label_rows,
    panels,
    say,
    shown,
)

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_MOST_LABELLED = 60
_MOST_COLUMNS = 3


def plot_random_effects(
    fit: Fit, term: str | None = None, level: float = 0.95, ax: AxesGiven = None
) -> np.ndarray:
    """Draw the predicted random effects as a caterpillar: sorted by mean, each with its interval.

    Means and standard deviations are those of `fit.ranef()`, given the data and the estimated
    parameters, whose uncertainty is not counted. More than 60 levels are drawn without their names.

    Parameters
    ----------
    term
        One random term; all by default.
    level
        Of the interval, mean -/+ z sd.
    ax
        Axes to draw on, one for each term; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes, one for each term.

    Raises
    ------
    FitError
        If there is no such term, the level is not in (0, 1), or `ax` is not one Axes for each term.
    """
    width = interval_width(level)
    known = [random.name for random in fit.design.random]
    if term is not None and term not in known:
        raise FitError(f"unknown random term '{term}'", hint=did_you_mean_or_list(term, known))
    terms = known if term is None else [term]
    effects = fit.ranef()
    columns = min(len(terms), _MOST_COLUMNS)
    rows = -(-len(terms) // columns)
    most = max((len(r.levels) for r in fit.design.random if len(r.levels) <= _MOST_LABELLED), default=32)
    axes = panels(
        ax, len(terms), columns=columns, size=(1 + 3 * columns, rows * (1.2 + 0.13 * max(most, 10)))
    )
    for one, name in zip(axes, terms, strict=True):
        _draw(one, effects[effects.index.get_level_values("term") == name], width)
        one.set_xlabel(f"effect of {shown(name)}, {fit.model.link} link", parse_math=False)
    axes[0].plot(
        [], [], "o-", color=INK, markersize=3, linewidth=1, label=f"mean and {100 * level:.4g} % interval"
    )
    explain(axes, ax, doubt(fit))
    return axes


def _draw(ax: Axes, effects: pd.DataFrame, width: float) -> None:
    """The levels of one term, the largest mean on top."""
    effects = effects.sort_values("mean", ascending=False, kind="stable")
    mean, reach = effects["mean"].to_numpy(), width * effects["sd"].to_numpy()
    row = np.arange(len(effects))
    many = len(effects) > _MOST_LABELLED
    ax.axvline(0, color=INK, linewidth=0.5, zorder=3)
    if not reach.any():
        say(ax, "its variance is 0,\nand so is every effect")
    # Each line is an element of an SVG file; thousands are better drawn as one image.
    ax.hlines(
        row,
        mean - reach,
        mean + reach,
        color=FAINT if many else INK,
        linewidth=0.5 if many else 1,
        rasterized=many,
    )
    ax.plot(mean, row, "," if len(effects) > 500 else "o", color=INK, markersize=1.5 if many else 3)
    label_rows(ax, [] if many else list(effects.index.get_level_values("level")))
    ax.set_ylim(len(effects) - 0.4, -0.6)
    if many:
        ax.set_ylabel(f"{len(effects)} levels")
    else:
        ax.tick_params(axis="y", labelsize=7)
