"""Writes lme4_laplace.json: what the translated calls of lme4 give, the Laplace estimates.

Run by `python -m tests.reference.lme4_laplace --overwrite`, with R and lme4 installed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import glmmspec as gs
from glmmspec.translate import translate
from tests.translate import r

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("lme4_laplace.json")


def main() -> None:
    """Fit every example, and write the estimates unless they are there and stay."""
    if GOLDEN.exists() and "--overwrite" not in sys.argv[1:]:
        sys.exit(f"{GOLDEN.name} is there: --overwrite replaces it")
    specs = sorted((ROOT / "examples").glob("*.glmm"))
    fits = {spec.stem: r.glmer(translate(gs.read(spec), "lme4")) for spec in specs}
    GOLDEN.write_text(json.dumps(fits, indent=1) + "\n")


if __name__ == "__main__":
    main()
