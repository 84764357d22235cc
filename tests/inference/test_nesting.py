"""One model inside another: the map of their parameters, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.errors import FitError
from glmmspec.inference.nesting import Nesting

RNG = np.random.default_rng(0)
N = 60
DATA = pd.DataFrame(
    {
        "y": RNG.integers(0, 2, N),
        "x": RNG.normal(size=N) + 1e4,
        "z": RNG.normal(size=N),
        "f": np.resize(["a", "b", "c"], N),
        "g": np.resize(np.arange(10), N),
        "h": np.resize(np.arange(7), N),
        "w": RNG.uniform(size=N),
    }
)


def bound(formula: str, data: pd.DataFrame = DATA, **options: str) -> gs.Design:
    statements = "".join(f"{name} {value}\n" for name, value in {"family": "bernoulli", **options}.items())
    return gs.bind(gs.parse(statements + formula), data)


@pytest.mark.parametrize(
    ("small", "large", "equalities", "zero"),
    [
        ("y ~ x | g", "y ~ x + z | g", 1, ()),
        ("y ~ 1 | g", "y ~ 0 + f | g", 2, ()),
        ("y ~ f + I(2*x - z) | g", "y ~ 0 + f + x + z | g", 1, ()),
        ("y ~ offset(3*x + 1) | g", "y ~ x | g", 1, ()),
        ("y ~ x | g", "y ~ x | g, h", 0, ("h",)),
        ("y ~ z | h", "y ~ x + z | g, h, k = (0 + z | g)", 1, ("g", "k")),
        ("y ~ x | v = g, v = h", "y ~ x | g, h", 1, ()),
        ("y ~ x | v = g, v = h", "y ~ x | h, g, k = (0 + z | h)", 1, ("k",)),
        ("y ~ 0 | g", "y ~ x | g", 2, ()),
    ],
)
def test_nested(small, large, equalities, zero):
    """At any parameters of the smaller model, the larger has the same predictor and variance of each term."""
    within, around = bound(small), bound(large)
    nesting = Nesting.between(within, around)
    assert nesting.equalities == equalities
    assert nesting.zero == zero
    psi = RNG.uniform(0.5, 1.5, len(within.parameters))
    mapped = nesting.matrix @ psi + nesting.constant
    p, q = len(within.coefficients), len(around.coefficients)
    np.testing.assert_allclose(
        around.x @ mapped[:q] + around.offset, within.x @ psi[:p] + within.offset, rtol=1e-9
    )
    of_small = {term.name: psi[p + term.component] for term in within.random}
    for term in around.random:
        assert mapped[q + term.component] == of_small.get(term.name, 0.0)


def test_the_order_of_levels_does_not_matter():
    relabelled = DATA.assign(g=pd.Categorical(DATA["g"], categories=range(9, -1, -1)))
    assert Nesting.between(bound("y ~ 1 | g"), bound("y ~ x | g", relabelled)).equalities == 1


@pytest.mark.parametrize(
    ("small", "large", "message"),
    [
        ("y ~ z | g", "y ~ x + f | g", "'z' of the smaller is no combination of the larger's fixed"),
        ("y ~ offset(z) | g", "y ~ x | g", "'the offset' of the smaller"),
        ("y ~ x | h", "y ~ x + z | g", "the larger has no random term 'h'"),
        ("y ~ x | (0 + z | g)", "y ~ x + z | g", "no random term '0 \\+ z | g'"),
        ("y ~ x | g", "y ~ x + z | v = g, v = h", "that share the variance v in the larger"),
        ("y ~ x | g, h", "y ~ x + z + f | v = g, v = h", "that share the variance v in the larger"),
        ("y ~ x | g", "y ~ I(2*x) | g", "of one model"),
        ("y ~ f | g", "y ~ 0 + f | g", "of one model"),
    ],
)
def test_not_nested(small, large, message):
    with pytest.raises(FitError, match=message):
        Nesting.between(bound(small), bound(large))


@pytest.mark.parametrize(
    ("other", "options", "message"),
    [
        (DATA.iloc[:-1], {}, r"different rows of the data \(60 and 59\)"),
        (DATA.assign(y=1 - DATA["y"]), {}, "differ in their response"),
        (DATA, {"weights": "w"}, "differ in their weights"),
        (DATA, {"family": "poisson"}, "families differ: bernoulli and poisson"),
    ],
)
def test_other_data(other, options, message):
    with pytest.raises(FitError, match=message):
        Nesting.between(bound("y ~ 1 | g"), bound("y ~ x | g", other, **options))


def test_trials_must_agree():
    within, around = (
        bound(f"cbind(y, {n} - y) ~ {fixed} | g", family="binomial") for n, fixed in ((2, "1"), (3, "x"))
    )
    with pytest.raises(FitError, match="differ in their trials"):
        Nesting.between(within, around)
