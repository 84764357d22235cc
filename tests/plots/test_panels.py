"""Where pictures are drawn, and how names look in them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

import glmmspec as gs
from glmmspec.plots.convergence import plot_convergence
from glmmspec.plots.estimates import plot_estimates
from glmmspec.plots.random_effects import plot_random_effects
from glmmspec.plots.trace import plot_trace
from glmmspec.plots.weights import plot_weights
from tests.inference.test_fit import quiet_fit
from tests.plots.artists import texts

PICTURES = {plot_estimates: 2, plot_random_effects: 2, plot_convergence: 6, plot_weights: 3, plot_trace: 3}


@pytest.mark.parametrize(("plot", "count"), PICTURES.items())
def test_a_figure_of_pyplots_or_the_axes_given(salamander, plot, count):
    made = plot(salamander)
    assert made.shape == (count,)
    assert pyplot.get_fignums() == [made[0].figure.number]
    given = Figure().subplots(1, count)
    drawn = plot(salamander, ax=given)
    assert list(drawn) == list(given)
    assert len(pyplot.get_fignums()) == 1
    for one, other in zip(made, drawn, strict=True):
        assert len(one.lines) == len(other.lines) > 0
        assert one.get_xlabel() == other.get_xlabel()


@pytest.mark.parametrize("plot", PICTURES)
def test_axes_of_another_number_are_refused(salamander, plot):
    for given in (Figure().subplots(), Figure().subplots(1, 7), ["axes"] * PICTURES[plot]):
        with pytest.raises(gs.FitError, match=rf"the picture has {PICTURES[plot]} panels"):
            plot(salamander, ax=given)


@pytest.mark.parametrize("plot", PICTURES)
def test_a_fit_not_to_be_relied_on_is_said(salamander, unreliable, plot):
    assert "not a reliable fit" not in texts(plot(salamander))
    assert "not a reliable fit" in texts(plot(unreliable))
    given = Figure().subplots(1, PICTURES[plot])
    assert "not a reliable fit" in texts(plot(unreliable, ax=given))


@pytest.mark.parametrize("plot", PICTURES)
def test_every_axis_says_what_it_shows(salamander, plot):
    for one in plot(salamander):
        assert one.get_xlabel() or one.get_shared_x_axes().get_siblings(one) != [one]
        named = one.get_ylabel() or one.get_shared_y_axes().get_siblings(one) != [one]
        assert named or [label.get_text() for label in one.get_yticklabels()]


def test_names_are_not_formulas(boundary):
    """In matplotlib's texts what stands between two dollar signs is one."""
    for plot in (plot_estimates, plot_convergence):
        axes = plot(boundary)
        axes[0].figure.canvas.draw()
        labels = [text for one in axes for text in (one.title, one._left_title, *one.get_yticklabels())]
        named = [text for text in labels if "$x$" in text.get_text()]
        assert len(named) == 1
        assert not named[0].get_parse_math()


def test_long_names_are_cut_and_odd_ones_escaped():
    data = {"g": np.repeat(["a\nb", "c" * 200, "d"], 40), "y": np.tile([0, 1, 2, 1], 30)}
    fit, _ = quiet_fit(gs.parse("family poisson\ny ~ 1 | g"), pd.DataFrame(data), draws=512)
    (ax,) = plot_random_effects(fit)
    names = {label.get_text() for label in ax.get_yticklabels()}
    assert names == {"a\\nb", "c" * 39 + "…", "d"}
