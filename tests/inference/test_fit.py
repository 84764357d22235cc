"""Fits of the shipped data against exact maximum likelihood (tests/reference/mle.json)."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.advice import advice
from glmmspec.solver.trust_region import maximise

ROOT = Path(__file__).parent.parent.parent
EXACT = json.loads((ROOT / "tests" / "reference" / "mle.json").read_text())
SALAMANDER = gs.read(ROOT / "examples" / "salamander.glmm")
CBPP = gs.read(ROOT / "examples" / "cbpp.glmm")
DRAWS = 20_000


def quiet_fit(model: gs.Model, data: pd.DataFrame | None = None, **options: object) -> tuple[gs.Fit, str]:
    """A fit that may warn of several things, and what it warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        fit = gs.fit(model, data, **options)
    return fit, "\n".join(map(str, fit.warnings))


def exact(name: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Estimates, standard errors and log-likelihood, in our order of parameters."""
    known = EXACT[name]
    estimates = np.array([*known["fixed"].values(), *known["variance"].values()])
    return estimates, np.array(list(known["se"].values())), known["loglik"]


@pytest.fixture(scope="module")
def salamander():
    return gs.fit(SALAMANDER, draws=DRAWS)


def test_salamander(salamander):
    """A true 4 MCSE limit is passed by chance 6e-5 an estimate; and the limit is less than 0.1 se."""
    estimates, errors, loglik = exact("salamander")
    assert salamander.estimate.n_blocks == 6
    assert salamander.estimate.largest_block == 20
    assert list(salamander.coef().index) == list(EXACT["salamander"]["fixed"])
    assert salamander.reliable
    assert (np.abs(salamander.params() - estimates) < 4 * salamander.mcse()).all()
    assert (salamander.mcse() < 0.025 * errors).all()
    assert salamander.loglik == pytest.approx(loglik, abs=0.05)
    np.testing.assert_allclose(salamander.se(), errors, rtol=0.05)


def test_salamander_control(salamander):
    """Negative control: Laplace estimates (lme4: 1.174, 1.041) are not within 4 MCSE of the variances."""
    laplace = np.array([1.1743, 1.0410])
    assert (np.abs(salamander.varcomps() - laplace) > 4 * salamander.mcse().iloc[4:]).all()


def test_shared_variance():
    model = gs.parse("data salamander\nfamily bernoulli\nMate ~ 0 + Cross | V = Female, V = Male")
    fit = gs.fit(model, draws=DRAWS)
    estimates, errors, loglik = exact("salamander_equal")
    assert list(fit.varcomps().index) == ["V"]
    assert (np.abs(fit.params() - estimates) < 4 * fit.mcse()).all()
    np.testing.assert_allclose(fit.se(), errors, rtol=0.05)
    assert fit.loglik == pytest.approx(loglik, abs=0.05)


@pytest.mark.parametrize(
    "name", ["cbpp", "bacteria", "epil", pytest.param("grouseticks", marks=pytest.mark.slow)]
)
def test_one_grouping(name):
    """Within 4 MCSE, and 0.5 % (of the standard error, where that is larger than the estimate).

    The reference has six digits, which is more than MCSEs of 1e-6 standard errors can ask.
    """
    fit = gs.fit(ROOT / "examples" / f"{name}.glmm", draws=DRAWS)
    estimates, errors, loglik = exact({"grouseticks": "grouseticks_brood"}.get(name, name))
    difference = np.abs(fit.params() - estimates)
    assert fit.reliable
    assert (difference < 4 * fit.mcse() + 1e-5 * errors).all()
    assert (difference < 0.005 * np.maximum(np.abs(estimates), errors)).all()
    assert fit.loglik == pytest.approx(loglik, abs=0.01)
    # The observed information has a Monte Carlo error of its own, larger than that of the estimates.
    np.testing.assert_allclose(fit.se(), errors, rtol=0.02)


@pytest.mark.parametrize(("points", "proposal"), [("random", "laplace"), ("sobol", "mixture")])
def test_other_draws_agree(points, proposal):
    fit = gs.fit(CBPP, points=points, proposal=proposal, draws=4096)
    estimates, *_ = exact("cbpp")
    assert (np.abs(fit.params() - estimates) < 4 * fit.mcse()).all()


def test_tolerance_decides_the_draws():
    fits = [gs.fit(CBPP, points="random", tolerance=t) for t in (0.1, 0.02)]
    assert fits[0].n_draws < fits[1].n_draws
    for fit, tolerance in zip(fits, (0.1, 0.02), strict=True):
        assert (fit.mcse() / fit.se()).max() <= tolerance


def test_a_tolerance_out_of_reach_is_said():
    with pytest.warns(gs.GlmmSpecWarning, match=r"\(tolerance 0\.001\).*raise max_draws"):
        fit = gs.fit(CBPP, points="random", tolerance=0.001, max_draws=1024)
    assert fit.n_draws == 1024


def test_the_same_seed_gives_the_same_fit():
    once, again, other = (gs.fit(CBPP, draws=512, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_series_equal(once.params(), again.params(), check_exact=True)
    assert once.provenance == again.provenance
    assert not once.params().equals(other.params())


def test_no_variance_is_zero_on_the_boundary():
    """Binary outcomes of one coin in 30 groups; the seed is one whose groups differ less than chance."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(np.arange(30), 8), "x": rng.normal(size=240)})
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-0.2 - 0.5 * data["x"]))
    with pytest.warns(gs.GlmmSpecWarning, match="variance of g is estimated as 0"):
        fit = gs.fit("family bernoulli\ny ~ x | g", data)
    assert fit.on_boundary == ("g",)
    assert fit.varcomps()["g"] == 0
    assert fit.converged
    beta, errors, loglik = logistic_regression(data)
    np.testing.assert_allclose(fit.coef(), beta, atol=1e-4 * errors.max())
    np.testing.assert_allclose(fit.se().iloc[:2], errors, rtol=1e-6)
    assert np.isnan(fit.se()["g"])
    assert fit.loglik == pytest.approx(loglik, abs=1e-8)
    assert "on the boundary" in str(fit.summary())
    assert "nan" not in str(fit.summary())


