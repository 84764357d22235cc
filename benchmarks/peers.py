"""The programs that are measured, and which of them are installed."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cases import Case

FITS = Path(__file__).parent / "fits"


@dataclass(frozen=True)
class Peer:
    """One program with one of its methods.

    Attributes
    ----------
    name, method
        What the tables call it.
    package
        Its package, in Python or in R.
    script
        The file in fits/ that runs it.
    kind
        What its answer is an approximation by: the fastest `laplace` is what others are compared with, and
        `quadrature` stands for the exact answer where none is known.
    nodes
        Of quadrature; 1 is Laplace's approximation.
    most_rows
        It is not run on more: it would take longer than all others together.
    one_grouping
        It takes a single grouping factor.
    binomial
        It takes counts of successes and failures.
    """

    name: str
    method: str
    package: str
    script: str
    kind: Literal["ours", "laplace", "quadrature", "other"]
    nodes: int = 1
    most_rows: int = 10**6
    one_grouping: bool = False
    binomial: bool = True

    @property
    def in_r(self) -> bool:
        return self.script.endswith(".R")

    def takes(self, case: Case) -> bool:
        return (
            case.n_rows <= self.most_rows
            and not (self.one_grouping and len(case.groups) > 1)
            and (self.binomial or not case.failures)
        )

    def interpreter(self, python: str) -> str:
        """R, or a Python: for our own fits that of the benchmark, else the one given."""
        return "Rscript" if self.in_r else sys.executable if self.kind == "ours" else python

    def command(self, python: str, *arguments: str) -> list[str]:
        """The command of its process."""
        return [self.interpreter(python), str(FITS / self.script), *arguments]


PEERS = (
    Peer("glmmspec", "Monte Carlo likelihood", "glmmspec", "ours.py", "ours"),
    Peer("glmm (PyPI)", "Laplace", "glmm", "glmm_rust.py", "laplace"),
    Peer("lme4", "Laplace", "lme4", "mixed_model.R", "laplace", most_rows=10**5),
    Peer("glmmTMB", "Laplace", "glmmTMB", "mixed_model.R", "laplace", most_rows=10**5),
    Peer("mixedlm", "Laplace", "mixedlm", "mixed_lm.py", "laplace"),
    Peer(
        "lme4",
        "quadrature, 25 nodes",
        "lme4",
        "mixed_model.R",
        "quadrature",
        nodes=25,
        most_rows=10**4,
        one_grouping=True,
    ),
    Peer(
        "glmm (PyPI)",
        "quadrature, 25 nodes",
        "glmm",
        "glmm_rust.py",
        "quadrature",
        nodes=25,
        one_grouping=True,
    ),
    Peer(
        "statsmodels",
        "variational Bayes",
        "statsmodels",
        "bayes_mixed_glm.py",
        "other",
        most_rows=1000,
        binomial=False,
    ),
    Peer("bambi", "posterior mean by NUTS", "bambi", "bambi_nuts.py", "other", most_rows=1000),
    Peer("glmm (R)", "Monte Carlo likelihood", "glmm", "mixed_model.R", "other", most_rows=1000),
)
"""Ours, the approximations by Laplace, quadrature, and the rest."""


@functools.cache
def version(peer: Peer, python: str) -> str | None:
    """The version that is installed, or None."""
    if peer.in_r:
        code = ["-e", f"cat(as.character(packageVersion('{peer.package}')))"]
    else:
        code = ["-c", f"import importlib.metadata as m; print(m.version('{peer.package}'))"]
    interpreter = peer.interpreter(python)
    if shutil.which(interpreter) is None:
        return None
    asked = subprocess.run([interpreter, *code], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None
