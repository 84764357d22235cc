"""What the fits in Python have in common: read the job, fit again and again, print what was found.

A fit prints lines of a word and values: `seconds` and `variance GROUP VALUE` once a fit, `fixed` likewise,
`peak_mib` at the end. Only what Python's peers have may be imported here.
"""

from __future__ import annotations

import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

Estimates = tuple[Iterable[float], Mapping[str, float]]
"""The fixed effects in order, and the variance of each group."""


def run(prepare: Callable[[dict[str, Any], pd.DataFrame], Callable[[int], Any]], read: Any) -> None:
    """Fit once cold and up to `repeats` times warm, for `budget` seconds at most.

    Parameters
    ----------
    prepare
        From the job and its data to the call that is timed, which takes a seed.
    read
        From what the call returns to `Estimates`.
    """
    warnings.simplefilter("ignore")
    job = json.loads(Path(sys.argv[1]).read_text())
    data = pd.read_csv(job["data"])
    for name in (*job["groups"], *job["factors"]):
        data[name] = data[name].astype(str).astype("category")
    fit = prepare(job, data)
    spent = 0.0
    for seed in range(1, job["repeats"] + 2):
        began = time.perf_counter()
        fitted = fit(seed)
        seconds = time.perf_counter() - began
        fixed, variances = read(fitted)
        say("seconds", seconds)
        say("fixed", *fixed)
        for group, variance in variances.items():
            say("variance", group, variance)
        spent += seconds
        if spent > job["budget"]:
            break
    say("peak_mib", int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024)


def say(word: str, *values: float | str) -> None:
    """Print one line of the answer."""
    print(word, *(value if isinstance(value, str) else repr(float(value)) for value in values), flush=True)
