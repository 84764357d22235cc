"""A weight counts its row: 0 drops it, 2 writes it twice."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs

RELATIVE = 1e-9
RESPONSES = {"bernoulli": "y", "binomial": "cbind(y, trials - y)", "poisson": "y"}
R_ESTIMATOR = {"proposal": "mixture", "points": "random", "df": 5}


def simulated(family: str, seed: int = 0) -> pd.DataFrame:
    """Ten groups crossed with five, three rows in each; weights 0, 1, 2 in random order within a cell."""
    rng = np.random.default_rng(seed)
    g, h = (part.ravel() for part in np.meshgrid(range(10), range(5), indexing="ij"))
    g, h = np.repeat(g, 3), np.repeat(h, 3)
    n = len(g)
    x, offset = rng.normal(size=n), rng.normal(scale=0.2, size=n)
    eta = 0.3 - 0.5 * x + offset + rng.normal(size=10)[g] + 0.7 * rng.normal(size=5)[h]
    trials = rng.integers(1, 6, n) if family == "binomial" else np.ones(n, dtype=int)
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.binomial(trials, 1 / (1 + np.exp(-eta)))
    weights = rng.permuted(np.tile([0, 1, 2], (n // 3, 1)), axis=1).ravel()
    columns = {"y": y, "trials": trials, "x": x, "o": offset, "w": weights}
    return pd.DataFrame({"g": g.astype(str), "h": h.astype(str), **columns})


def fits(family: str, frame: pd.DataFrame, random: str = "g, h", **options: object) -> tuple[gs.Fit, gs.Fit]:
    """With the weights, and with the rows dropped and repeated as they say."""
    formula = f"{RESPONSES[family]} ~ x + offset(o) | {random}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        weighted = gs.fit(f"{formula}\nweights w", frame, family=family, **options)
        rows = frame.loc[frame.index.repeat(frame.w)]
        return weighted, gs.fit(formula, rows, family=family, **options)


RANDOM = ("g, h", "g", "g, slope = (0 + x | g)")
QUICK = {
    ("g, h", "bernoulli", "default"), ("g, h", "binomial", "R"), ("g", "poisson", "default"),
    ("g", "bernoulli", "R"), (RANDOM[2], "binomial", "default"), (RANDOM[2], "poisson", "R"),
}  # fmt: skip
"""Each estimator with each random part, and with each family."""


@pytest.mark.parametrize(
    ("random", "family", "estimator"),
    [
        pytest.param(*each, marks=[] if each in QUICK else pytest.mark.slow)
        for each in itertools.product(RANDOM, RESPONSES, ["default", "R"])
    ],
)
def test_weights_are_rows(random, family, estimator):
    """Every level keeps a row, so that the blocks (one, ten, ten), and with them the draws, are the same."""
    options = R_ESTIMATOR if estimator == "R" else {}
    weighted, repeated = fits(family, simulated(family), random, draws=1024, **options)
    np.testing.assert_allclose(weighted.params(), repeated.params(), rtol=RELATIVE)
    np.testing.assert_allclose(weighted.se(), repeated.se(), rtol=RELATIVE)
    np.testing.assert_allclose(weighted.mcvcov(), repeated.mcvcov(), rtol=1e-6, atol=1e-15)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=RELATIVE)


def test_weights_are_not_ignored():
    """Negative control: the same rows, each counted once, have another maximum."""
    frame = simulated("poisson")
    weighted, _ = fits("poisson", frame, draws=1024)
    unweighted, _ = fits("poisson", frame.assign(w=1), draws=1024)
    assert (np.abs(weighted.params() / unweighted.params() - 1) > 1e4 * RELATIVE).all()


def test_a_level_whose_rows_all_weigh_nothing():
    """Kept or dropped, it does not change the likelihood, but the draws: equal within 4 Monte Carlo
    errors, which chance exceeds 6e-5 an estimate."""
    frame = simulated("poisson")
    frame.loc[frame.g == "3", "w"] = 0
    weighted, dropped = fits("poisson", frame, draws=4096)
    assert len(weighted.design.random[0].levels) == 10
    assert len(dropped.design.random[0].levels) == 9
    assert weighted.nobs == (frame.w > 0).sum()
    error = np.sqrt(weighted.mcse() ** 2 + dropped.mcse() ** 2)
    assert (np.abs(weighted.params() - dropped.params()) < 4 * error).all()
    assert (error < 0.1 * dropped.se()).all()


@pytest.mark.parametrize("wild", [-999.0, 1e9])
def test_rows_of_weight_0_say_nothing(wild):
    """Whatever stands in them: starts, scales and orthonormal columns come from the rows that count."""
    frame = simulated("bernoulli")
    frame.loc[frame.w == 0, ["x", "o"]] = wild
    weighted, dropped = fits("bernoulli", frame, "(0 + x | g)")
    assert weighted.converged
    np.testing.assert_allclose(weighted.params(), dropped.params(), rtol=1e-6, atol=1e-8)
    assert weighted.loglik == pytest.approx(dropped.loglik, rel=1e-9)
