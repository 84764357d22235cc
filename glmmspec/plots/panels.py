"""What all pictures share: where they are drawn, and how their marks and names look.

Black and greys carry a picture; `BLUE` and `ALARM`, from the palette of Okabe and Ito, go with a mark or
a text of its own, so that nothing is told by colour alone. All else is left to matplotlib's settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from glmmspec.errors import FitError, printable

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

AxesGiven = Axes | Sequence[Axes] | np.ndarray | None
"""Where a picture goes: one Axes, or several, for each of its panels; None for a new figure of pyplot's."""

INK, FAINT, BLUE, ALARM = "black", "0.6", "#0072B2", "#D55E00"

_LONGEST_NAME = 40


def panels(
    ax: AxesGiven, count: int, *, columns: int, size: tuple[float, float], **sharing: Any
) -> np.ndarray:
    """The Axes given, or those of a new figure with `size` inches, width and height, in all.

    Raises
    ------
    FitError
        If there are not `count` of them.
    """
    if ax is None:
        from matplotlib import pyplot

        rows = -(-count // columns)
        _, grid = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **sharing)
        for empty in grid.ravel()[count:]:
            empty.remove()
        axes: np.ndarray = grid.ravel()[:count]
    else:
        axes = np.asarray(ax, dtype=object).ravel()
        if len(axes) != count or not all(isinstance(one, Axes) for one in axes):
            raise FitError(
                f"the picture has {count} panel{'s' if count > 1 else ''}, and ax is not as many Axes",
                hint="leave ax out to see them",
            )
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return axes


def interval_width(level: float) -> float:
    """z, by which a standard error is multiplied for an interval at a level.

    Raises
    ------
    FitError
        If the level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise FitError(f"level = {level:g} is not between 0 and 1")
    return float(ndtri((1 + level) / 2))


def shown(name: object) -> str:
    """A name as it can stand in a picture: without control characters, and cut where it is long."""
    text = printable(str(name))
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def label_rows(ax: Axes, names: Sequence[object]) -> None:
    """Names at heights 0, 1, ... from the top down."""
    # A name may hold dollar signs, which are not formulas here.
    ax.set_yticks(range(len(names)), [shown(name) for name in names], parse_math=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def doubt(fit: Fit) -> str | None:
    """What a picture says of a fit that is not to be relied on."""
    return None if fit.reliable else "not a reliable fit: see its warnings"


def explain(axes: np.ndarray, ax: AxesGiven, warning: str | None) -> None:
    """Say what the labelled marks are, under a warning if there is one.

    This stands above a figure of our own, and in the first panel of one that was given.
    """
    pairs = [pair for one in axes for pair in zip(*one.get_legend_handles_labels(), strict=True)]
    marks = {label: handle for handle, label in pairs}
    look = {"title": warning or None, "alignment": "left", "frameon": False}
    if ax is None:
        legend = axes[0].figure.legend(
            marks.values(), marks.keys(), loc="outside upper left", ncols=3, **look
        )
    else:
        legend = axes[0].legend(marks.values(), marks.keys(), **look)
    legend.get_title().set_color(ALARM)


def say(ax: Axes, text: str) -> None:
    """A text in the middle of a panel that has nothing else to show."""
    behind = {"facecolor": ax.get_facecolor(), "edgecolor": "none"}
    ax.text(
        0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=ALARM, bbox=behind, zorder=4
    )
