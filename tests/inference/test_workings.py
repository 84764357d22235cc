"""What a fit lets be seen of its workings agrees with its results."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln

import glmmspec as gs
from glmmspec.blocks import PADDING

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def fit() -> gs.Fit:
    return gs.fit(EXAMPLES / "salamander.glmm")


def test_the_trace_ends_at_the_estimate(fit):
    trace = fit.trace()
    last = trace[trace["accepted"]].iloc[-1]
    # The step that ends a round, and doubles the digits of the estimate, is not listed.
    away = (last[list(fit.design.parameters)].astype(float) - fit.params()) / fit.se()
    assert np.abs(away).max() < 1e-4
    assert last["value"] == pytest.approx(fit.loglik)
    assert trace.index.names == ["round", "iteration"]
    assert trace.index.get_level_values("round").max() == len(fit.estimate.rounds)
    assert (trace["radius"] > 0).all()


def test_weights_and_draws_give_the_predicted_effects(fit):
    draws, weights = fit.draws(), fit.importance_weights()
    np.testing.assert_allclose(weights.sum(), 1)
    mean = fit.ranef()["mean"]
    for integrals in fit.estimate.likelihood.integrals:
        for block, effects in zip(integrals.block, integrals.effect, strict=True):
            effects = effects[effects != PADDING]
            expected = weights[block] @ draws.iloc[:, effects].to_numpy()
            np.testing.assert_allclose(expected, mean.iloc[effects], atol=1e-12)


def test_the_matrices_make_the_linear_predictor(fit):
    eta = fit.model_matrix().to_numpy() @ fit.coef() + fit.random_matrix() @ fit.ranef()["mean"].to_numpy()
    np.testing.assert_allclose(fit.predict(kind="link")["estimate"], eta)
    assert list(fit.model_matrix().columns) == list(fit.coef().index)


def test_start_values_are_where_the_path_began(fit):
    assert not fit.start_values().equals(fit.params())
    again = gs.fit(EXAMPLES / "salamander.glmm", start=fit)
    np.testing.assert_allclose(again.start_values(), fit.params())
    np.testing.assert_allclose(again.start_effects(), fit.ranef()["mean"], atol=0.3)
    assert again.converged


def test_the_kernel_lacks_the_constants():
    fit = gs.fit(EXAMPLES / "cbpp.glmm")
    y, n = fit.design.y, fit.design.trials
    constants = (gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum()
    assert fit.loglik - fit.loglik_kernel == pytest.approx(constants)


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ((1.0, 2.0), gs.FitError, "start gives 2 value"),
        ({"F": 1.0}, gs.FitError, "'CrossR/R' is missing"),
        ((0.0, 0.0, 0.0, 0.0, -1.0, 1.0), gs.FitError, "variance F a negative value"),
        ("laplace", gs.SpecError, "expected one of pql, zero, or numbers"),
        ((float("nan"),) * 6, gs.SpecError, "expected one of pql, zero, or numbers"),
    ],
)
def test_starts_that_are_refused(start, error, message):
    with pytest.raises(error, match=message):
        gs.fit(EXAMPLES / "salamander.glmm", start=start)


def test_a_start_in_the_spec():
    model = gs.read(EXAMPLES / "salamander.glmm")
    values = "(1, 0.3, -1.9, 1, 1.4, 1.2)"
    text = f"{model}solver start = {values}\n"
    assert str(gs.parse(text)) == text
    assert list(gs.fit(gs.parse(text)).start_values()) == [1.0, 0.3, -1.9, 1.0, 1.4, 1.2]


def test_tidy(fit):
    table = fit.to_dataframe(level=0.9).set_index("term")
    assert list(table["effect"]) == ["fixed"] * 4 + ["ran_pars"] * 2
    np.testing.assert_array_equal(table["estimate"], fit.params())
    np.testing.assert_array_equal(table["mc.error"], fit.mcse())
    np.testing.assert_array_equal(table[["conf.low", "conf.high"]], fit.confint(level=0.9))


def test_a_path_without_steps():
    """A fit that starts at its maximum may take none: the table is empty, and has its columns."""
    fit = gs.fit(EXAMPLES / "cbpp.glmm")
    rounds = tuple(replace(r, maximum=replace(r.maximum, steps=())) for r in fit.estimate.rounds)
    trace = replace(fit, estimate=replace(fit.estimate, rounds=rounds)).trace()
    assert list(trace.columns) == list(fit.trace().columns)
    assert not len(trace)
