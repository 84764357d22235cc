"""Draw docs/plots/, the pictures in plots.md.

python docs/plots.py
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import matplotlib

import glmmspec as gs
from glmmspec.cli.pictures import picture_paths, write_pictures
from glmmspec.plots.svg import as_svg

ROOT = Path(__file__).parent.parent


def main(folder: Path) -> None:
    """Fit and draw."""
    matplotlib.use("agg")
    folder.mkdir(exist_ok=True)
    salamander = ROOT / "examples" / "salamander.glmm"
    write_pictures(gs.fit(salamander), picture_paths(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        collapsed = gs.fit(salamander, proposal="mixture", blocks="joint", points="random", draws=10_000)
    curves = gs.fit(ROOT / "examples" / "cbpp.glmm").profile(["period4", "herd"])
    pictures = {
        "profile": gs.plot_profile(curves),
        "collapsed_weights": gs.plot_weights(collapsed),
        "collapsed_convergence": gs.plot_convergence(collapsed),
    }
    for name, axes in pictures.items():
        (folder / f"{name}.svg").write_text(as_svg(axes, name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "plots")
