"""A small study, also as a program to be killed: its arguments are folder, replications, processes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glmmspec.validation.study import Study, study

TRUTH = {"(Intercept)": 0.5, "x": 1.0, "a": 1.0, "b": 1.0}


def crossed(levels: int) -> pd.DataFrame:
    """Every level of a with every level of b, once; the responses are not used."""
    a, b = np.divmod(np.arange(levels**2), levels)
    x = np.random.default_rng(1).normal(size=levels**2)
    return pd.DataFrame({"y": a % 2, "x": x, "a": [f"a{i}" for i in a], "b": [f"b{i}" for i in b]})


def small_study(
    folder: Path | None,
    replications: int,
    processes: int = 1,
    levels: int = 12,
    estimators: Sequence[str] = ("pql", "laplace"),
) -> Study:
    """A crossed logit design."""
    return study(
        "family bernoulli\ny ~ x | a, b",
        TRUTH,
        estimators,
        replications,
        data=crossed(levels),
        path=folder,
        processes=processes,
    )


if __name__ == "__main__":
    small_study(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
