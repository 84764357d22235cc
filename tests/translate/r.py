"""Running translated code in R."""

from __future__ import annotations

import functools
import shutil
import subprocess
from typing import Any

_PRINT_GLMER = """
cat("#loglik", sprintf("%.17g", as.numeric(logLik(fit))), "\\n")
for (i in seq_along(fixef(fit))) cat("#fixed", sprintf("%.17g", fixef(fit)[i]), names(fixef(fit))[i], "\\n")
v <- as.data.frame(VarCorr(fit))
for (i in seq_len(nrow(v))) cat("#variance", sprintf("%.17g", v$vcov[i]), v$grp[i], "\\n")
"""


@functools.cache
def has(package: str) -> bool:
    """Whether there is an R with that package."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", f"quit(status = !nzchar(system.file(package = '{package}')))"]
    return subprocess.run(asked, capture_output=True, timeout=120).returncode == 0


def run(code: str) -> str:
    """What R prints when it runs the code, with warnings as errors."""
    ended = subprocess.run(
        ["Rscript", "-"], input=f"options(warn = 2)\n{code}", capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, f"{ended.stderr}\nfrom\n{code}"
    return ended.stdout


def glmer(*codes: str) -> list[dict[str, Any]]:
    """The fit of each translated code for lme4: log-likelihood, fixed effects and variances."""
    fits: list[dict[str, Any]] = []
    for line in run("".join(code + _PRINT_GLMER for code in codes)).splitlines():
        match line.removeprefix("#").split() if line.startswith("#") else []:
            case ["loglik", value]:
                fits.append({"loglik": float(value), "fixed": {}, "variance": {}})
            case ["fixed" | "variance" as part, value, *name]:
                fits[-1][part][" ".join(name)] = float(value)
    assert len(fits) == len(codes)
    return fits
