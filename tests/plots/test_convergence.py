"""The picture of convergence: running estimates and earlier rounds, in standard errors."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.inference.running import running_estimates
from glmmspec.plots.convergence import plot_convergence
from tests.inference.test_fit import quiet_fit
from tests.plots.artists import bars, marks, texts


def test_the_line_is_the_running_estimate(salamander):
    running, se = running_estimates(salamander), salamander.se()
    for ax, name in zip(plot_convergence(salamander), se.index, strict=True):
        path = running.xs(name, level="parameter")
        drawn = marks(ax, "o")
        np.testing.assert_array_equal(drawn[:, 0], path.index)
        np.testing.assert_allclose(drawn[:, 1], (path["estimate"] - salamander.params()[name]) / se[name])
        np.testing.assert_allclose(
            np.diff(bars(ax, 1)).ravel() / 2, 1.959964 * path["mcse"] / se[name], rtol=1e-6
        )
        assert drawn[-1] == pytest.approx([salamander.n_draws, 0], abs=1e-6)
        assert ax.get_title(loc="left") == name


def test_earlier_rounds_are_digits(salamander):
    rounds = salamander.estimate.rounds[:-1]
    assert rounds
    ax = plot_convergence(salamander, "M")[0]
    for number, of_round in enumerate(rounds, start=1):
        ((_, y),) = marks(ax, f"${number}$")
        expected = (of_round.variances[1] - salamander.varcomps()["M"]) / salamander.se()["M"]
        assert y == pytest.approx(expected)
        assert abs(y) < max(ax.get_ylim())


def test_a_round_beyond_the_edge_stands_at_it(salamander):
    first, *others = salamander.estimate.rounds
    far = dataclasses.replace(first, variances=first.variances + 20 * salamander.se().iloc[4:].to_numpy())
    estimate = dataclasses.replace(salamander.estimate, rounds=(far, *others))
    ax = plot_convergence(dataclasses.replace(salamander, estimate=estimate), "M")[0]
    ((_, y),) = marks(ax, "$1$")
    assert y < max(ax.get_ylim()) < 5
    distance = (far.variances[1] - salamander.varcomps()["M"]) / salamander.se()["M"]
    assert f"{distance:+.1f}" in texts(np.array([ax]))


def test_a_variance_on_the_boundary(boundary):
    ax = plot_convergence(boundary, "g")[0]
    assert not len(marks(ax, "o"))
    assert "0, on the boundary" in texts(np.array([ax]))


def test_a_variance_with_the_name_of_a_coefficient():
    rng = np.random.default_rng(1)
    data = {"x": rng.normal(size=120), "g": np.repeat(np.arange(12), 10)}
    data["y"] = rng.poisson(np.exp(0.5 * rng.normal(size=12)[data["g"]] + 0.3 * data["x"]))
    fit = gs.fit("family poisson\ny ~ x | x = g", data, draws=512)
    _, coefficient, variance = plot_convergence(fit)
    running = running_estimates(fit).loc[32]
    expected = (running["estimate"].to_numpy() - fit.params().to_numpy()) / fit.se().to_numpy()
    assert [marks(ax, "o")[0, 1] for ax in (coefficient, variance)] == pytest.approx(expected[1:])


def test_of_many_parameters_the_least_certain():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"f": rng.integers(0, 15, 900), "g": np.arange(900) % 90})
    data["y"] = rng.poisson(np.exp(0.5 * rng.normal(size=90)[data["g"]]))
    fit, _ = quiet_fit(gs.parse("family poisson\nfactor f\ny ~ f | g"), data, draws=512)
    axes = plot_convergence(fit)
    ratio = (fit.mcse() / fit.se()).to_numpy()
    largest = np.sort(np.argsort(ratio)[-12:])
    assert [ax.get_title(loc="left") for ax in axes] == [fit.design.parameters[i] for i in largest]
    assert "the 12 largest Monte Carlo errors of 16" in texts(axes)
    assert len(plot_convergence(fit, list(range(16)))) == 16


def test_unknown_parameters_are_refused(salamander):
    with pytest.raises(gs.FitError, match="unknown parameter 'Mael'"):
        plot_convergence(salamander, "Mael")