def logistic_regression(data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Maximum likelihood of y ~ x without random effects."""
    x = np.column_stack([np.ones(len(data)), data["x"]])
    y = data["y"].to_numpy(dtype=float)

    def objective(beta):
        eta = x @ beta
        mean = 1 / (1 + np.exp(-eta))
        hessian = -x.T @ (x * (mean * (1 - mean))[:, None])
        return float(y @ eta - np.logaddexp(0, eta).sum()), x.T @ (y - mean), hessian

    found = maximise(objective, np.zeros(2), tolerance=1e-13)
    return found.argument, np.sqrt(np.diagonal(np.linalg.inv(-found.hessian))), found.value


def test_confint_and_criteria(salamander):
    table = salamander.confint()
    assert list(table.columns) == ["2.5 %", "97.5 %"]
    np.testing.assert_allclose(
        table.loc["CrossR/R"],
        salamander.coef()["CrossR/R"] + 1.959964 * np.array([-1, 1]) * salamander.se()["CrossR/R"],
        rtol=1e-6,
    )
    assert (table.loc[["F", "M"]] >= 0).all(axis=None)
    pd.testing.assert_frame_equal(
        salamander.confint(["M", 0], level=0.9), salamander.confint(level=0.9).iloc[[5, 0]]
    )
    with pytest.raises(gs.FitError, match="did you mean 'CrossR/R'"):
        salamander.confint("CrossRR")
    with pytest.raises(gs.FitError, match="level = 95"):
        salamander.confint(level=95)
    assert salamander.aic() == pytest.approx(-2 * salamander.loglik + 12)
    assert (salamander.nobs, salamander.df_resid) == (360, 354)
    assert salamander.bic() == pytest.approx(-2 * salamander.loglik + 6 * np.log(360))


@pytest.mark.parametrize("name", ["cbpp", "bacteria"])
def test_the_error_of_a_log_likelihood_by_quadrature(name):
    """It is about the distance from the exact one."""
    fit = gs.fit(ROOT / "examples" / f"{name}.glmm")
    error = abs(fit.loglik - exact(name)[2])
    assert error / 2 < fit.loglik_mcse < 2 * error


def test_derivatives_at_the_estimate(salamander):
    assert np.abs(salamander.gradient * salamander.se()).max() < 1e-3
    np.testing.assert_allclose(
        salamander.vcov().to_numpy() @ -salamander.hessian.to_numpy(), np.eye(6), atol=1e-10
    )
    np.testing.assert_allclose(np.sqrt(np.diagonal(salamander.mcvcov())), salamander.mcse())


def test_diagnostics_name_every_block(salamander):
    table = salamander.diagnostics()
    assert list(table.index) == list(range(6))
    assert (table[["integration", "blocks", "effects", "nodes"]] == ["draws", 1, 20, 0]).all(axis=None)
    assert table["share"].between(0, 1).all()
    assert (table["k_hat"] < 0.7).all()


def test_diagnostics_of_quadrature(salamander):
    """A row for all blocks that it serves alone, with its error; beside draws, in the rows of these."""
    fit = gs.fit(CBPP)
    (row,) = fit.diagnostics().reset_index().to_dict("records")
    assert (row["block"], row["integration"], row["blocks"], row["effects"]) == (0, "quadrature", 15, 1)
    assert (row["draws"], row["nodes"]) == (0, fit.estimate.final.order)
    assert 0 < row["rule_error"] < 0.05
    rng = np.random.default_rng(1)
    g = np.concatenate([np.repeat(np.arange(10), 6), 10 + np.repeat(np.arange(5), 10)])
    h = np.concatenate([np.repeat(np.arange(10), 6), 10 + np.tile(np.arange(5), 10)])
    y = rng.poisson(np.exp(1 + rng.normal(size=15)[g] + rng.normal(size=15)[h]))
    model = gs.parse("family poisson\ny ~ 1 | factor(g), factor(h)")
    data = pd.DataFrame({"y": y, "g": g, "h": h})
    table = quiet_fit(model, data, blocks="natural")[0].diagnostics()
    assert list(table.index) == [0, 10]
    assert list(table["integration"]) == ["quadrature", "draws"]
    assert list(table["blocks"]) == [10, 1]
    assert list(table["effects"]) == [2, 10]
    assert list(table["rule_error"].isna()) == [False, True]
    below = quiet_fit(model, data, draws=512, blocks="conditional")[0].diagnostics()
    assert set(below["integration"]) == {"draws and quadrature"}
    assert (below["nodes"] > 1).all()


def test_summary_reads_as_rs(salamander):
    text = str(salamander.summary())
    for part in ("Std. Error", "MC Error", "z value", "Pr(>|z|)", "Signif. codes", "log-likelihood -207."):
        assert part in text
    row = next(line for line in text.splitlines() if line.startswith("CrossW/R"))
    assert row.endswith("***")
    one_sided = salamander.summary().variances.loc["F"]
    assert one_sided["p"] == pytest.approx(0.0135, abs=0.003)


def test_a_variance_from_few_groups_is_noted_as_check_does():
    """Once for two variances of one grouping, and not where there are five groups."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": np.repeat(list("abcde"), 40), "x": rng.normal(size=200)})
    data["y"] = rng.poisson(np.exp(0.2 * data["x"] + np.repeat([-1.0, 0.0, 1.0, 0.5, -0.5], 40)))
    model = gs.parse("family poisson\ny ~ x + (x || g)")
    few, _ = quiet_fit(model, data[data["g"] < "d"])
    note = "the variance of g comes from 3 groups, and will hardly be known"
    assert [line for line in str(few).splitlines() if "hardly" in line] == [f"Note: {note}"]
    assert f"Note: {note}" in few._repr_html_()
    assert note in [doubt.message for doubt in advice(model, few.design)]
    assert "Note" not in str(quiet_fit(model, data)[0])


