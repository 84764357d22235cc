"""Residuals: their definitions, and that randomised quantile residuals are standard normal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.family import FAMILIES
from glmmspec.inference.residuals import _from_means, _quantile
from tests.solver import designs

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.mark.parametrize("family", FAMILIES)
def test_definitions(family):
    """Against scipy's densities: a deviance is twice the log density at the mean y/n less that at the fit."""
    design = designs.crossed(family, seed=3)
    mean = np.random.default_rng(0).uniform(0.1, 0.9, len(design.y))
    y, n = design.y, design.trials
    if family == "poisson":
        saturated, fitted = stats.poisson.logpmf(y, y), stats.poisson.logpmf(y, mean)
        variance = mean
    else:
        saturated, fitted = stats.binom.logpmf(y, n, y / n), stats.binom.logpmf(y, n, mean)
        variance = mean * (1 - mean)
    response = y / n - mean
    deviance = np.sign(response) * np.sqrt(2 * design.weights * (saturated - fitted))
    np.testing.assert_allclose(_from_means(design, mean, "response"), response)
    np.testing.assert_allclose(_from_means(design, mean, "deviance"), deviance, atol=1e-7)
    pearson = response * np.sqrt(design.weights * n / variance)
    np.testing.assert_allclose(_from_means(design, mean, "pearson"), pearson)


@pytest.mark.parametrize("family", FAMILIES)
def test_quantile_residuals_are_standard_normal(family):
    """Of a thousand independent rows with their own effects; a false alarm once in 1000 runs a family.

    Negative control: with a variance four times too large the distribution is refused.
    """
    rng = np.random.default_rng(5)
    base = designs.groups("bernoulli", seed=1, n_groups=1000, per_group=1, variance=1.0)
    trials = rng.integers(5, 20, 1000).astype(float) if family == "binomial" else np.ones(1000)
    beta, variances = np.array([0.2, 0.5]), np.array([1.0])
    eta = base.x @ beta + rng.normal(size=1000)
    y = FAMILIES[family].sample(rng, FAMILIES[family].cumulant(eta)[1], trials)
    design = replace(base, family=FAMILIES[family], y=y, trials=trials)
    right = stats.kstest(_quantile(design, beta, variances, seed=1), "norm").pvalue
    assert right > 0.001
    if family != "bernoulli":  # a single trial says nothing of a variance
        assert stats.kstest(_quantile(design, beta, 4 * variances, seed=1), "norm").pvalue < 0.001
    wrong = stats.kstest(_quantile(design, beta + np.array([1, 0]), variances, seed=1), "norm").pvalue
    assert wrong < 0.001


def test_of_a_fit():
    fit = gs.fit(EXAMPLES / "cbpp.glmm")
    assert fit.residuals().name == "deviance"
    assert list(fit.residuals("response").index) == list(fit.design.rows)
    np.testing.assert_allclose(fit.residuals("response"), fit.design.y / fit.design.trials - fit.fitted())
    once, again, other = (fit.residuals("quantile", seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_series_equal(once, again)
    assert not once.equals(other)
    with pytest.raises(gs.FitError, match="residuals of kind 'raw' are unknown"):
        fit.residuals("raw")


def test_rows_keep_their_labels(tmp_path):
    """Of a filtered frame, without rows that miss a value; and their positions, of a fit that was kept."""
    frame = gs.load_data("cbpp").set_index(pd.Index([f"r{i}" for i in range(56)], name="where"))
    frame = frame[frame["herd"] != "1"].astype({"incidence": float, "herd": str})
    frame.loc[["r10", "r20"], "incidence"] = np.nan
    spec = "family binomial\ncbind(incidence, size - incidence) ~ period | herd\nmissing drop"
    with pytest.warns(gs.GlmmSpecWarning, match="2 of 52 rows are left out"):
        fit = gs.fit(spec, frame)
    labels = frame.index.drop(["r10", "r20"])
    made = (fit.fitted(), fit.residuals(), fit.predict(), fit.simulate(2), fit.model_matrix())
    for each in made:
        pd.testing.assert_index_equal(each.index, labels)
    frame["fit"] = fit.fitted()
    assert list(frame.index[frame["fit"].isna()]) == ["r10", "r20"]
    fit.save(tmp_path / "fit")
    again = gs.load(tmp_path / "fit")
    for each in (again.fitted(), again.residuals(), again.predict(), again.simulate(), again.model_matrix()):
        assert list(each.index) == list(fit.design.rows)
