"""The caterpillar holds the predicted effects, sorted."""

import numpy as np
import pytest
from scipy.stats import norm

import glmmspec as gs
from glmmspec.plots.random_effects import plot_random_effects
from tests.inference.test_fit import quiet_fit
from tests.plots.artists import marks, segments, texts


def test_means_and_intervals_in_order(salamander):
    axes = plot_random_effects(salamander, level=0.8)
    for ax, term in zip(axes, ("Female", "Male"), strict=True):
        effects = salamander.ranef().loc[term]
        names = [label.get_text() for label in ax.get_yticklabels()]
        ordered = effects.loc[names]
        points, lines = marks(ax, "o"), segments(ax)
        np.testing.assert_array_equal(points[:, 0], ordered["mean"])
        assert (np.diff(points[:, 0]) <= 0).all()
        assert sorted(names) == sorted(effects.index)
        reach = norm.ppf(0.9) * ordered["sd"]
        np.testing.assert_allclose(lines[:, 0], ordered["mean"] - reach)
        np.testing.assert_allclose(lines[:, 1], ordered["mean"] + reach)
        np.testing.assert_array_equal(lines[:, 2], points[:, 1])
        assert ax.yaxis_inverted()
        assert term in ax.get_xlabel()


def test_one_term(salamander):
    (ax,) = plot_random_effects(salamander, "Male")
    assert marks(ax, "o")[:, 0].max() == salamander.ranef().loc["Male", "mean"].max()
    with pytest.raises(gs.FitError, match="unknown random term 'Mael'\n  did you mean 'Male'"):
        plot_random_effects(salamander, "Mael")


def test_many_levels_have_no_names_and_are_one_image():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(2000), 4)
    data = {"g": g, "y": rng.poisson(np.exp(rng.normal(scale=0.7, size=2000)[g]))}
    fit, _ = quiet_fit(gs.parse("family poisson\ny ~ 1 | g"), data, draws=512)
    (ax,) = plot_random_effects(fit)
    assert len(segments(ax)) == 2000
    assert ax.collections[0].get_rasterized()
    assert not ax.get_yticklabels()
    assert ax.get_ylabel() == "2000 levels"


def test_effects_without_variance(boundary):
    assert "its variance is 0" in texts(plot_random_effects(boundary, "g"))
    assert "its variance is 0" not in texts(plot_random_effects(boundary, "h"))
