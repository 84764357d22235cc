"""Small simulated designs that exercise every feature the solver sees."""

from __future__ import annotations

import numpy as np

from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES


def crossed(
    family: str,
    *,
    seed: int = 0,
    blocks: int = 3,
    rows: int = 8,
    effects: tuple[int, int] = (3, 2),
    shared: bool = False,
    variances: tuple[float, float] = (0.8, 0.5),
) -> Design:
    """Blocks of two crossed factors, the second a random slope, with weights and offsets.

    The last block has fewer rows than the others, and the rows are shuffled, so that padding and
    order matter if they can.
    """
    rng = np.random.default_rng(seed)
    sizes = [rows] * (blocks - 1) + [rows - 3]
    block = np.repeat(np.arange(blocks), sizes)
    n = len(block)
    within = np.concatenate([np.arange(size) for size in sizes])
    first = block * effects[0] + within // effects[1] % effects[0]
    second = block * effects[1] + within % effects[1]
    order = rng.permutation(n)
    slope = rng.normal(size=n)
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    offset = rng.normal(scale=0.2, size=n)
    u = [rng.normal(scale=variances[t] ** 0.5, size=blocks * effects[t]) for t in range(2)]
    eta = x @ [0.3, -0.5] + offset + u[0][first] + slope * u[1][second]
    trials = rng.integers(1, 6, n).astype(float) if family == "binomial" else np.ones(n)
    if family == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    else:
        y = rng.binomial(trials.astype(int), 1 / (1 + np.exp(-eta))).astype(float)
    terms = [
        RandomEffects("a", "a", _names(blocks * effects[0]), first[order], np.ones(n), 0),
        RandomEffects(
            "b:z", "b", _names(blocks * effects[1]), second[order], slope[order], 0 if shared else 1
        ),
    ]
    return Design(
        family=FAMILIES[family],
        y=y[order],
        trials=trials[order],
        x=x[order],
        coefficients=("(Intercept)", "x"),
        weights=rng.choice([0.0, 0.5, 1.0, 2.0], size=n)[order],
        offset=offset[order],
        random=tuple(terms),
        components=("v",) if shared else ("a", "b:z"),
        rows=np.arange(n),
        n_dropped=0,
        data_hash="",
    )


def groups(
    family: str, *, seed: int, n_groups: int, per_group: int, variance: float, beta: float = 0.5
) -> Design:
    """One random intercept."""
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(n_groups), per_group)
    n = len(code)
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    eta = x @ [0.2, beta] + rng.normal(scale=variance**0.5, size=n_groups)[code]
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(n) < 1 / (1 + np.exp(-eta))
    return Design(
        family=FAMILIES[family],
        y=np.asarray(y, dtype=float),
        trials=np.ones(n),
        x=x,
        coefficients=("(Intercept)", "x"),
        weights=np.ones(n),
        offset=np.zeros(n),
        random=(RandomEffects("g", "g", _names(n_groups), code, np.ones(n), 0),),
        components=("g",),
        rows=np.arange(n),
        n_dropped=0,
        data_hash="",
    )


def nested(family: str, *, seed: int = 3, slope: bool = False) -> Design:
    """Two or three plots in each of four sites, two or three pots in each plot, one or two rows in each pot.

    With `slope`, the pots have a slope of their own beside the intercept. Weights and offsets as in `crossed`.
    """
    rng = np.random.default_rng(seed)
    sites = np.arange(4)
    plots = np.repeat(sites, [2, 3, 2, 3])
    pots = np.repeat(np.arange(len(plots)), rng.integers(2, 4, len(plots)))
    pot = rng.permutation(np.repeat(np.arange(len(pots)), rng.integers(1, 3, len(pots))))
    plot = pots[pot]
    site, n = plots[plot], len(pot)
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    z = rng.normal(size=n)
    terms = [
        RandomEffects("site:plot", "site:plot", _names(len(plots)), plot, np.ones(n), 1),
        RandomEffects("site", "site", _names(len(sites)), site, np.ones(n), 0),
        RandomEffects("pot", "pot", _names(len(pots)), pot, np.ones(n), 2),
        RandomEffects("pot:z", "pot", _names(len(pots)), pot, z, 3),
    ][: 4 if slope else 3]
    eta = x @ [0.3, -0.5] + rng.normal(scale=0.8, size=len(plots))[plot]
    trials = rng.integers(1, 6, n).astype(float) if family == "binomial" else np.ones(n)
    if family == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    else:
        y = rng.binomial(trials.astype(int), 1 / (1 + np.exp(-eta))).astype(float)
    return Design(
        family=FAMILIES[family],
        y=y,
        trials=trials,
        x=x,
        coefficients=("(Intercept)", "x"),
        weights=rng.choice([0.5, 1.0, 2.0], size=n),
        offset=rng.normal(scale=0.2, size=n),
        random=tuple(terms),
        components=("site", "site:plot", "pot", "pot:z")[: 4 if slope else 3],
        rows=np.arange(n),
        n_dropped=0,
        data_hash="",
    )


def _names(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
