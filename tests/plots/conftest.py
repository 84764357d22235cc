"""Fits to draw, and a pyplot that holds no figure of another test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

import glmmspec as gs
from tests.inference.test_fit import quiet_fit

EXAMPLES = Path(__file__).parents[2] / "examples"

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture(scope="session")
def salamander() -> gs.Fit:
    """Several rounds, two random terms."""
    return gs.fit(EXAMPLES / "salamander.glmm")


@pytest.fixture(scope="session")
def unreliable() -> gs.Fit:
    """R's estimator, where one draw carries much of the weight."""
    model = gs.read(EXAMPLES / "salamander.glmm")
    return quiet_fit(model, proposal="mixture", blocks="joint", points="random", draws=2000)[0]


@pytest.fixture(scope="session")
def boundary() -> gs.Fit:
    """The variance of g is 0, that of h is not; a column is called `$x$`."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {"g": np.repeat(np.arange(30), 8), "$x$": rng.normal(size=240), "h": np.tile(np.arange(8), 30)}
    )
    effects = np.random.default_rng(0).normal(size=8)[data["h"]]
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-0.2 - 0.5 * data["$x$"] - effects))
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ `$x$` | g, h"), data, draws=512)
    assert fit.on_boundary == ("g",)
    return fit
