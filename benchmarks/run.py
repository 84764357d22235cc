"""Time glmmspec against lme4 on the salamander data, in one run, as ratios.

    python benchmarks/run.py

lme4's glmer (Laplace) is timed if Rscript with lme4 is there. Prints Markdown.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import glmmspec as gs

ROOT = Path(__file__).parent.parent
REPEATS = 5

GLMER = """
suppressMessages(library(lme4))
d <- read.csv("{csv}"); d$Female <- factor(d$Female); d$Male <- factor(d$Male)
fit <- function() glmer(Mate ~ 0 + Cross + (1 | Female) + (1 | Male), d, binomial)
invisible(fit())
cat(sapply(1:{repeats}, function(i) system.time(fit())[["elapsed"]]))
"""


def main() -> None:
    """Print the table."""
    spec, csv = ROOT / "examples" / "salamander.glmm", ROOT / "glmmspec" / "datasets" / "salamander.csv"
    exact = json.loads((ROOT / "tests" / "reference" / "mle.json").read_text())["salamander"]
    model, seconds, errors = gs.read(spec), [], []
    gs.fit(model)
    for seed in range(1, REPEATS + 1):
        began = time.perf_counter()
        fit = gs.fit(model, seed=seed)
        seconds.append(time.perf_counter() - began)
        truth = [*exact["fixed"].values(), *exact["variance"].values()]
        errors.append(float(((fit.params() - truth) / list(exact["se"].values())).abs().max()))
    ours = statistics.median(seconds)
    rows = [("glmmspec fit, default tolerance, warm", ours), *glmer(csv), *cold(spec)]
    print("| salamander | seconds | ratio to ours |\n|---|---|---|")
    for label, value in rows:
        print(f"| {label} | {value:.3f} | {value / ours:.2f} |")
    print(
        f"\nLargest distance from the exact MLE, in standard errors, over {REPEATS} seeds: {max(errors):.3f}"
    )


def glmer(csv: Path) -> list[tuple[str, float]]:
    """lme4's Laplace fit, warm, if it is installed."""
    if shutil.which("Rscript") is None:
        return []
    script = GLMER.format(csv=csv, repeats=REPEATS)
    done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return []
    return [("lme4 glmer, Laplace, warm", statistics.median(map(float, done.stdout.split())))]


def cold(spec: Path) -> list[tuple[str, float]]:
    """Whole commands, from a shell."""
    program = str(Path(sys.executable).with_name("glmmspec"))
    rows = []
    for command in ("fit", "check"):
        times = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([program, command, str(spec)], capture_output=True, check=True)
            times.append(time.perf_counter() - began)
        rows.append((f"glmmspec {command}, cold", min(times)))
    return rows


if __name__ == "__main__":
    warnings.simplefilter("ignore", gs.GlmmSpecWarning)
    main()
