"""What `gs.sample` returns, and that it says when not to believe it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.errors import ReliabilityWarning
from glmmspec.validation.sampler_health import SamplerHealth

CBPP = Path(__file__).parents[2] / "examples" / "cbpp.glmm"


@pytest.fixture(scope="module")
def tree():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReliabilityWarning)
        return gs.sample(CBPP, chains=2, warmup=200, draws=200, progress=False)


def test_groups_and_coordinates(tree) -> None:
    assert set(tree.children) == {
        "posterior",
        "sample_stats",
        "log_likelihood",
        "posterior_predictive",
        "prior",
        "prior_predictive",
        "observed_data",
    }
    posterior, design = tree["posterior"], gs.bind(gs.read(CBPP))
    assert posterior["beta"].dims == ("chain", "draw", "coef")
    assert tuple(posterior["coef"].to_numpy()) == design.coefficients
    assert tuple(posterior["component"].to_numpy()) == ("herd",)
    assert posterior["u[herd]"].dims == ("chain", "draw", "herd")
    assert tuple(posterior["herd"].to_numpy()) == design.random[0].levels
    assert tree["log_likelihood"]["response"].dims == ("chain", "draw", "obs")
    np.testing.assert_array_equal(tree["observed_data"]["response"], design.y)


def test_the_log_likelihood_is_that_of_the_draw(tree) -> None:
    design, draw = gs.bind(gs.read(CBPP)), tree["posterior"].isel(chain=1, draw=7)
    eta = design.x @ draw["beta"].to_numpy() + draw["u[herd]"].to_numpy()[design.random[0].codes]
    expected = stats.binom.logpmf(design.y, design.trials, 1 / (1 + np.exp(-eta)))
    found = tree["log_likelihood"]["response"].isel(chain=1, draw=7)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_predictions_are_in_the_support(tree) -> None:
    design = gs.bind(gs.read(CBPP))
    for group in ("posterior_predictive", "prior_predictive"):
        values = tree[group]["response"].to_numpy()
        assert (values >= 0).all()
        assert (values <= design.trials).all()
        assert values.std() > 0


def test_the_health_of_too_short_a_run(tree) -> None:
    complaints = "\n".join(SamplerHealth.of(tree).complaints)
    assert "few effective draws" in complaints
    assert "raise draws" in complaints
    lone = SamplerHealth.of(tree.sel(chain=[0]))
    assert "R-hat of" in lone.complaints[0]
    assert np.isnan(lone.r_hat[1])


DATA = pd.DataFrame(
    {
        "y": [0, 1, 1, 0] * 6,
        "obs": list("abcdef") * 4,
        "beta": np.repeat(list("uvw"), 8),
        "x": np.linspace(1, 2, 24),
        "w": [0.0, 1.0, 2.0] * 8,
    }
)


@pytest.mark.slow
def test_names_that_arviz_has_and_weights_of_0_and_one_chain() -> None:
    """Groupings are called `obs` and `beta`, a term has a slash, and there is no fixed effect."""
    model = gs.parse("family bernoulli\nweights w\ny ~ 0 | obs, beta, I(x / 2):obs")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ReliabilityWarning)
        tree = gs.sample(model, DATA, chains=1, warmup=20, draws=20)
    assert re.search("R-hat of .* is not known", str(warned[0].message))
    posterior = tree["posterior"]
    assert posterior["beta"].shape == (1, 20, 0)
    assert posterior["u[obs]"].dims[2] == "levels of obs"
    assert posterior["u[beta]"].dims[2] == "levels of beta"
    assert any("∕" in str(name) for name in posterior.data_vars)
    assert (tree["log_likelihood"]["response"].to_numpy()[..., DATA["w"] == 0] == 0).all()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(gs.SpecError, match="unknown sampler option 'chain'"):
        gs.sample(CBPP, chain=2)
