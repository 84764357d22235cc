"""Predicted random effects and predictions against integrals on a grid, simulation and lme4."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.family import FAMILIES
from glmmspec.inference.marginal import marginal_mean
from glmmspec.inference.posterior import Posterior

ROOT = Path(__file__).parent.parent.parent
LME4 = json.loads((ROOT / "tests" / "reference" / "lme4_predictions.json").read_text())
EXACT = json.loads((ROOT / "tests" / "reference" / "mle.json").read_text())
GRID = np.linspace(-6, 6, 4001)


@pytest.fixture(scope="module")
def cbpp() -> gs.Fit:
    return gs.fit(ROOT / "examples" / "cbpp.glmm", draws=16_384)


@pytest.fixture(scope="module")
def salamander() -> gs.Fit:
    return gs.fit(ROOT / "examples" / "salamander.glmm", draws=16_384)


def grid_weights(fit: gs.Fit, psi: np.ndarray) -> np.ndarray:
    """The posterior of each group's effect on `GRID`, for one random intercept and binomial counts."""
    design = fit.design
    [term] = design.random
    p = design.x.shape[1]
    eta = (design.x @ psi[:p] + design.offset)[:, None] + GRID
    of_rows = design.y[:, None] * eta - design.trials[:, None] * np.logaddexp(0, eta)
    log_density = np.zeros((len(term.levels), len(GRID)))
    np.add.at(log_density, term.codes, of_rows)
    log_density -= GRID**2 / (2 * psi[p])
    weights = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def test_random_effects_are_posterior_means(cbpp):
    """15 means within 4.5 MCSE, which chance breaks once in 10,000 runs, and MCSEs that are small."""
    weights = grid_weights(cbpp, cbpp.params().to_numpy())
    mean = weights @ GRID
    sd = np.sqrt(weights @ GRID**2 - mean**2)
    effects = cbpp.ranef()
    assert (np.abs(effects["mean"] - mean) < 4.5 * effects["mcse"]).all()
    assert (effects["mcse"] < 0.002 * sd).all()
    np.testing.assert_allclose(effects["sd"], sd, rtol=0.01)
    assert effects.index.names == ["term", "level"]
    assert effects.index[0] == ("herd", "1")


def test_control_posterior_modes_are_not_means(cbpp):
    """Negative control: the modes that lme4 reports are many MCSEs away."""
    effects = cbpp.ranef()
    modes = gs.fit(cbpp.model, cbpp.design.data, start=cbpp, draws=16_384).start_effects()
    assert (np.abs(effects["mean"] - modes) > 4.5 * effects["mcse"]).sum() > 10


def test_the_slope_of_the_posterior_mean(cbpp):
    """d mean / d psi against central differences of the means on the grid."""
    psi, step = cbpp.params().to_numpy(), 1e-4
    difference = [
        (grid_weights(cbpp, psi + step * unit) - grid_weights(cbpp, psi - step * unit)) @ GRID / (2 * step)
        for unit in np.eye(len(psi))
    ]
    np.testing.assert_allclose(Posterior.of(cbpp.estimate).slope, np.stack(difference, axis=1), atol=0.01)


def test_conditional_prediction(cbpp):
    """The mean response, and the linear predictor with its error, against the grid."""
    psi = cbpp.params().to_numpy()
    [term] = cbpp.design.random
    weights = grid_weights(cbpp, psi)[term.codes]
    eta = (cbpp.design.x @ psi[:-1])[:, None] + GRID
    table = cbpp.predict()
    np.testing.assert_allclose(table["estimate"], (weights / (1 + np.exp(-eta))).sum(axis=1), atol=2e-4)
    link = cbpp.predict(kind="link")
    mean = (weights * eta).sum(axis=1)
    np.testing.assert_allclose(link["estimate"], mean, atol=2e-3)
    step = 1e-4
    slopes = []
    for unit in np.eye(len(psi)):
        up, down = psi + step * unit, psi - step * unit
        rise = (grid_weights(cbpp, up) - grid_weights(cbpp, down))[term.codes] @ GRID
        slopes.append((rise + cbpp.design.x @ (up - down)[:-1]) / (2 * step))
    of_parameters = np.einsum("pn,pq,qn->n", slopes, cbpp.vcov(), slopes)
    of_effects = (weights * eta**2).sum(axis=1) - mean**2
    np.testing.assert_allclose(link["se"], np.sqrt(of_parameters + of_effects), rtol=0.01)
    logistic = 1 / (1 + np.exp(-link[["lower", "upper"]]))
    np.testing.assert_allclose(table[["lower", "upper"]], logistic, rtol=1e-10)
    np.testing.assert_allclose(link["upper"] - link["lower"], 2 * 1.959964 * link["se"], rtol=1e-6)


