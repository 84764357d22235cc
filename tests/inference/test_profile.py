"""Profile likelihood against exact quadrature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

import glmmspec as gs
from glmmspec.inference.profile import profile
from glmmspec.inference.section import Section, Top
from tests.inference.test_fit import CBPP, quiet_fit
from tests.inference.test_likelihood_ratio import coins
from tests.solver import quadrature


@pytest.fixture(scope="module")
def cbpp():
    return gs.fit(CBPP, draws=4096)


@pytest.fixture(scope="module")
def profiled(cbpp):
    return profile(cbpp, ["(Intercept)", "period2", "herd"])


@pytest.fixture(scope="module")
def peak(cbpp):
    return quadrature.maximum(cbpp.design, cbpp.params().to_numpy())[1]


def exact_drop(fit: gs.Fit, peak: float, position: int, constrained: np.ndarray) -> float:
    """The log-likelihood's fall to its exact maximum over all parameters but one, by quadrature."""
    others = np.delete(np.arange(len(constrained)), position)

    def height(values: np.ndarray) -> float:
        psi = constrained.copy()
        psi[others] = values
        return quadrature.log_likelihood(fit.design, psi) if psi[-1] > 0 else -np.inf

    found = minimize(
        lambda values: -height(values), constrained[others], method="BFGS", options={"gtol": 1e-5}
    )
    return peak + float(found.fun)


def test_endpoints_have_the_right_drop(cbpp, profiled, peak):
    """To 1e-3 in log-likelihood, of two coefficients and the variance. The same bounds refuse Wald's."""
    target = stats.chi2.ppf(0.95, 1) / 2
    wald = cbpp.confint()
    for name in profiled.confint().index:
        position = cbpp.design.parameters.index(name)
        for side in (0, 1):
            value = profiled.confint().loc[name].iloc[side]
            rows = profiled.curves.index[profiled.curves["parameter"] == name]
            nearest = (profiled.curves.loc[rows, "value"] - value).abs().idxmin()
            constrained = profiled.constrained.loc[nearest].to_numpy(copy=True)
            constrained[position] = value
            assert abs(exact_drop(cbpp, peak, position, constrained) - target) < 1e-3
            constrained[position] = max(wald.loc[name].iloc[side], 1e-3)
            assert abs(exact_drop(cbpp, peak, position, constrained) - target) > 1e-3


def test_curves_are_exact(cbpp, profiled, peak):
    """At six of the constrained maxima: the drop and the other parameters."""
    for row in range(2, len(profiled.curves), len(profiled.curves) // 6):
        curve, constrained = profiled.curves.loc[row], profiled.constrained.loc[row].to_numpy(copy=True)
        position = cbpp.design.parameters.index(curve["parameter"])
        assert constrained[position] == pytest.approx(curve["value"], rel=1e-12)
        assert curve["drop"] == pytest.approx(exact_drop(cbpp, peak, position, constrained), abs=1e-3)
        here = peak - quadrature.log_likelihood(cbpp.design, constrained)
        assert here == pytest.approx(curve["drop"], abs=1e-3)
        assert curve["zeta"] ** 2 / 2 == pytest.approx(max(curve["drop"], 0), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("position", "value"), [(1, 1.0), (2, 0.4)])
def test_the_stated_error_is_the_actual_error(position, value):
    """Over 30 sets of draws, (drop - exact) / error has mean square near 1, for a coefficient and a variance.

    Mean squares of 30 leave [0.4, 2.2] once in 600 times if errors are true. Negative controls: errors
    stated half and twice as large.
    """
    model, data = gs.parse("family bernoulli\ny ~ x | g"), coins(1.5, 1)
    errors = []
    for seed in range(30):
        fit, _ = quiet_fit(model, data, draws=512, seed=seed)
        section = Section(fit, position, Top(fit))
        place = section.place(value)
        drop, found = section.drop(place), section.found[place]
        if seed == 0:
            exact = exact_drop(
                fit, quadrature.maximum(fit.design, fit.params().to_numpy())[1], position, found.parameters
            )
        errors.append((drop - exact) / found.mcse)
    mean_square = np.square(errors).mean()
    assert 0.4 < mean_square < 2.2
    assert not 0.4 < mean_square / 4 < 2.2
    assert not 0.4 < mean_square * 4 < 2.2


def test_lower_levels_are_interpolated(cbpp, profiled):
    again = profile(cbpp, ["period2", "herd"], level=0.8)
    np.testing.assert_allclose(
        profiled.confint(0.8).loc[["period2", "herd"]],
        again.confint(),
        atol=5e-3 * cbpp.se()[["period2", "herd"]].min(),
    )
    assert list(again.confint().columns) == ["10 %", "90 %"]


def test_a_column_far_from_0():
    """A year for a covariate: the same interval as with years counted from 2000."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"g": np.repeat(np.arange(20), 5), "t": np.tile(np.arange(5.0), 20)})
    data["y"] = rng.poisson(np.exp(0.3 * data["t"] + rng.normal(scale=0.5, size=20)[data["g"]]))
    model = gs.parse("family poisson\ny ~ t | g")
    near, far = (gs.fit(model, data.assign(t=data["t"] + start), draws=512) for start in (0, 2000))
    np.testing.assert_allclose(
        profile(far, "t").confint(), profile(near, "t").confint(), atol=1e-3 * near.se()["t"]
    )


def test_the_lower_end_of_a_small_variance_is_0():
    """The likelihood at 0 is above the limit, or the estimate is 0 itself."""
    model, limit = gs.parse("family bernoulli\ny ~ x | g"), stats.chi2.ppf(0.95, 1) / 2
    for seed, variance, on_boundary in ((5, 0.2, False), (2, 0.0, True)):
        fit, _ = quiet_fit(model, coins(variance, seed))
        assert bool(fit.on_boundary) == on_boundary
        found = profile(fit, "g")
        lower, upper = found.confint().loc["g"]
        assert lower == 0
        assert found.curves["drop"].iloc[0] < limit
        assert found.curves["value"].iloc[0] == 0
        exact = quadrature.maximum(fit.design, np.array([*fit.coef(), 0.1]))[1]
        at_end = np.append(found.constrained.iloc[-1, :2], upper)
        assert abs(exact_drop(fit, exact, 2, at_end) - limit) < 4 * found.curves["mcse"].iloc[-1] + 2e-4
        assert found.confint(0.5).loc["g"].iloc[0] >= 0


def test_what_is_asked_for(cbpp):
    seen = []
    found = profile(cbpp, [-1, "period2"], level=0.5, progress=lambda done, total: seen.append((done, total)))
    assert list(found.confint().index) == ["herd", "period2"]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert "25 %" in str(found)
    assert found.curves["zeta"].is_monotonic_increasing is False
    for _, curve in found.curves.groupby("parameter"):
        assert curve["zeta"].is_monotonic_increasing
        assert curve["value"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parm": "herds"}, "did you mean 'herd'"),
        ({"parm": 9}, "no parameter 9"),
        ({"level": 95}, "level = 95"),
    ],
)
def test_mistakes(cbpp, options, message):
    with pytest.raises(gs.FitError, match=message):
        profile(cbpp, **options)


def test_a_level_beyond_the_profile(profiled):
    with pytest.raises(gs.FitError, match=r"reaches to level 0\.95, and not to 0\.99"):
        profiled.confint(0.99)


def test_a_fit_that_did_not_converge():
    fit, _ = quiet_fit(CBPP, iterlim=1, rmax=0.001, draws=128)
    with pytest.raises(gs.FitError, match="did not converge"):
        profile(fit)
