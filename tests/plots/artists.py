"""What a picture holds, read back."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer


def texts(axes: np.ndarray) -> str:
    """All that is written in a figure."""
    figure = axes[0].figure
    figure.canvas.draw()
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def segments(ax: Axes) -> np.ndarray:
    """The first line collection, that of `hlines`: x of both ends and y, a row each."""
    lines = next(part for part in ax.collections if isinstance(part, LineCollection))
    return np.array([[line[0, 0], line[1, 0], line[0, 1]] for line in lines.get_segments()])


def bars(ax: Axes, axis: int) -> np.ndarray:
    """Both ends of the bars of the first error bars, along an axis (0 is x)."""
    container = next(part for part in ax.containers if isinstance(part, ErrorbarContainer))
    return np.array([line[:, axis] for line in container.lines[2][0].get_segments()])


def marks(ax: Axes, marker: str) -> np.ndarray:
    """x and y of the points of all lines with a marker."""
    points = [line.get_xydata() for line in ax.lines if line.get_marker() == marker]
    return np.concatenate(points) if points else np.empty((0, 2))