def test_new_rows_of_old_levels_are_the_old_rows(salamander):
    data = gs.load_data("salamander").drop(columns="Mate")
    pd.testing.assert_frame_equal(salamander.predict(data), salamander.predict(), atol=1e-12)


def test_population_prediction(salamander):
    """x'beta and its standard error, at random effects of 0; no level is asked for."""
    new = pd.DataFrame({"Cross": ["R/R", "W/R"]})
    table = salamander.predict(new, random="population", kind="link")
    names = ["CrossR/R", "CrossW/R"]
    np.testing.assert_allclose(table["estimate"], salamander.coef()[names])
    np.testing.assert_allclose(table["se"], salamander.se()[names])
    response = salamander.predict(new, random="population")
    np.testing.assert_allclose(response["estimate"], 1 / (1 + np.exp(-salamander.coef()[names])))


def test_marginal_prediction_against_simulated_effects(salamander):
    """10^6 pairs of effects: within 4.5 standard errors, which chance breaks once in 35,000 times four."""
    rng = np.random.default_rng(11)
    u = rng.normal(size=10**6) * np.sqrt(salamander.varcomps().sum())
    new = pd.DataFrame({"Cross": ["R/R", "R/W", "W/R", "W/W"]})
    table = salamander.predict(new, random="marginal")
    link = salamander.predict(new, random="marginal", kind="link")
    population = salamander.predict(new, random="population")
    for i, beta in enumerate(salamander.coef()):
        mean = 1 / (1 + np.exp(-(beta + u)))
        error = mean.std() / 1000
        assert abs(table["estimate"][i] - mean.mean()) < 4.5 * error
        assert abs(population["estimate"][i] - mean.mean()) > 4.5 * error, "the control must fail"
    np.testing.assert_allclose(1 / (1 + np.exp(-link["estimate"])), table["estimate"])


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_derivatives_of_the_marginal_mean(family):
    eta, variance, step = np.array([-2.0, 0.0, 1.5]), np.array([0.5, 3.0, 1.0]), 1e-5
    at = marginal_mean(family, eta, variance)
    mean = [
        marginal_mean(family, eta + step * a, variance + step * b).mean
        for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    np.testing.assert_allclose(at.in_eta, (mean[0] - mean[1]) / (2 * step), rtol=1e-6)
    np.testing.assert_allclose(at.in_variance, (mean[2] - mean[3]) / (2 * step), rtol=1e-6, atol=1e-9)
    if family.link == "log":
        np.testing.assert_allclose(at.mean, np.exp(eta + variance / 2), rtol=1e-10)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_link_undoes_the_mean(family):
    eta = np.array([-30.0, -2.0, 0.0, 1.5, 20.0])
    np.testing.assert_allclose(family.link_function(family.cumulant(eta)[1]), eta, atol=1e-6)
    assert np.isfinite(family.link_function(np.array([0.0, 1.0]))).all()


def test_effects_of_different_blocks_are_independent(salamander):
    """A pair that never met: the mean response over all pairs of draws of the two animals' blocks.

    The draws are paired at random, so that the difference has a standard error of about 0.003.
    """
    new = pd.DataFrame({"Cross": ["R/W"], "Female": [3], "Male": [55]})
    draws, weights = salamander.draws(), salamander.importance_weights()
    blocks = {block: set() for block in weights.columns}
    for integrals in salamander.estimate.likelihood.integrals:
        for block, effects in zip(integrals.block, integrals.effect, strict=True):
            blocks[block] |= set(effects)
    parts = []
    for term, level in (("Female", "3"), ("Male", "55")):
        position = draws.columns.get_loc((term, level))
        [block] = [b for b, effects in blocks.items() if position in effects]
        chosen = np.random.default_rng(0).choice(len(draws), 2000, p=weights[block])
        parts.append(draws[(term, level)].to_numpy()[chosen])
    assert salamander.estimate.n_blocks == 6
    eta = salamander.coef()["CrossR/W"] + parts[0][:, None] + parts[1]
    expected = (1 / (1 + np.exp(-eta))).mean()
    assert salamander.predict(new)["estimate"][0] == pytest.approx(expected, abs=0.015)


def test_levels_without_an_effect(salamander):
    new = pd.DataFrame({"Cross": ["R/R", "R/R"], "Female": [1, 999], "Male": [1, 1]})
    with pytest.raises(gs.DataError, match=r"Female '999' in row 2 .* no\s+predicted effect"):
        salamander.predict(new)
    population, marginal = (
        salamander.predict(new, kind="link", new_levels=how) for how in ("population", "marginal")
    )
    male = salamander.ranef().loc[("Male", "1"), "mean"]
    assert population["estimate"][1] == pytest.approx(salamander.coef()["CrossR/R"] + male)
    assert abs(marginal["estimate"][1]) < abs(population["estimate"][1])
    pd.testing.assert_series_equal(population.loc[0], marginal.loc[0])


def test_a_variance_of_zero_has_effects_of_zero():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(np.arange(30), 8), "x": rng.normal(size=240)})
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-0.2 - 0.5 * data["x"]))
    with pytest.warns(gs.GlmmSpecWarning, match="estimated as 0"):
        fit = gs.fit("family bernoulli\ny ~ x | g", data)
    assert (fit.ranef() == 0).all(axis=None)
    tables = [fit.predict(random=random) for random in ("conditional", "population", "marginal")]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table)
    assert np.isfinite(tables[0].to_numpy()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "terms"}, "kind = 'terms' is unknown"),
        ({"random": "none"}, "random = 'none' is unknown"),
        ({"new_levels": "zero"}, "new_levels = 'zero' is unknown"),
        ({"interval": 95}, "interval = 95"),
    ],
)
def test_arguments_that_are_refused(cbpp, arguments, message):
    with pytest.raises(gs.FitError, match=message):
        cbpp.predict(**arguments)


