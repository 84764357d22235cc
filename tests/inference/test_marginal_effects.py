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
