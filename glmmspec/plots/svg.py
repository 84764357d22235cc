"""Pictures as SVG files."""

from __future__ import annotations

import io
import warnings

import matplotlib
import numpy as np
from matplotlib import pyplot


def as_svg(axes: np.ndarray, title: str) -> str:
    """The figure of a picture as SVG, the same text for the same picture; the figure is closed.

    Text stays text: whoever shows the picture has the letters that matplotlib's own font may lack.
    """
    figure, file = axes[0].figure, io.StringIO()
    settings = {"svg.hashsalt": title, "svg.fonttype": "none"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": "glmmspec", "Title": title})
    pyplot.close(figure)
    return file.getvalue()