def shown_in_the_docs(row: str, name: str) -> list[float]:
    """The figures of a row of the table "Beside lme4", for one data set."""
    page = (ROOT / "docs" / "prediction.md").read_text()
    [cells] = re.findall(rf"^\| {row} \| (.*) \| (.*) \|$", page, re.MULTILINE)
    return [float(figure) for figure in cells[("cbpp", "salamander").index(name)].split(",")]


@pytest.mark.parametrize("name", ["cbpp", "salamander"])
def test_beside_lme4(name, request):
    """lme4 reports modes at Laplace's estimates: at the same parameters we find the same modes.

    How far apart ours are, means at the exact estimates, is as the docs say.
    """
    fit, theirs = request.getfixturevalue(name), LME4[name]
    effects = pd.DataFrame(theirs["ranef"]).set_index(["term", "level"])
    names = {"F": "Female", "M": "Male"}
    values = [theirs["parameters"][names.get(p, p)] for p in fit.design.parameters]
    modes = gs.fit(fit.model, fit.design.data, start=values).start_effects()
    np.testing.assert_allclose(modes, effects["mode"].reindex(modes.index), atol=1e-4)
    assert [round(v, 3) for v in values[-len(fit.varcomps()) :]] == shown_in_the_docs("variances, lme4", name)
    np.testing.assert_allclose(
        list(EXACT[name]["variance"].values()), shown_in_the_docs("variances, exact", name), atol=5e-4
    )
    ours = fit.ranef()
    distance = np.abs(ours["mean"] - effects["mode"].reindex(ours.index)) / ours["sd"]
    assert distance.max() == pytest.approx(*shown_in_the_docs("random effects, in sd", name), abs=0.02)
    for row, predicted, key in (
        ("fitted values", fit.fitted(), "fitted"),
        ("population mean responses", fit.predict(random="population")["estimate"], "population"),
    ):
        distance = np.abs(predicted - theirs[key]).max()
        assert distance == pytest.approx(*shown_in_the_docs(row, name), rel=0.5, abs=5e-4)
    for kind in ("response", "pearson", "deviance"):
        assert np.corrcoef(fit.residuals(kind), theirs[kind])[0, 1] > 0.995
