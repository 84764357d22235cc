"""Convergence of the estimates as draws grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
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
_MOST_PANELS = 12
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
        Names or positions of parameters; by default all, or of more than 12 those with the largest Monte
        Carlo errors in standard errors.
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
    positions = _least_certain(fit) if parm is None else fit.positions(parm)
    running, earlier = _Path.running(fit), _Path.of_earlier_rounds(fit)
    columns = min(len(positions), _COLUMNS)
    size = (1.2 + 2.6 * columns, 1.1 + 1.7 * -(-len(positions) // columns))
    axes = panels(ax, len(positions), columns=columns, size=size, sharex=True, sharey=True)
    reach = _reach(running, earlier)
    for one, position in zip(axes, positions, strict=True):
        one.set_title(shown(fit.design.parameters[position]), loc="left", fontsize="medium", parse_math=False)
        one.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        one.set_ylim(-1.1 * reach, 1.1 * reach)
        if fit.estimate.final.free[position]:
            _draw_running(one, running, position)
            _draw_rounds(one, earlier, position, reach)
        else:
            say(one, "held" if fit.params().iloc[position] else "0, on the boundary")
    _label(axes, columns, running.draws)
    fewer = parm is None and len(positions) < len(fit.params())
    note = f"the {len(positions)} largest Monte Carlo errors of {len(fit.params())}" if fewer else None
    explain(axes, ax, "\n".join(filter(None, (doubt(fit), note))))
    return axes


def _least_certain(fit: Fit) -> list[int]:
    """Those whose Monte Carlo error is largest in standard errors, in their order."""
    ratio = np.nan_to_num((fit.mcse() / fit.se()).to_numpy(), nan=-1)
    return sorted(np.argsort(-ratio, kind="stable")[:_MOST_PANELS].tolist())


@dataclass(frozen=True, eq=False)
class _Path:
    """Estimates less the final ones, and the half lengths of their bars, in standard errors."""

    draws: Int[np.ndarray, " n"]
    distance: Float[np.ndarray, "n P"]
    bar: Float[np.ndarray, "n P"]

    @classmethod
    def of(cls, fit: Fit, draws: Sequence[int], estimate: np.ndarray, mcse: np.ndarray) -> _Path:
        final, unit = fit.params().to_numpy(), fit.se().to_numpy()
        shape = (len(draws), len(final))
        distance = (estimate.reshape(shape) - final) / unit
        return cls(np.array(draws, dtype=int), distance, _BAR * mcse.reshape(shape) / unit)

    @classmethod
    def running(cls, fit: Fit) -> _Path:
        estimates = running_estimates(fit)
        draws = estimates.index.get_level_values("draws").unique()
        return cls.of(fit, list(draws), estimates["estimate"].to_numpy(), estimates["mcse"].to_numpy())

    @classmethod
    def of_earlier_rounds(cls, fit: Fit) -> _Path:
        rounds = fit.estimate.rounds[:-1]
        mcse = np.full((len(rounds), len(fit.params())), np.nan)
        for row, of_round in zip(mcse, rounds, strict=True):
            row[of_round.free] = np.sqrt(np.maximum(np.diagonal(of_round.monte_carlo_covariance), 0))
        estimates = np.array([[*of_round.beta, *of_round.variances] for of_round in rounds])
        return cls.of(fit, [of_round.draws for of_round in rounds], estimates, mcse)


def _reach(running: _Path, earlier: _Path) -> float:
    """How far up and down the picture goes."""
    line = np.nan_to_num(np.abs(running.distance) + running.bar).max()
    rounds = np.nan_to_num(np.minimum(np.abs(earlier.distance), _FARTHEST)).max(initial=0)
    return float(max(line, rounds)) or 1.0


def _draw_running(ax: Axes, path: _Path, position: int) -> None:
    ax.errorbar(
        path.draws,
        path.distance[:, position],
        yerr=path.bar[:, position],
        fmt="o-",
        color=INK,
        markersize=3,
        linewidth=1,
        elinewidth=1,
        capsize=2,
        label="first draws of the last round, with 95 % Monte Carlo error",
    )


def _draw_rounds(ax: Axes, path: _Path, position: int, reach: float) -> None:
    for number, draws in enumerate(path.draws, start=1):
        distance, bar = path.distance[number - 1, position], path.bar[number - 1, position]
        # To the right of the line, and those of as many draws beside each other.
        beside = (path.draws[:number] == draws).sum()
        x, y = draws * 2 ** (0.25 * beside), np.clip(distance, -reach, reach)
        label = "earlier rounds" if number == 1 else None
        ax.plot(x, y, marker=f"${number}$", color=BLUE, markersize=7, linestyle="none", label=label)
        if y != distance:
            ax.annotate(f"{distance:+.1f}", (x, y), (6, -3), textcoords="offset points", color=BLUE)
        elif np.isfinite(bar):
            ax.errorbar(x, y, yerr=bar, fmt="none", ecolor=BLUE, elinewidth=0.7)


def _label(axes: np.ndarray, columns: int, draws: Int[np.ndarray, " n"]) -> None:
    for one in axes:
        one.set_xscale("log", base=2)
        some = draws[:: -(-len(draws) // 5)]
        one.set_xticks(some, some)
        one.minorticks_off()
    for one in axes[::columns]:
        one.set_ylabel("standard errors")
    for one in axes[-columns:]:
        one.set_xlabel("draws in each block")
        one.tick_params(labelbottom=True)
