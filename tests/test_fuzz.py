"""A few of the cases that `python -m fuzz` tries by the hundred thousand, and all that it has found."""

from __future__ import annotations

import re
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
    ended = subprocess.run(
        [sys.executable, "-m", "fuzz", "--cases", each], cwd=ROOT, capture_output=True, text=True, timeout=3600
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert re.findall(r"(\w+): (\d+) cases", ended.stdout) == [(kind, each) for kind in TARGETS]


def test_a_hundred_thousand_columns() -> None:
    """Of which the model uses three; the others are not looked at."""
    frame = pd.DataFrame({f"x{i}": [1, 2, 0, 1] for i in range(100_000)}).assign(g=list("aabb"), y=1)
    data_are_bound_or_refused(("family poisson\ny ~ x5 | g\n", frame))
    data_are_bound_or_refused(("family poisson\ny ~ z5 | g\n", frame))