def test_weights_that_collapse_are_not_reported_as_if_they_held():
    """Nearly all draws from a t about 0, for 120 effects at once: a few draws hold all the weight."""
    options = {"blocks": "joint", "proposal": "mixture", "mixture": (0.9, 0.09, 0.01), "draws": 512}
    fit, said = quiet_fit(SALAMANDER, **options)
    assert "the Monte Carlo error is not known" in said
    assert fit.diagnostics()["k_hat"].max() > 0.7
    assert not fit.reliable
    assert " ? " in str(fit.summary())


def test_an_iteration_limit_is_said():
    fit, said = quiet_fit(CBPP, iterlim=1, rmax=0.001, draws=DRAWS)
    assert "raise iterlim" in said
    assert not fit.converged


@pytest.mark.parametrize("option", ["draws", "max_draws"])
def test_the_fewest_draws_that_can_be_asked_for(option):
    fit, said = quiet_fit(CBPP, **{option: 16}, integration="importance")
    assert fit.n_draws == 16
    assert "the Monte Carlo error is not known" in said


def test_a_flat_likelihood_is_not_given_errors_it_does_not_have():
    """Binary, all groups but one of a single row: the likelihood hardly depends on the variance."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=80), "g": [str(min(j, 78)) for j in range(80)]})
    data["y"] = (rng.random(80) < 1 / (1 + np.exp(-0.5 * data["x"] - rng.normal(size=80)))).astype(int)
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ x | g"), data, draws=4096)
    assert fit.on_boundary or not fit.reliable


def test_few_effective_draws_are_said():
    fit, said = quiet_fit(CBPP, draws=64)
    assert "fewest effective draws" in said
    assert not fit.reliable


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 0, 0, 0, 1, 1, 1, 1] * 3, "separated: the likelihood rises for ever along"),
        ([0] * 24, "separated"),
    ],
)
def test_separation_is_refused(y, message):
    x = np.tile(np.arange(8.0), 3)
    data = pd.DataFrame({"y": y, "x": x, "g": np.repeat(["a", "b", "c", "d", "e", "f"], 4)})
    with pytest.raises(gs.FitError, match=message):
        gs.fit("family bernoulli\ny ~ x | g", data)


def test_nothing_can_separate_where_there_are_no_fixed_effects():
    data = pd.DataFrame({"y": [0] * 11 + [1] * 13, "g": np.repeat(list("abcdef"), 4)})
    fit, said = quiet_fit("family bernoulli\ny ~ 0 | g", data, iterlim=1, rmax=0.001)
    assert "raise iterlim" in said
    assert not fit.converged


def test_more_memory_than_the_budget_is_refused():
    with pytest.raises(gs.FitError, match=r"do not fit in 0\.01 GiB"):
        gs.fit(SALAMANDER, draws=1_000_000, memory=0.01)
