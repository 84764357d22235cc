"""Draw docs/salamander.svg, the picture in README.md: a terminal with the fit of the salamander data.

python docs/picture.py
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

import glmmspec as gs

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Fit and draw."""
    fit = gs.fit(ROOT / "examples" / "salamander.glmm")
    console = Console(record=True, width=86, file=io.StringIO())
    console.print(Text("$ glmmspec fit examples/salamander.glmm", style="bold"))
    console.print(Text(re.sub(r"; [0-9.]+ s$", "", str(fit.summary()), flags=re.MULTILINE)))
    svg = console.export_svg(title="glmmspec", unique_id="salamander")
    (ROOT / "docs" / "salamander.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
