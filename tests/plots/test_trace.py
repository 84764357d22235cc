"""The picture of the trust region's path."""

import dataclasses

import numpy as np

import glmmspec as gs
from glmmspec.plots.trace import plot_trace
from tests.plots.artists import marks, texts


def test_the_path_is_that_of_the_trace(salamander):
    value, radius, rho = plot_trace(salamander)
    trace = salamander.trace().reset_index()
    assert trace["accepted"].all()
    maxima = [of_round.maximum.value for of_round in salamander.estimate.rounds]
    below = np.take(maxima, trace["round"] - 1) - trace["value"]
    for ax, expected in ((value, below), (radius, trace["radius"]), (rho, np.minimum(trace["ratio"], 2))):
        drawn = marks(ax, "o")
        np.testing.assert_array_equal(drawn[:, 0], np.arange(1, len(trace) + 1))
        np.testing.assert_allclose(drawn[:, 1], expected, atol=1e-12)
    dashed = [line.get_ydata()[0] for line in rho.lines if line.get_linestyle() == "--"]
    assert dashed == [1 / 4, 3 / 4]


def test_rounds_are_apart_and_say_their_draws(salamander):
    value = plot_trace(salamander)[0]
    trace = salamander.trace().reset_index()
    starts = np.flatnonzero(~trace["round"].duplicated())
    (above,) = value.child_axes
    np.testing.assert_array_equal(above.get_xticks(), 1 + starts)
    assert [label.get_text() for label in above.get_xticklabels()] == [
        str(d) for d in trace["draws"].iloc[starts]
    ]
    lines = [line.get_xdata()[0] for line in value.lines if line.get_xdata()[0] == line.get_xdata()[-1] != 1]
    assert set(starts[1:] + 0.5) <= set(lines)


def test_rounds_that_begin_close_together_are_not_told_on_top_of_each_other(salamander):
    first, *others = salamander.estimate.rounds
    crowd = dataclasses.replace(
        first, maximum=dataclasses.replace(first.maximum, steps=first.maximum.steps * 20)
    )
    estimate = dataclasses.replace(salamander.estimate, rounds=(crowd, *[first] * 3, *others))
    (above,) = plot_trace(dataclasses.replace(salamander, estimate=estimate))[0].child_axes
    draws = [int(label.get_text()) for label in above.get_xticklabels()]
    assert 2 <= len(draws) < 4 + len(others)
    assert draws[-1] == salamander.n_draws
    assert (np.diff(above.get_xticks()) > 5).all()


def test_rejected_steps_are_crosses_and_what_has_no_value_stands_at_the_edge(salamander):
    fit = with_steps(
        salamander, {1: {"value": -200.0, "ratio": 0.1}, 3: {"value": -np.inf, "ratio": -np.inf}}
    )
    value, radius, rho = plot_trace(fit)
    for ax in (value, radius, rho):
        assert marks(ax, "x")[:, 0].tolist() == [2, 4]
    highest = marks(value, "o")[:, 1].max()
    assert 10 * highest <= marks(value, "x")[1, 1] < max(value.get_ylim())
    assert rho.get_ylim()[0] < marks(rho, "x")[1, 1] < marks(rho, "x")[0, 1] == 0.1


def with_steps(fit: gs.Fit, changes: dict[int, dict[str, float]]) -> gs.Fit:
    """A fit in whose first round some steps are rejected ones."""
    first, *others = fit.estimate.rounds
    steps = list(first.maximum.steps)
    for index, change in changes.items():
        steps[index] = dataclasses.replace(steps[index], accepted=False, **change)
    changed = dataclasses.replace(first, maximum=dataclasses.replace(first.maximum, steps=tuple(steps)))
    return dataclasses.replace(fit, estimate=dataclasses.replace(fit.estimate, rounds=(changed, *others)))


def test_a_start_at_the_maximum(salamander):
    last = salamander.estimate.final
    still = dataclasses.replace(last, maximum=dataclasses.replace(last.maximum, steps=()))
    estimate = dataclasses.replace(salamander.estimate, rounds=(still,), final=still)
    axes = plot_trace(dataclasses.replace(salamander, estimate=estimate))
    assert "no iterations" in texts(axes)
