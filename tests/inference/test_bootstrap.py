"""The parametric bootstrap against Wald's errors, and what it makes of replicates without an estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.inference.bootstrap import bootstrap
from glmmspec.inference.simulation import simulate
from tests.inference.test_fit import quiet_fit

COUNTS = gs.parse("family poisson\ny ~ x | g")


@pytest.fixture(scope="module")
def fit():
    """Counts in 60 groups of 5, of which estimates are nearly normal."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat(np.arange(60), 5), "x": rng.normal(size=300)})
    eta = 1 + 0.3 * data["x"] + rng.normal(scale=0.5, size=60)[data["g"]]
    return gs.fit(COUNTS, data.assign(y=rng.poisson(np.exp(eta))), draws=512)


@pytest.fixture(scope="module")
def bootstrapped(fit):
    return bootstrap(fit, 100)


def test_errors_are_walds(fit, bootstrapped):
    """A standard deviation of 100 has an error of 7 %: a ratio of right ones leaves [0.75, 1.32] once in
    2000 times. Negative control: the errors of half the data, 1.41 times as large."""
    ratio = bootstrapped.se() / fit.se()
    assert ratio.between(0.75, 1.32).all()
    assert not (ratio / 2**0.5).between(0.75, 1.32).any()
    # The mean of 100 is known to 0.1 standard errors, passed fourfold once in 16,000 times.
    assert (bootstrapped.bias().abs() < 0.4 * fit.se()).all()


def test_intervals(fit, bootstrapped):
    percentile, basic = (bootstrapped.confint(0.9, kind) for kind in ("percentile", "basic"))
    assert list(percentile.columns) == ["5 %", "95 %"]
    below = (bootstrapped.estimates < percentile["5 %"]).mean()
    above = (bootstrapped.estimates > percentile["95 %"]).mean()
    assert below.between(0.04, 0.06).all()
    assert above.between(0.04, 0.06).all()
    estimates = fit.params()
    np.testing.assert_allclose(basic["5 %"], np.maximum(2 * estimates - percentile["95 %"], 0))
    np.testing.assert_allclose(basic["95 %"], 2 * estimates - percentile["5 %"])
    widths = (percentile["95 %"] - percentile["5 %"]) / (2 * 1.645 * fit.se())
    assert widths.between(0.7, 1.4).all()


@pytest.mark.parametrize(
    ("level", "kind", "message"),
    [
        (95, "percentile", "level = 95"),
        (0.95, "percentil", "did you mean 'percentile'"),
        (0.99, "basic", "100 estimates are too few for a level of 0.99\n  it takes 199 at least"),
    ],
)
def test_mistakes(bootstrapped, level, kind, message):
    with pytest.raises(gs.FitError, match=message):
        bootstrapped.confint(level, kind)


def test_a_replicate_depends_on_seed_and_number_alone(fit, bootstrapped):
    seen = []
    first = bootstrap(fit, 3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    pd.testing.assert_frame_equal(first.estimates, bootstrapped.estimates.iloc[:3])
    other = bootstrap(fit, 2, seed=99)
    assert not other.estimates.iloc[0].equals(first.estimates.iloc[0])


def test_a_replicate_is_a_fit_of_the_simulated_response(fit, bootstrapped):
    """Other draws, warm start: within a tenth of a standard error of a fit from scratch."""
    data = pd.DataFrame(
        {"y": simulate(fit)["sim_1"], "x": fit.design.x[:, 1], "g": fit.design.random[0].codes}
    )
    again = gs.fit(COUNTS, data, draws=512)
    assert ((again.params() - bootstrapped.estimates.loc[1]).abs() < 0.1 * fit.se()).all()


def test_failures_are_counted_and_said():
    """Three successes in four, eight rows: now and then all are, or are alike in groups: no estimate."""
    data = pd.DataFrame({"y": [1, 1, 1, 0, 1, 1, 0, 1], "g": list("aabbccdd")})
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ 1 | g"), data, draws=256)
    result = bootstrap(fit, 30)
    assert len(result.failures) > 0
    assert len(result.estimates) + len(result.failures) == 30
    assert set(result.estimates.index) | set(result.failures.index) == set(range(1, 31))
    assert result.estimates.notna().all(axis=None)
    assert "separated" in result.failures.iloc[0]
    separated = result.failures.str.contains("separated").sum()
    assert f"{separated} could not be fitted: the responses are separated" in str(result)


def test_one_replicate_is_too_few(fit):
    with pytest.raises(gs.FitError, match="takes two at least"):
        bootstrap(fit, 1)


def test_print(bootstrapped):
    text = str(bootstrapped)
    assert text.startswith("Parametric bootstrap, 100 simulated responses")
    assert "could not be fitted" not in text
    assert "(Intercept)" in text
