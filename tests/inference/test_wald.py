"""Wald tests against the arithmetic of the vignette of R's glmm, section 8, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmmspec as gs
from glmmspec.inference.wald import wald_test
from tests.inference.test_fit import CBPP, SALAMANDER, quiet_fit


@pytest.fixture(scope="module")
def salamander():
    return gs.fit(SALAMANDER, draws=2048)


def test_the_vignettes_hypothesis(salamander):
    beta, covariance = salamander.coef(), salamander.vcov()
    rough, white = "CrossR/R", "CrossW/W"
    variance = covariance.loc[rough, rough] + covariance.loc[white, white] - 2 * covariance.loc[rough, white]
    z = (beta[rough] - beta[white]) / np.sqrt(variance)
    for hypothesis in ("CrossR/R = CrossW/W", [[1, 0, 0, -1, 0, 0]]):
        test = wald_test(salamander, hypothesis)
        row = test.table.iloc[0]
        assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-12)
        assert row["z"] == pytest.approx(z, rel=1e-12)
        assert row["p"] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)
        assert test.statistic == pytest.approx(z**2, rel=1e-10)
        assert test.p == pytest.approx(row["p"], rel=1e-8)


def test_one_parameter_is_the_summarys_test(salamander):
    row = wald_test(salamander, "CrossW/R").table.iloc[0]
    expected = salamander.summary().fixed.loc["CrossW/R"]
    for name in ("estimate", "se", "mcse", "z", "p"):
        assert row[name] == pytest.approx(expected[name], rel=1e-10)


def test_the_joint_test_depends_on_the_space_alone(salamander):
    """The same two restrictions in other words: all crosses of one kind equal, at any scale."""
    test = wald_test(salamander, ["CrossR/R = CrossW/W", "CrossR/W = CrossW/R"])
    again = wald_test(
        salamander, ["1e6*CrossR/R + CrossR/W = CrossW/R + 1e6*CrossW/W", "CrossR/W - CrossW/R"]
    )
    assert test.df == again.df == 2
    assert again.statistic == pytest.approx(test.statistic, rel=1e-6)
    difference = np.array([[1, 0, 0, -1, 0, 0], [0, 1, -1, 0, 0, 0]]) @ salamander.params()
    covariance = wald_matrix(salamander)
    assert test.statistic == pytest.approx(difference @ np.linalg.solve(covariance, difference), rel=1e-10)
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, 2), rel=1e-10)


def wald_matrix(fit: gs.Fit) -> np.ndarray:
    rows = np.array([[1, 0, 0, -1, 0, 0], [0, 1, -1, 0, 0, 0]])
    return rows @ fit.vcov().to_numpy() @ rows.T


def test_variances_can_be_compared(salamander):
    row = wald_test(salamander, "F = M").table.iloc[0]
    assert row["estimate"] == pytest.approx(salamander.varcomps()["F"] - salamander.varcomps()["M"])
    assert row["mcse"] < row["se"]


def test_print(salamander):
    text = str(wald_test(salamander, ["CrossR/R = CrossW/W", "F = M"]))
    assert "Pr(>|z|)" in text
    assert "CrossR/R = CrossW/W" in text
    assert "chi-square" in text
    assert "chi-square" not in str(wald_test(salamander, "F = M"))
    frame = wald_test(salamander, "F = M").to_dataframe()
    assert list(frame.columns) == ["estimate", "value", "se", "mcse", "z", "p"]


def test_errors_that_do_not_hold_are_not_printed():
    fit, _ = quiet_fit(CBPP, draws=16)
    assert " ? " in str(wald_test(fit, "period2 = period3"))


@pytest.mark.parametrize(
    "hypotheses",
    [
        ["CrossR/R", "2*CrossR/R = 0"],
        ["CrossR/R", "CrossR/R = 1"],
        ["F = 1", "M = 1", "F = M"],
        np.vstack([np.eye(6)[:4], [1, 1, 1, 1, 0, 0]]),
    ],
)
def test_dependent_hypotheses_are_refused(salamander, hypotheses):
    with pytest.raises(gs.SpecError, match="is a combination of those before it"):
        wald_test(salamander, hypotheses)


@pytest.mark.parametrize(
    ("hypothesis", "label", "tested"),
    [
        ("F = 0", "F = 0", "'F'"),
        (["CrossR/R", "-2*M"], "-2*M = 0", "'M'"),
        ("0 = F + M", "0 = F + M", "['F', 'M']"),
        ([[0, 0, 0, 0, 3, 0]], "3*F = 0", "'F'"),
    ],
)
def test_that_a_variance_is_0_is_refused(salamander, hypothesis, label, tested):
    with pytest.raises(gs.FitError, match=re.escape(f"'{label}': at 0 a variance is")) as refused:
        wald_test(salamander, hypothesis)
    assert refused.value.hint == f"test it by likelihood ratio: fit.test_variance({tested})"


def test_a_variance_on_the_boundary_is_refused():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(np.arange(30), 8), "x": rng.normal(size=240)})
    data["y"] = rng.random(240) < 1 / (1 + np.exp(-0.2 - 0.5 * data["x"]))
    fit, _ = quiet_fit(gs.parse("family bernoulli\ny ~ x | g"), data)
    assert fit.on_boundary == ("g",)
    with pytest.raises(gs.FitError, match="the variance of g is 0, on the boundary"):
        wald_test(fit, "g = 1")
    assert wald_test(fit, "x = 0.5").table["z"].notna().all()
