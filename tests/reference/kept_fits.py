"""Writes kept fits of the present version to kept_fits/. What is there is never written again:

python tests/reference/kept_fits.py
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

import glmmspec as gs
from glmmspec.inference.storage import VERSION, save

HERE = Path(__file__).parent
SPEC = """
title "Every kind of column"
family poisson
levels size = small, large
factor day, price
y ~ x + size + flag | A = day, B = day:x, C = price
weights w
offset log(exposure)
missing drop
"""

NESTED = "family poisson\nlevels YEAR = 95, 96, 97\nTICKS ~ YEAR + cHEIGHT | BROOD, LOCATION, INDEX"


def columns() -> pd.DataFrame:
    rng = np.random.default_rng(20_240_229)
    n, day = 48, np.repeat(np.arange(8), 6)
    data = pd.DataFrame(
        {
            "y": pd.array(rng.poisson(2 + rng.gamma(2, size=8)[day]), dtype="Int64"),
            "x": rng.normal(size=n).round(3),
            "size": pd.Categorical(np.tile(["small", "large"], 24), ["large", "medium", "small"]),
            "flag": np.tile([True, True, False], 16),
            "day": [datetime.date(2024, 2, 20 + int(d)) for d in day],
            "price": [Decimal(int(p)) / 2 for p in rng.integers(1, 5, n)],
            "w": np.tile([1, 2], 24).astype("int8"),
            "exposure": np.tile([1.0, 0.5, 2.0, 1.5], 12).astype("float32"),
        }
    )
    data.loc[[3, 40], "x"] = np.nan
    return data


def few_events() -> pd.DataFrame:
    """Crossed counts; one of three levels of `a` has none, so that its effect is drawn along a bent axis."""
    rng = np.random.default_rng(4)
    g, a = np.repeat(np.arange(12), 6), np.arange(72) % 3
    rate = np.exp(0.3 + np.array([2.0, 1.0, -7.0])[a] + 0.7 * rng.normal(size=12)[g])
    return pd.DataFrame({"y": rng.poisson(rate), "g": [f"g{i:02d}" for i in g], "a": [f"a{i}" for i in a]})


def fits() -> dict[str, gs.Fit]:
    settings = {"draws": 64, "seed": 7, "proposal": "mixture", "blocks": "joint", "points": "random"}
    return {
        "salamander": gs.fit(HERE.parent.parent / "examples" / "salamander.glmm"),
        "columns": gs.fit(SPEC, columns(), **settings),
        "nested": gs.fit(NESTED, gs.load_data("grouseticks")),
        "few_events": gs.fit("family poisson\ny ~ 1 | g, a", few_events()),
        "crossed": gs.fit(HERE.parent.parent / "examples" / "salamander.glmm", blocks="conditional"),
    }


if __name__ == "__main__":
    for name, fit in fits().items():
        path = HERE / "kept_fits" / f"{name}-{VERSION}.json"
        if not path.exists():
            save(fit, path)
