"""The picture of a profile holds its curves and limits."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from glmmspec.errors import FitError
from glmmspec.inference.profile import Profile
from glmmspec.plots.profile import plot_profile
from tests.plots.artists import marks, texts


@pytest.fixture
def profile() -> Profile:
    """Of two parameters: a normal mean, and a variance whose likelihood falls from 0 on."""
    zeta = np.linspace(-2, 2, 9)
    mean = pd.DataFrame(
        {"parameter": "x", "value": 1 + 0.5 * zeta, "drop": zeta**2 / 2, "mcse": 0.0, "zeta": zeta}
    )
    variance = mean[4:].assign(parameter="g", value=np.sqrt(zeta[4:]))
    curves = pd.concat([mean, variance], ignore_index=True)
    endpoints = pd.DataFrame({"lower": [0.0, 0.0], "upper": [2.0, 1.4]}, index=["x", "g"])
    return Profile(0.95, curves, pd.DataFrame(index=curves.index), endpoints, 0)


def test_curves_and_limits(profile):
    z = norm.ppf(0.975)
    for ax, name in zip(plot_profile(profile), ("x", "g"), strict=True):
        curve = profile.curves[profile.curves["parameter"] == name]
        np.testing.assert_array_equal(marks(ax, "o"), curve[["value", "zeta"]])
        dashed = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
        assert dashed == pytest.approx([-z, z])
        upright = [x for line in ax.lines if len(x := set(line.get_xdata())) == 1]
        assert [x for (x,) in upright] == list(profile.endpoints.loc[name])
        assert ax.get_xlabel() == name


def test_a_fit_is_no_profile(salamander):
    with pytest.raises(FitError, match=r"(?s)a Fit is no profile.*gs.plot_profile\(fit.profile"):
        plot_profile(salamander)


def test_maxima_that_did_not_settle_are_said(profile):
    assert "did not settle" not in texts(plot_profile(profile))
    doubtful = dataclasses.replace(profile, unsettled=3)
    assert "3 constrained maxima did not settle" in texts(plot_profile(doubtful))
