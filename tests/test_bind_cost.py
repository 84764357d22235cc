"""What binding many rows takes: time and memory in proportion to them, so that it never dominates a fit."""

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.design import bind

MODEL = gs.parse("y ~ x1 + x2 + f | g", family="bernoulli")
BYTES_PER_ROW = 320
"""At most, at the peak, beyond the data. The design keeps 138: six columns of X are 48 of these; building X
takes 48 twice for its columns and for the copy that no one else can change."""


def rows(n: int, *, names: bool) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    group = np.repeat(np.arange(n // 10), 10)
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, n),
            "x1": rng.standard_normal(n),
            "x2": rng.standard_normal(n),
            "f": rng.choice(["a", "b", "c", "d"], n),
            "g": [f"group {code}" for code in group] if names else group,
        }
    )


def seconds(frame: pd.DataFrame) -> float:
    """Processor time of one call, the least of three, since other processes share the caches."""
    times = []
    for _ in range(3):
        began = time.process_time()
        bind(MODEL, frame)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize("names", [False, True])
def test_time_grows_with_the_rows(names):
    """Four times the rows and groups: 4 if linear, 16 if any pair of rows, or of groups, were visited."""
    bind(MODEL, rows(100, names=names))
    few, many = (seconds(rows(n, names=names)) for n in (50_000, 200_000))
    assert many / few < 8


@pytest.mark.parametrize("names", [False, True])
def test_memory_is_a_few_copies_of_the_design(names):
    n = 100_000
    frame = rows(n, names=names)
    bind(MODEL, frame.iloc[:100])
    tracemalloc.start()
    try:
        bind(MODEL, frame)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / n < BYTES_PER_ROW
