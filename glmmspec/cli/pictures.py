"""The pictures that `glmmspec fit --plot` writes."""

from __future__ import annotations

import io
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from glmmspec.files import check_writable, write_whole

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

NAMES = ("estimates", "random_effects", "convergence", "weights", "trace")
"""Each is drawn by `glmmspec.plots.NAME.plot_NAME`."""


def picture_paths(folder: Path) -> list[Path]:
    """The files that a folder is to receive.

    Raises
    ------
    GlmmSpecError
        If one of them could not be written.
    """
    paths = [folder / f"{name}.svg" for name in NAMES]
    for path in paths:
        check_writable(path)
    return paths


def write_pictures(fit: Fit, paths: list[Path]) -> None:
    """Draw a fit to the files of `picture_paths`, without a display; equal fits give equal files.

    Raises
    ------
    GlmmSpecError
        If a file cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    for name, path in zip(NAMES, paths, strict=True):
        write_whole(path, _svg(fit, name))


def _svg(fit: Fit, name: str) -> str:
    import matplotlib
    from matplotlib import pyplot

    text = io.StringIO()
    # The text stays text: whoever shows the picture has the letters that matplotlib's own font may lack.
    settings = {"svg.hashsalt": name, "svg.fonttype": "none"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        axes = getattr(import_module(f"glmmspec.plots.{name}"), f"plot_{name}")(fit)
        figure = axes[0].figure
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": "glmmspec", "Title": name})
        pyplot.close(figure)
    return text.getvalue()
