"""marginaleffects, fed with our fits, gives our predictions and their standard errors."""

from pathlib import Path

import marginaleffects
import numpy as np
import pandas as pd
import pytest

import glmmspec as gs

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def salamander() -> gs.Fit:
    return gs.fit(EXAMPLES / "salamander.glmm")


@pytest.mark.parametrize("random", ["marginal", "population"])
def test_means_are_our_predictions(salamander, random):
    """Errors by finite differences there and by formula here."""
    means = salamander.marginal_means("Cross", random=random)
    new = pd.DataFrame({"Cross": ["R/R", "R/W", "W/R", "W/W"]})
    ours = salamander.predict(new, random=random)
    assert list(means["Cross"]) == list(new["Cross"])
    np.testing.assert_allclose(means["estimate"], ours["estimate"], rtol=1e-10)
    np.testing.assert_allclose(means["std_error"], ours["se"], rtol=1e-4)
    np.testing.assert_allclose(means[["conf_low", "conf_high"]], ours[["lower", "upper"]], rtol=1e-4)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_intervals_of_means_keep_to_the_range_of_the_response(family):
    """One event among 60 of a kind: an interval that is symmetric about the mean reaches below 0."""
    i, rare = np.arange(120) % 60, np.arange(120) < 60
    y = np.where(rare, i == 0, i % 2)
    data = pd.DataFrame({"y": y, "x": np.where(rare, "rare", "usual"), "g": i % 12})
    fit = gs.fit(f"family {family}\ny ~ x | g", data)
    means = fit.marginal_means("x").set_index("x")
    assert means.loc["rare", "estimate"] < 1.96 * means.loc["rare", "std_error"]
    assert (means["conf_low"] > 0).all()
    assert (means["conf_low"] < means["estimate"]).all()
    assert (means["estimate"] < means["conf_high"]).all()
    assert family == "poisson" or (means["conf_high"] < 1).all()


def test_contrasts_are_differences_of_means(salamander):
    means = salamander.marginal_means("Cross")["estimate"]
    table = salamander.contrasts({"Cross": "pairwise"}).set_index("contrast")
    assert table.loc["W/W - R/R", "estimate"] == pytest.approx(means[3] - means[0])
    assert len(table) == 6


def test_numbers_declared_factors_are_factors():
    """`period` holds whole numbers: it has contrasts, not a slope."""
    fit = gs.fit(EXAMPLES / "cbpp.glmm")
    assert list(fit.contrasts("period")["contrast"]) == ["2 - 1", "3 - 1", "4 - 1"]


def test_other_functions_of_the_package():
    """The derivative of a mean, e^eta times the coefficient, at population level without interaction."""
    data = gs.load_data("epil")
    fit = gs.fit("family poisson\ny ~ lbase + trt | subject", data)
    slopes = marginaleffects.avg_slopes(fit.marginaleffects_model("population"), variables="lbase").data
    expected = fit.coef()["lbase"] * fit.predict(random="population")["estimate"].mean()
    assert slopes["estimate"][0] == pytest.approx(expected, rel=1e-5)


def test_what_is_refused(salamander):
    with pytest.raises(gs.FitError, match="'Crss' is not in the fixed part"):
        salamander.marginal_means("Crss")
    with pytest.raises(gs.FitError, match="random = 'conditional' is unknown"):
        salamander.contrasts("Cross", random="conditional")
