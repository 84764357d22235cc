"""A calibration as a picture: histograms of ranks."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from glmmspec.plots.panels import ALARM, FAINT, INK, AxesGiven, explain, panels
from glmmspec.plots.panels import shown as shown_name
from glmmspec.validation.sbc import FALSE_ALARMS, Ranks

_COLUMNS = 3
_IN_A_BIN = 10
_MOST_BINS = 20


def plot_ranks(ranks: Ranks, ax: AxesGiven = None) -> np.ndarray:
    """Draw a histogram of the ranks of each quantity, over the central 99 % of the count in a uniform bin.

    A quantity whose ranks are not uniform, by the p-value of `Ranks.table`, has its name in another colour.

    Parameters
    ----------
    ax
        Axes to draw on, one for each quantity; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes, a quantity each.

    Raises
    ------
    FitError
        If `ax` is not one Axes for each quantity.
    """
    table = ranks.table()
    columns = min(_COLUMNS, len(table))
    size = (2.8 * columns + 0.4, 1.9 * -(-len(table) // columns) + 0.5)
    axes = panels(ax, len(table), columns=columns, size=size, sharey=ax is None)
    for one, (name, rank) in zip(axes, ranks.results.groupby("quantity", sort=False)["rank"], strict=True):
        count = len(rank)
        bins = max(2, min(_MOST_BINS, count // _IN_A_BIN, ranks.draws + 1))
        low, high = binom.interval(0.99, count, 1 / bins)
        one.axhspan(low, high, color=FAINT, alpha=0.4, linewidth=0, label="99 % of a uniform bin")
        one.axhline(count / bins, color=FAINT, linewidth=0.8)
        share = (rank.to_numpy() + 0.5) / (ranks.draws + 1)
        one.hist(share, bins=bins, range=(0, 1), color=INK, histtype="step", label="data sets")
        uniform = table["p_value"][name] >= FALSE_ALARMS
        label = shown_name(name) if uniform else f"{shown_name(name)}: not uniform"
        one.set_xlabel(label, color=INK if uniform else ALARM, parse_math=False)
    explain(axes, ax, None)
    return axes
