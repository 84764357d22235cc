"""Convergence of the estimates as draws grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from glmmspec.inference.running import running_estimates
from glmmspec.plots.panels import (
    BLUE,
    FAINT,
    INK,
    AxesGiven,
    doubt,
    explain,
    interval_width,
    panels,
    say,
    shown,
)

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_COLUMNS = 3
_BAR = interval_width(0.95)
_FARTHEST = 1.0
"""In standard errors: an earlier round may lie beyond the edge of the picture if it is farther off."""


def plot_convergence(
    fit: Fit, parm: str | int | Sequence[str | int] | None = None, ax: AxesGiven = None
) -> np.ndarray:
    """Draw what the estimates were with fewer draws, less what they are, in standard errors.

    The line is the estimate that the first draws of the last round would give, as their number doubles,
    with its Monte Carlo error (`glmmspec.inference.running.running_estimates`); all of them give 0, the
    estimate itself. A line that leaves its bars again and again says that these cannot be believed.
    The digits 1, 2, ... are the estimates of the earlier rounds, each from draws of its own about the
    estimate of the round before; those beyond the edge stand at it, with their value.

    Parameters
    ----------
    parm
        Names or positions of parameters; all by default.
    ax
        Axes to draw on, one for each parameter; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes, one for each parameter.

    Raises
    ------
    FitError
        If a parameter is unknown, or `ax` is not one Axes for each.
    """
    names = list(fit.confint(parm).index)
    running, earlier = _in_standard_errors(fit, running_estimates(fit)), _earlier_rounds(fit)
    columns = min(len(names), _COLUMNS)
    size = (1.2 + 2.6 * columns, 1.1 + 1.7 * -(-len(names) // columns))
    axes = panels(ax, len(names), columns=columns, size=size, sharex=True, sharey=True)
    reach = _reach(running, earlier)
    for one, name in zip(axes, names, strict=True):
        one.set_title(shown(name), loc="left", fontsize="medium", parse_math=False)
        one.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        _draw_running(one, running[running["parameter"] == name])
        _draw_rounds(one, earlier[earlier["parameter"] == name], reach)
        one.set_ylim(-1.1 * reach, 1.1 * reach)
        if not np.isfinite(fit.se()[name]):
            say(one, "held" if fit.params()[name] else "0, on the boundary")
    _label(axes, columns, running["draws"].unique())
    explain(axes, ax, doubt(fit))
    return axes


def _in_standard_errors(fit: Fit, estimates: pd.DataFrame) -> pd.DataFrame:
    """Rows by `draws` and `parameter` as columns `draws`, `parameter`, `distance` and `bar`."""
    name = estimates.index.get_level_values("parameter")
    unit = fit.se()[name].to_numpy()
    return pd.DataFrame(
        {
            "draws": estimates.index.get_level_values("draws"),
            "parameter": name,
            "distance": (estimates["estimate"].to_numpy() - fit.params()[name].to_numpy()) / unit,
            "bar": _BAR * estimates["mcse"].to_numpy() / unit,
        }
    )


def _earlier_rounds(fit: Fit) -> pd.DataFrame:
    """As `_in_standard_errors`, with the number of each round but the last."""
    parts = []
    for number, of_round in enumerate(fit.estimate.rounds[:-1], start=1):
        mcse = np.full(len(of_round.free), np.nan)
        mcse[of_round.free] = np.sqrt(np.maximum(np.diagonal(of_round.monte_carlo_covariance), 0))
        index = pd.MultiIndex.from_product(
            [[of_round.draws], fit.design.parameters], names=["draws", "parameter"]
        )
        estimate = np.concatenate([of_round.beta, of_round.variances])
        frame = pd.DataFrame({"estimate": estimate, "mcse": mcse}, index=index)
        parts.append(_in_standard_errors(fit, frame).assign(round=number))
    empty = pd.DataFrame(columns=["draws", "parameter", "distance", "bar", "round"])
    return pd.concat(parts).dropna(subset="distance") if parts else empty


def _reach(running: pd.DataFrame, earlier: pd.DataFrame) -> float:
    """How far up and down the picture goes."""
    rounds = np.minimum(earlier["distance"].abs().to_numpy(dtype=float), _FARTHEST)
    return float(max((running["distance"].abs() + running["bar"]).max(), rounds.max(initial=0)))


def _draw_running(ax: Axes, running: pd.DataFrame) -> None:
    ax.errorbar(
        running["draws"],
        running["distance"],
        yerr=running["bar"],
        fmt="o-",
        color=INK,
        markersize=3,
        linewidth=1,
        elinewidth=1,
        capsize=2,
        label="first draws of the last round, with 95 % Monte Carlo error",
    )


def _draw_rounds(ax: Axes, earlier: pd.DataFrame, reach: float) -> None:
    # To the right of the line, and those of as many draws beside each other.
    beside = 1 + earlier.groupby("draws").cumcount().to_numpy()
    numbers = earlier[["round", "draws", "distance", "bar"]].to_numpy(dtype=float)
    for (number, draws, distance, bar), shift in zip(numbers, beside, strict=True):
        x, y = draws * 2 ** (0.25 * shift), np.clip(distance, -reach, reach)
        label = "earlier rounds" if number == 1 else None
        ax.plot(x, y, marker=f"${number:.0f}$", color=BLUE, markersize=7, linestyle="none", label=label)
        if y != distance:
            ax.annotate(f"{distance:+.1f}", (x, y), (6, -3), textcoords="offset points", color=BLUE)
        elif np.isfinite(bar):
            ax.errorbar(x, y, yerr=bar, fmt="none", ecolor=BLUE, elinewidth=0.7)


def _label(axes: np.ndarray, columns: int, draws: np.ndarray) -> None:
    for one in axes:
        one.set_xscale("log", base=2)
        one.set_xticks(draws[:: -(-len(draws) // 5)], draws[:: -(-len(draws) // 5)])
        one.minorticks_off()
    for one in axes[::columns]:
        one.set_ylabel("standard errors")
    for one in axes[-columns:]:
        one.set_xlabel("draws in each block")
        one.tick_params(labelbottom=True)
