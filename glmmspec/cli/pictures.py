"""The pictures that `glmmspec fit --plot` writes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from glmmspec.files import check_writable, write_whole

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

NAMES = ("estimates", "random_effects", "convergence", "weights", "trace")
"""Each is drawn by `glmmspec.plots.NAME.plot_NAME`."""

_OF_DRAWS = ("convergence", "weights")
"""Those that a fit by quadrature does not have."""


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

    Pictures of draws are left out where there are none.

    Raises
    ------
    GlmmSpecError
        If a file cannot be written.
    """
    import matplotlib

    from glmmspec.plots.svg import as_svg

    matplotlib.use("agg")
    for name, path in zip(NAMES, paths, strict=True):
        if name in _OF_DRAWS and not fit.n_draws:
            continue
        draw = getattr(import_module(f"glmmspec.plots.{name}"), f"plot_{name}")
        write_whole(path, as_svg(draw(fit), name))
