"""The pictures of a validation report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from scipy.stats import gaussian_kde

from glmmspec.plots.panels import ALARM, BLUE, FAINT, INK, explain, label_rows, panels, shown
from glmmspec.validation.two_routes import psi_of

if TYPE_CHECKING:
    from glmmspec.validation.report import Report

_MOST_IN_A_PAIR_PLOT = 8
_MOST_POINTS = 1000


def plot_intervals(report: Report) -> np.ndarray:
    """Estimates with their 90 % intervals, and beneath each the posterior's mean and central 90 %."""
    names = list(report.fit.design.parameters)
    axes = panels(None, 1, columns=1, size=(7, 1.4 + 0.45 * len(names)))
    row = np.arange(len(names))
    interval, table = (
        report.fit.confint(level=0.9).to_numpy().T,
        report.parameters["nuts"].unstack("statistic").loc[names],
    )
    axes[0].hlines(row - 0.12, *interval, color=INK)
    axes[0].plot(
        report.fit.params(), row - 0.12, "o", color=INK, markersize=4, label="estimate, 90 % Wald interval"
    )
    axes[0].hlines(row + 0.12, table["5 %"], table["95 %"], color=BLUE)
    axes[0].plot(
        table["mean"], row + 0.12, "s", color=BLUE, markersize=4, label="posterior mean, central 90 %"
    )
    axes[0].axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    label_rows(axes[0], names)
    explain(axes, None, None)
    return axes


def plot_marginals(report: Report) -> np.ndarray:
    """Density of each parameter by both routes, and the estimate."""
    names = list(report.fit.design.parameters)
    columns = min(3, len(names))
    axes = panels(
        None, len(names), columns=columns, size=(3.2 * columns, 0.6 + 2.3 * -(-len(names) // columns))
    )
    psi, estimate = _drawn(report), report.fit.params().to_numpy()
    for j, (ax, name) in enumerate(zip(axes, names, strict=True)):
        low, high = np.quantile(psi[:, j], [0.001, 0.995])
        grid = np.linspace(low, high, 200)
        other = gaussian_kde(report.route.psi[:, j], weights=report.route.weights)
        ax.plot(grid, gaussian_kde(psi[:, j])(grid), color=BLUE, label="NUTS in the twin")
        ax.plot(grid, other(grid), "--", color=INK, label="solver's likelihood")
        ax.axvline(estimate[j], color=ALARM, linewidth=0.8, label="estimate")
        ax.set_title(shown(name), parse_math=False, fontsize=9)
        ax.set_yticks([])
    explain(axes, None, None)
    return axes


def plot_pairs(report: Report) -> np.ndarray:
    """Draws of pairs of parameters by NUTS, and the estimate; of many parameters the last eight."""
    names = list(report.fit.design.parameters)
    chosen = list(range(len(names)))[-_MOST_IN_A_PAIR_PLOT:]
    k = len(chosen)
    axes = panels(None, k * k, columns=k, size=(1.6 * k, 1.6 * k))
    psi, estimate = _drawn(report), report.fit.params().to_numpy()
    for ax, (i, j) in zip(axes, ((i, j) for i in chosen for j in chosen), strict=True):
        _draw_pair(ax, psi[:: max(1, len(psi) // _MOST_POINTS)], estimate, i, j)
        ax.tick_params(labelsize=6)
        if i == chosen[-1]:
            ax.set_xlabel(shown(names[j]), parse_math=False, fontsize=7)
        if j == chosen[0]:
            ax.set_ylabel(shown(names[i]), parse_math=False, fontsize=7)
    return axes


def _draw_pair(
    ax: Axes, psi: Float[np.ndarray, "n P"], estimate: Float[np.ndarray, " P"], i: int, j: int
) -> None:
    if i < j:
        ax.set_axis_off()
    elif i == j:
        ax.hist(psi[:, i], bins=30, color=BLUE)
        ax.set_yticks([])
    else:
        ax.plot(psi[:, j], psi[:, i], ".", color=BLUE, markersize=1.5, alpha=0.5, rasterized=True)
        ax.plot(estimate[j], estimate[i], "x", color=ALARM, markersize=6)


def plot_effects(report: Report) -> np.ndarray:
    """Means of the random effects given the data, at the estimate: the solver's against the twin's."""
    table = report.effects
    assert table is not None
    axes = panels(None, 1, columns=1, size=(4.5, 4.5))
    bounds = [float(table[["nuts", "solver"]].min().min()), float(table[["nuts", "solver"]].max().max())]
    axes[0].plot(bounds, bounds, color=FAINT, linewidth=0.8, zorder=0)
    axes[0].errorbar(
        table["solver"],
        table["nuts"],
        xerr=2 * table["solver_mcse"],
        yerr=2 * table["nuts_mcse"],
        fmt=".",
        color=INK,
        ecolor=BLUE,
        label="mean, 2 MCSE on each side",
    )
    axes[0].set_xlabel("solver: predicted random effect")
    axes[0].set_ylabel("twin, parameters at the estimate")
    explain(axes, None, None)
    return axes


def plot_chains(report: Report) -> Iterator[tuple[str, np.ndarray]]:
    """Trace and rank plots of the parameters, by ArviZ."""
    import arviz_plots

    # ArviZ ranks no empty array: there may be no fixed effect.
    drawn_names = [name for name in ("beta", "nu") if report.posterior["posterior"][name].size]
    for name in ("plot_trace", "plot_rank"):
        drawn = getattr(arviz_plots, name)(report.posterior, var_names=drawn_names, backend="matplotlib")
        figure = drawn.viz["figure"].item()
        figure.set_layout_engine("constrained")
        yield name, np.array(figure.axes, dtype=object)


def _drawn(report: Report) -> Float[np.ndarray, "n P"]:
    psi = psi_of(report.posterior)
    return psi.reshape(-1, psi.shape[2])
