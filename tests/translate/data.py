"""Data and models that are hard to write down in another language."""

from __future__ import annotations

import numpy as np
import pandas as pd

QUOTED = 'q"uo\\te'


def frame() -> pd.DataFrame:
    """240 rows, 24 groups of 10, with names and levels that have to be quoted."""
    random = np.random.default_rng(3)
    n = 240
    data = pd.DataFrame(
        {
            "y": random.integers(0, 2, n),
            "n": random.integers(2, 6, n),
            "count": random.poisson(2.0, n),
            "x": random.normal(size=n),
            "age": random.normal(size=n),
            "dose": random.uniform(1, 4, n),
            "week": np.tile([0, 2, 4, 6, 11], 48),
            "trt": random.choice(["b", "A", "c c"], n),
            "my group": np.repeat(np.arange(24), 10),
            "if": random.normal(size=n),
            "p": random.normal(size=n),
            QUOTED: random.choice(["it's", '"a"', "b\\"], n),
            "site": np.tile(np.arange(1, 7), 40),
            "flag": random.choice([True, False], n),
            "sex": random.choice(["T", "F"], n),
            "w": random.integers(0, 3, n),
        }
    )
    data["s"] = random.binomial(data["n"], 0.4)
    data["answer"] = np.where(data["y"] == 1, "yes", "no")
    return data


MODELS = {
    "functions": "y ~ trt + I(week > 2) + log(dose) + center(age) + scale(x) | `my group`",
    "elementwise": "y ~ log1p(dose) + sqrt(dose) + exp(age) + abs(x) + log2(dose) + I(2 * scale(p)) | site",
    "bases": "y ~ poly(x, 2) * flag + bs(age, df = 4) + bs(dose) | `my group`",
    "names": 'y ~ `if` + p + `q"uo\\\\te` | `my group`\nlevels `q"uo\\\\te` = "it\'s", \'"a"\', "b\\\\"',
    "factors": 'answer ~ relevel(factor(week), ref = "4") + I(sex == "T") + flag | `my group`',
    "interactions": "y ~ trt * x + p | A = (1 | `my group`:site)",
    "slopes": "y ~ x + (x || site) + (1 | `my group`)",
    "by type": "y ~ x | site:trt, trt:x",
    "comparisons": 'y ~ I((x > 0) + (p > 0)) + I(-week^2) + I(week + 1 == "7") + I(trt != "b") | `my group`',
    "no intercept": "y ~ 0 + factor(week) + flag | `my group`",
    "weights": "y ~ x | `my group`\nweights w",
    "proportion": "proportion(s, n) ~ x | `my group`",
    "cbind": "cbind(s, n - s) ~ 1 | site",
    "counts": "count ~ week | site, `my group`",
}
"""Formulas and statements by what is hard in them."""


def spec(name: str) -> str:
    """The whole spec of one of `MODELS`, on data in `hard.csv`."""
    family = {"proportion": "binomial", "cbind": "binomial", "counts": "poisson"}.get(name, "bernoulli")
    return f'title "t\\nquit()"\ndata "hard.csv"\nfamily {family}\n{MODELS[name]}\n'
