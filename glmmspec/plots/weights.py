"""The health of the importance weights, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, StrMethodFormatter

from glmmspec.inference.running import check_drawn
from glmmspec.plots.panels import ALARM, FAINT, INK, AxesGiven, doubt, explain, panels
from glmmspec.solver.integral import normalised
from glmmspec.solver.monte_carlo import FEWEST_EFFECTIVE_DRAWS, k_hat_limit

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


def plot_weights(fit: Fit, ax: AxesGiven = None) -> np.ndarray:
    """Draw whether the importance weights support the estimate, by block.

    Blocks with fewer effective draws, or a larger Pareto k-hat, than the dashed limit make a fit unreliable,
    and are crosses. Of more than 500 blocks the 500 with the fewest effective draws are shown, those of
    `fit.diagnostics()`; those that are integrated by quadrature have no weights. The third panel is of the
    block with the fewest effective draws: what share of the weight its largest weights hold together, and
    what equal weights would hold.

    Parameters
    ----------
    ax
        Three Axes to draw on; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes: effective draws; k-hat; the largest weights of the worst block.

    Raises
    ------
    FitError
        If `ax` is not three Axes, or the fit has no draws.
    """
    check_drawn(fit)
    axes = panels(ax, 3, columns=3, size=(10, 3.2))
    health = fit.estimate.weights
    _draw_effective(axes[0], health.block, health.draws_effective, health.draws)
    _draw_k_hat(axes[1], health.block, health.k_hat, float(k_hat_limit(health.draws.max())))
    fewer = len(health.block) < fit.estimate.n_blocks
    for one in axes[:2]:
        one.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        one.set_xlabel(f"block (worst {len(health.block)} of {fit.estimate.n_blocks})" if fewer else "block")
    worst = int(health.block[health.draws_effective.argmin()])
    _draw_largest(axes[2], _weights_of(fit, worst), worst)
    explain(axes, ax, doubt(fit))
    return axes


def _draw_effective(
    ax: Axes,
    block: Int[np.ndarray, " blocks"],
    effective: Float[np.ndarray, " blocks"],
    draws: Int[np.ndarray, " blocks"],
) -> None:
    ax.set_yscale("log")
    _draw_blocks(ax, block, effective, effective < FEWEST_EFFECTIVE_DRAWS)
    ax.axhline(draws.max(), color=FAINT, linewidth=0.8)
    ax.axhline(FEWEST_EFFECTIVE_DRAWS, color=ALARM, linewidth=0.8, linestyle="--", label="limit")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.minorticks_off()
    ax.set_ylabel(f"effective draws of {draws.max()}")


def _draw_k_hat(
    ax: Axes, block: Int[np.ndarray, " blocks"], k_hat: Float[np.ndarray, " blocks"], limit: float
) -> None:
    """Equal weights have no tail (-infinity), too few draws none that could be told (infinity)."""
    finite = np.isfinite(k_hat)
    _draw_blocks(ax, block[finite], k_hat[finite], k_hat[finite] > limit)
    ax.axhline(limit, color=ALARM, linewidth=0.8, linestyle="--")
    for infinite, height, marker in ((np.inf, 1, "^"), (-np.inf, 0, "v")):
        at = block[k_hat == infinite]
        color = ALARM if infinite > 0 else INK
        if len(at):
            edge = ax.get_xaxis_transform()
            ax.plot(at, np.full(len(at), height), marker, color=color, transform=edge, clip_on=False)
    ax.set_ylabel("Pareto k-hat")


def _draw_blocks(
    ax: Axes,
    block: Int[np.ndarray, " blocks"],
    value: Float[np.ndarray, " blocks"],
    bad: Bool[np.ndarray, " blocks"],
) -> None:
    size = 4 if len(block) <= 100 else 2
    ax.plot(block[~bad], value[~bad], "o", color=INK, markersize=size, label="block")
    if bad.any():
        ax.plot(block[bad], value[bad], "x", color=ALARM, markersize=6, label="block beyond the limit")


def _draw_largest(ax: Axes, weights: Float[np.ndarray, " m"], block: int) -> None:
    count = np.arange(1, len(weights) + 1)
    share = np.cumsum(np.sort(weights)[::-1])
    ax.set_xscale("log")
    ax.plot(count, share, color=INK, linewidth=1.5)
    ax.plot(count, count / len(weights), color=FAINT, linewidth=1, label="if all weights were equal")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(f"number of largest weights, block {block}")
    ax.set_ylabel("share of the weight")


def _weights_of(fit: Fit, block: int) -> Float[np.ndarray, " m"]:
    """The normalised weights of one block at the estimate."""
    likelihood = fit.estimate.likelihood
    point = likelihood.split(fit.estimate.argument)
    (found,) = (
        normalised(integrals.log_weights(*point)[integrals.block == block])
        for integrals in likelihood.integrals
        if (integrals.block == block).any()
    )
    return np.asarray(found.ravel())
