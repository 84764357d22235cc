"""The picture of the estimates holds the numbers of the fit."""

import numpy as np
import pytest

import glmmspec as gs
from glmmspec.plots.estimates import plot_estimates
from tests.plots.artists import bars, marks, segments, texts


@pytest.mark.parametrize("level", [0.95, 0.5])
def test_estimates_intervals_and_monte_carlo_errors(salamander, level):
    from scipy.stats import norm

    axes = plot_estimates(salamander, level=level)
    wanted = salamander.confint(level=level).to_numpy()
    np.testing.assert_allclose(np.concatenate([segments(ax)[:, :2] for ax in axes]), wanted)
    points = np.concatenate([marks(ax, "o") for ax in axes])
    np.testing.assert_allclose(points[:, 0], salamander.params())
    reach = norm.ppf((1 + level) / 2) * salamander.mcse().to_numpy()
    drawn = np.concatenate([bars(ax, 0) for ax in axes])
    np.testing.assert_allclose(drawn.mean(axis=1), salamander.params())
    np.testing.assert_allclose(np.diff(drawn).ravel() / 2, reach)
    assert f"{100 * level:g} % confidence interval" in texts(axes)


def test_each_name_stands_at_its_estimate(salamander):
    for ax in plot_estimates(salamander):
        for label, place in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True):
            (x,) = marks(ax, "o")[marks(ax, "o")[:, 1] == place, 0]
            assert x == salamander.params()[label.get_text()]


def test_a_variance_on_the_boundary(boundary):
    variances = plot_estimates(boundary)[1]
    assert marks(variances, "s").tolist() == [[0, 0]]
    assert marks(variances, "o").tolist() == [[boundary.varcomps()["h"], 1]]
    assert len(segments(variances)) == 1
    assert "on the boundary: no standard error" in texts(np.array([variances]))


def test_monte_carlo_errors_that_do_not_hold_are_not_drawn(unreliable):
    axes = plot_estimates(unreliable)
    assert not any(ax.containers for ax in axes)
    assert "Monte Carlo error" not in texts(axes)


def test_a_model_of_variances_alone():
    data = {"g": [1, 1, 2, 2, 3, 3, 4, 4] * 5, "y": [0, 1, 3, 5, 1, 0, 7, 9] * 5}
    fit = gs.fit("family poisson\ny ~ 0 | g", data, draws=512)
    (ax,) = plot_estimates(fit)
    assert marks(ax, "o")[0, 0] == fit.varcomps()["g"]


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_levels_that_are_refused(salamander, level):
    with pytest.raises(gs.FitError, match="is not between 0 and 1"):
        plot_estimates(salamander, level=level)
