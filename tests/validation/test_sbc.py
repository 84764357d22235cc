"""Simulation-based calibration: uniform ranks where all is well, and only there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.prior import Distribution
from glmmspec.validation import data_sets
from glmmspec.validation.data_sets import BATCH, LOG_LIKELIHOOD, RankedDataSets
from glmmspec.validation.priors import ComponentPrior, Priors
from glmmspec.validation.sbc import ranked
from glmmspec.validation.uniformity import uniform_p_value

SPEC = "family bernoulli\ny ~ x | g"
KNOWN = SPEC + "\nprior fixed ~ normal(0, 1)\nprior sd(g) ~ half_normal(1)"
HERE = {"path": None, "processes": 1, "executor": None, "progress": None}


def grouped() -> pd.DataFrame:
    """Eight groups of five binary responses, which are not used."""
    x = np.random.default_rng(1).normal(size=40).round(2)
    return pd.DataFrame({"y": [0, 1, 1, 0, 1] * 8, "x": x, "g": np.repeat(list("abcdefgh"), 5)})


def from_the_prior(work: RankedDataSets) -> Callable[..., tuple[dict[str, np.ndarray], np.ndarray]]:
    """In place of NUTS: draws from the priors of `KNOWN`, whatever the responses are."""

    def draw(keys: object, y: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        rng = np.random.default_rng(int(y.sum()))
        sd = np.abs(rng.normal(size=(BATCH, work.draws, 1)))
        drawn = {
            "beta": rng.normal(size=(BATCH, work.draws, 2)),
            "nu": sd**2,
            "u[g]": sd * rng.normal(size=(BATCH, work.draws, 8)),
        }
        return drawn, np.zeros((BATCH, work.draws), dtype=bool)

    return draw


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_sets, "_sampler", from_the_prior)


@pytest.mark.slow
def test_a_sampler_that_returns_the_prior_is_found_by_the_log_likelihood(quick: None) -> None:
    """Its ranks of parameters are uniform (p below 0.01 at most 1 time in 100; the seed is fixed)."""
    found = gs.sbc(KNOWN, grouped(), replications=256)
    p_value = found.table()["p_value"]
    assert (p_value.drop(LOG_LIKELIHOOD) > 0.01).all()
    assert p_value[LOG_LIKELIHOOD] < 0.01
    assert not found.calibrated
    assert str(found).endswith("Ranks: not uniform (a p-value is below 0.01)")


def test_ranks_are_those_of_the_true_values(quick: None) -> None:
    """Among draws that do not depend on the data, a larger value has a larger rank."""
    results = gs.sbc(KNOWN, grouped(), replications=40, draws=999).results
    assert results["replication"].nunique() == 40
    assert results["quantity"].unique().tolist() == ["(Intercept)", "x", "g", LOG_LIKELIHOOD]
    for name, scale in (("x", stats.norm.cdf), ("g", lambda nu: stats.halfnorm.cdf(np.sqrt(nu)))):
        rows = results[results["quantity"] == name]
        # A rank is binomial(999, F(truth)), and its share within 5 of its sd of at most 0.016.
        np.testing.assert_allclose(rows["rank"] / 999, scale(rows["truth"]), atol=0.08)


def test_what_a_folder_keeps_is_not_made_again(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    one = gs.sbc(KNOWN, grouped(), replications=30, path=tmp_path / "s")
    two = gs.sbc(
        KNOWN, grouped(), replications=60, path=tmp_path / "s", progress=lambda *count: seen.append(count)
    )
    assert seen == [(2, 2)]
    pd.testing.assert_frame_equal(two.results[two.results["replication"] < 30], one.results)
    alone = gs.sbc(KNOWN, grouped(), replications=60)
    pd.testing.assert_frame_equal(two.results, alone.results, check_exact=True)
    with pytest.raises(gs.FitError, match="another study: its seed is 1"):
        gs.sbc(KNOWN, grouped(), replications=30, seed=2, path=tmp_path / "s")


def test_ranks_as_a_picture(quick: None) -> None:
    axes = gs.plot_ranks(gs.sbc(KNOWN, grouped(), replications=200))
    assert [ax.get_xlabel() for ax in axes][2:] == ["g", f"{LOG_LIKELIHOOD}: not uniform"]
    assert all(sum(patch.get_path().vertices[:, 1].max() > 0 for patch in ax.patches) for ax in axes)


@pytest.mark.slow
def test_the_p_value_is_uniform_where_values_are() -> None:
    """Of 500 sets 50 have p <= 0.1, binomially: outside [25, 80] 1 time in 10,000. Control: values that
    crowd in the middle, and values that crowd at the ends, are found."""
    rng = np.random.default_rng(3)
    p_values = [uniform_p_value(rng.random(30)) for _ in range(500)]
    assert 25 <= sum(p <= 0.1 for p in p_values) <= 80
    assert uniform_p_value(rng.beta(3, 3, size=100)) < 0.001
    assert uniform_p_value(rng.beta(0.5, 0.5, size=100)) < 0.001


@pytest.mark.parametrize(
    ("spec", "given", "message"),
    [
        (SPEC + "\nprior x ~ flat()", {}, "no value of 'x' can be drawn from a flat prior"),
        ("family bernoulli\nweights w\ny ~ x | g", {}, "counts other than once"),
        (SPEC, {"replications": 1}, "replications = 1"),
        (SPEC, {"thin": 0}, "thin = 0"),
        ("family poisson\ny ~ x | g\nprior `(Intercept)` ~ normal(99, 1)", {}, "no response can be drawn"),
    ],
)
def test_what_is_refused(spec: str, given: dict[str, int], message: str) -> None:
    with pytest.raises(gs.FitError, match=message):
        gs.sbc(spec, grouped().assign(w=2.0), **given)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_twin_is_calibrated_and_a_wrong_prior_is_not() -> None:
    """128 data sets, weak priors: a right program fails 1 time in 100; the seed is fixed.

    Control: true standard deviations from a prior three times as wide as that of the twin.
    """
    assert gs.sbc(SPEC, grouped(), replications=128, processes=2).calibrated
    found = ranked(wrong_prior(), 128, **HERE).table()["p_value"]
    assert found["g"] < 0.01
    assert found["x"] > 0.01


def wrong_prior() -> RankedDataSets:
    model = gs.parse(SPEC)
    design = gs.bind(model, grouped())
    priors = Priors.of(model, design, "weak")
    wide = ComponentPrior("sd", Distribution("half_student_t", (3.0, 7.5)))
    drawn_from = dataclasses.replace(priors, components=(wide,))
    return RankedDataSets(SPEC, design, drawn_from, priors, draws=99, thin=10, warmup=500, seed=1)
