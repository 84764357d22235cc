"""A few of the cases that `python -m fuzz` tries by the hundred thousand, and all that it has found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from fuzz.__main__ import fuzzed
from fuzz.cases import TARGETS, data_are_bound_or_refused

ROOT = Path(__file__).parents[1]
CASES = 100_000
"""How many the slow test tries in an hour."""


@pytest.mark.parametrize("kind", TARGETS)
def test_some_cases_of_every_kind(kind: str) -> None:
    fuzzed(TARGETS[kind], cases=40, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(3700)
def test_a_hundred_thousand_cases_in_an_hour() -> None:
    """Each within 10 s, all within 4 GiB, as `python -m fuzz` bounds them."""
    each = str(CASES // len(TARGETS))
    started = {kind: subprocess.Popen([sys.executable, "-m", "fuzz", kind, "--cases", each], cwd=ROOT,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for kind in TARGETS}  # fmt: skip
    for kind, process in started.items():
        said, failure = process.communicate(timeout=3600)
        assert process.returncode == 0, failure[-4000:]
        assert said.startswith(f"{kind}: {each} cases in ")


def test_a_hundred_thousand_columns() -> None:
    """Of which the model uses three; the others are not looked at."""
    frame = pd.DataFrame({f"x{i}": [1, 2, 0, 1] for i in range(100_000)}).assign(g=list("aabb"), y=1)
    data_are_bound_or_refused(("family poisson\ny ~ x5 | g\n", frame))
    data_are_bound_or_refused(("family poisson\ny ~ z5 | g\n", frame))
