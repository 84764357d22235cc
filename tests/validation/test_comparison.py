"""Estimators side by side."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import glmmspec as gs
from glmmspec.validation import estimators
from glmmspec.validation.comparison import Comparison, compare
from glmmspec.validation.estimators import register_estimator
from glmmspec.validation.forest import plot_comparison
from glmmspec.validation.point_estimate import PointEstimate
from glmmspec.validation.quadrature import adaptive_quadrature
from tests.cli.support import run
from tests.plots.artists import segments, texts
from tests.solver import designs, quadrature

matplotlib.use("agg")
ROOT = Path(__file__).parents[2]
CBPP = ROOT / "examples" / "cbpp.glmm"


def broken(model: gs.Model, design: gs.Design) -> PointEstimate:
    raise ZeroDivisionError("of no use")


@pytest.fixture(scope="module")
def cbpp() -> Comparison:
    register_estimator("broken", broken)
    try:
        return compare(CBPP, estimators=["pql", "laplace", "agq", "mcla", "broken"])
    finally:
        del estimators._ESTIMATORS["broken"]


def test_the_exact_estimators_agree_and_the_others_do_not(cbpp):
    """mcla within 4 of its Monte Carlo errors of agq (missed 1 time in 3000 a parameter); pql not."""
    table = cbpp.estimates
    agq, mcla = table.loc["agq"], table.loc["mcla"]
    allowed = 4 * mcla["mcse"] + 1e-4
    assert ((mcla["estimate"] - agq["estimate"]).abs() < allowed).all()
    assert ((table.loc["pql"]["estimate"] - agq["estimate"]).abs() > allowed).all()
    np.testing.assert_allclose(mcla["se"], agq["se"], rtol=0.05)


def test_a_failure_is_a_row_that_says_why(cbpp):
    assert cbpp.estimators.loc["broken", "remark"] == "ZeroDivisionError: of no use"
    assert cbpp.estimators.loc["broken", ["loglik", "below"]].isna().all()
    assert "broken" not in cbpp.estimates.index.get_level_values("estimator")
    assert "broken: ZeroDivisionError: of no use" in str(cbpp)


def test_the_printed_numbers_are_those_of_the_tables(cbpp):
    lines = str(cbpp).splitlines()
    row = next(line for line in lines if line.startswith("laplace"))
    shown = np.array(row.split()[1:], dtype=float)
    np.testing.assert_allclose(shown, cbpp.estimates.loc["laplace", "estimate"], atol=6e-4)


def test_log_likelihoods_are_true():
    """At each estimate within 4 Monte Carlo errors of exact quadrature, and so are their differences."""
    design = designs.groups("bernoulli", seed=3, n_groups=40, per_group=6, variance=1.5)
    data = {"y": design.y, "x": design.x[:, 1], "g": design.random[0].codes}
    table = compare("family bernoulli\ny ~ x | g", data, estimators=["pql", "laplace", "agq"])
    exact = {name: quadrature.log_likelihood(design, of["estimate"].to_numpy()) for name, of in _by(table)}
    below = table.estimators["below"]
    for name, value in exact.items():
        assert table.estimators.loc[name, "loglik"] == pytest.approx(value, abs=0.01)
        error = table.estimators.loc[name, "below_mcse"]
        assert below[name] == pytest.approx(max(exact.values()) - value, abs=4 * error + 1e-9)
    assert below.idxmax() == "pql"
    assert below.idxmin() == "agq"


def _by(table: Comparison):
    return [(name, rows.droplevel(0)) for name, rows in table.estimates.groupby(level="estimator")]


def test_a_variance_of_0_has_its_likelihood():
    design = designs.groups("bernoulli", seed=1, n_groups=30, per_group=6, variance=0.0)
    data = {"y": design.y, "x": design.x[:, 1], "g": design.random[0].codes}
    table = compare("family bernoulli\ny ~ x | g", data, estimators=["laplace", "pql"])
    eta = design.x @ table.estimates.loc["laplace", "estimate"].to_numpy()[:2]
    exact = design.y @ eta - np.logaddexp(0, eta).sum()
    assert table.estimators.loc["laplace", "loglik"] == pytest.approx(exact, abs=1e-9)
    assert "s" in {line.get_marker() for line in plot_comparison(table)[-1].lines}
    pyplot.close("all")


def test_r_s_estimator_finds_the_same_maximum(cbpp):
    """All 15 effects at once: within 4 of its Monte Carlo errors of quadrature (missed 1 time in 3000)."""
    joint = compare(CBPP, estimators=["mcla-joint"]).estimates.loc["mcla-joint"]
    difference = joint["estimate"] - cbpp.estimates.loc["agq", "estimate"]
    assert (difference.abs() < 4 * joint["mcse"]).all()
    assert (joint["mcse"] > cbpp.estimates.loc["mcla", "mcse"]).all()


def test_the_usual_estimators():
    chosen = estimators.usual(gs.bind(gs.read(CBPP)))
    assert list(chosen) == ["pql", "laplace", "agq", "mcla"]
    assert "agq" not in estimators.usual(gs.bind(gs.read(ROOT / "examples" / "salamander.glmm")))


def test_a_mapping_brings_its_own():
    table = compare(CBPP, estimators={"one point": partial(adaptive_quadrature, order=1)})
    assert list(table.estimators.index) == ["one point"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [(["laplcae"], "did you mean 'laplace'"), ([], "no estimator"), ("mlca", "did you mean 'mcla'")],
)
def test_unknown_estimators(asked, message):
    with pytest.raises(gs.SpecError, match=message):
        compare(CBPP, estimators=asked)


@pytest.mark.parametrize(("name", "function"), [("a,b", broken), ("", broken), ("a", 3)])
def test_what_is_not_registered(name, function):
    with pytest.raises(gs.SpecError):
        register_estimator(name, function)


def test_the_picture_has_the_intervals(cbpp):
    axes = plot_comparison(cbpp)
    assert len(axes) == 5
    rows = cbpp.estimates.xs("herd", level="parameter")
    np.testing.assert_allclose(segments(axes[-1])[:, :2], rows[["lower", "upper"]], atol=1e-12)
    written = texts(axes)
    assert "laplace" in written
    assert "broken" not in written
    pyplot.close("all")


def test_nothing_to_draw():
    with pytest.raises(gs.FitError, match="no estimator gave an estimate"):
        plot_comparison(compare(CBPP, estimators={"broken": broken}))


def test_the_command(tmp_path):
    result = run("compare", CBPP, "--estimators", "agq,pql", "--order", 5, "--json")
    assert result.exit_code == 0
    document = json.loads(result.output)
    assert [row["estimator"] for row in document["estimators"]] == ["agq", "pql"]
    five = adaptive_quadrature(gs.read(CBPP), gs.bind(gs.read(CBPP)), order=5)
    shown = [row["estimate"] for row in document["estimators"][0]["estimates"]]
    np.testing.assert_allclose(shown, five.value, rtol=1e-9)


def test_the_command_draws(tmp_path):
    result = run("compare", CBPP, "--estimators", "pql", "--plot", tmp_path / "forest.svg")
    assert result.exit_code == 0
    assert (tmp_path / "forest.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--estimators", "pql,x"], "unknown estimator 'x'"), (["--estimators", "pql", "--order", 3], "order")],
)
def test_bad_use_of_the_command(arguments, message):
    result = run("compare", CBPP, *arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_posterior_and_variational_estimators():
    """Salamander: the published means within 6 Monte Carlo errors and rounding; mean-field sds too small."""
    names = ["mean-flat", "median-flat", "mean-weak", "vi-mean-field", "vi-full-rank"]
    table = compare(ROOT / "examples" / "salamander.glmm", estimators=names)
    flat = table.estimates.loc["mean-flat"]
    published = np.array([1.12, 0.35, -2.15, 1.09, 2.15, 1.93])  # shared/reference/published.md
    assert (np.abs(flat["estimate"] - published) < 6 * flat["mcse"] + 0.02).all()
    assert (table.estimates.loc["median-flat", "estimate"] < flat["estimate"]).to_numpy()[-2:].all()
    weak, mean_field = table.estimates.loc["mean-weak", "se"], table.estimates.loc["vi-mean-field", "se"]
    assert (mean_field < 0.8 * weak).all()
    assert (table.estimates.loc["vi-full-rank", "se"] > mean_field).all()
    assert table.estimators["seconds"]["mean-flat"] == table.estimators["seconds"]["median-flat"]
