"""Writes lme4_laplace.json: what the translated calls of lme4 give for the examples, Laplace estimates.

Run by `python -m tests.reference.lme4_laplace --overwrite`, with R and lme4 installed.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import glmmspec as gs
from glmmspec.translation import translate
from tests.translate import r

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_suffix(".json")


def main() -> None:
    """Fit every example, and write the estimates; those that are there stay unless asked to go."""
    if GOLDEN.exists() and "--overwrite" not in sys.argv[1:]:
        sys.exit(f"{GOLDEN.name} is there: --overwrite replaces it")
    specs = sorted((ROOT / "examples").glob("*.glmm"))
    document = {
        "program": r.run('cat("lme4", as.character(packageVersion("lme4")), "with", R.version.string)'),
        "command": "glmmspec translate examples/NAME.glmm --to lme4",
        "date": datetime.date.today().isoformat(),
        "tolerance": "2e-3 of a value, or absolute below 1: lme4's optimizer stops at a relative change"
        " of about 1e-4, and its default has changed between versions",
        "fits": {spec.stem: r.glmer(translate(gs.read(spec), "lme4")) for spec in specs},
    }
    GOLDEN.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
