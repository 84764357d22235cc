"""The trust region on standard functions, against scipy's trust-exact."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

from glmmspec.solver.subproblem import maximise_quadratic
from glmmspec.solver.trust_region import maximise


def negative_rosenbrock(x):
    return -rosen(x), -rosen_der(x), -rosen_hess(x)


@pytest.mark.parametrize("n", [2, 5])
def test_rosenbrock_as_scipy(n):
    start = np.tile([-1.2, 1.0], n)[:n]
    found = maximise(negative_rosenbrock, start, rmax=10, iterlim=500)
    scipys = minimize(rosen, start, method="trust-exact", jac=rosen_der, hess=rosen_hess)
    assert found.converged
    np.testing.assert_allclose(found.argument, scipys.x, atol=1e-3)
    np.testing.assert_allclose(found.value, 0, atol=1e-8)


def double_well(x):
    """x^2 - x^4 - y^2: maxima at (+-sqrt(1/2), 0), a saddle at 0, indefinite between."""
    return (
        x[0] ** 2 - x[0] ** 4 - x[1] ** 2,
        np.array([2 * x[0] - 4 * x[0] ** 3, -2 * x[1]]),
        np.array([[2 - 12 * x[0] ** 2, 0], [0, -2.0]]),
    )


def test_indefinite_start():
    found = maximise(double_well, np.array([1e-3, 1.0]))
    assert found.converged
    np.testing.assert_allclose(found.argument, [0.5**0.5, 0], atol=1e-4)


def test_ends_at_the_first_bound_it_would_pass():
    """There, or inside where the function falls before; a maximum within is found as without bounds."""
    start, high = np.array([0.1, 1.0]), np.array([0.4, np.inf])
    found = maximise(double_well, start, within=(np.array([0.05, -np.inf]), high))
    assert found.converged
    assert found.argument[0] == pytest.approx(0.4, abs=1e-12)
    wide = maximise(double_well, start, within=(np.array([0.05, -np.inf]), 2 * high))
    np.testing.assert_allclose(wide.argument, maximise(double_well, start).argument, rtol=1e-12)


def test_leaves_a_saddle_it_starts_on():
    """There the gradient is 0 and only the hard case gives a step."""
    found = maximise(double_well, np.zeros(2))
    np.testing.assert_allclose(abs(found.argument[0]), 0.5**0.5, atol=1e-4)


def test_minus_infinity_outside_a_half_space():
    """log x - x is -infinity for x <= 0; the first Newton step from 1.9 lands there or beyond."""

    def barrier(x):
        if x[0] <= 0:
            return -np.inf, np.zeros(1), np.zeros((1, 1))
        return np.log(x[0]) - x[0], np.array([1 / x[0] - 1]), np.array([[-1 / x[0] ** 2]])

    found = maximise(barrier, np.array([3.5]), radius=100, rmax=100)
    assert found.converged
    assert any(step.value == -np.inf and not step.accepted for step in found.steps)
    np.testing.assert_allclose(found.argument, [1.0], atol=1e-4)


def test_an_iteration_limit_is_no_convergence():
    found = maximise(negative_rosenbrock, np.array([-1.2, 1.0]), iterlim=3)
    assert not found.converged
    assert len(found.steps) == 3


def test_steps_follow_the_rules():
    """Radius and acceptance as the docstring says, at every step of a hard path."""
    found = maximise(negative_rosenbrock, np.array([-3.0, -3.0]), radius=50, rmax=100, iterlim=500)
    assert {step.accepted for step in found.steps} == {True, False}
    for step, after in zip(found.steps, found.steps[1:], strict=False):
        assert step.accepted == (step.ratio >= 1 / 4)
        assert after.radius <= 100
        if step.ratio < 1 / 4:
            assert after.radius <= step.radius / 4 * (1 + 1e-9)
        elif step.ratio > 3 / 4 and step.boundary:
            assert after.radius == min(2 * step.radius, 100)
        else:
            assert after.radius == step.radius


def problems():
    """Convex and indefinite, interior and boundary, with the hard case and zero gradients among them."""
    rng = np.random.default_rng(0)
    for trial in range(300):
        n = int(rng.integers(1, 7))
        a = rng.normal(size=(n, n))
        hessian = -a @ a.T if trial % 3 == 0 else a + a.T
        gradient = rng.normal(size=n) * 10.0 ** rng.integers(-3, 4)
        if trial % 5 == 0:  # the hard case: no part along the direction of least curvature
            lowest = np.linalg.eigh(-hessian)[1][:, 0]
            gradient = gradient - lowest * (lowest @ gradient)
        if trial % 7 == 0:
            gradient = 0 * gradient
        yield gradient, hessian, 10.0 ** rng.uniform(-3, 3)


@pytest.mark.parametrize("problem", list(problems()))
def test_subproblem_satisfies_the_conditions_of_a_global_maximum(problem):
    """(-H + t I) p = g with t >= 0, -H + t I positive semidefinite, and t (radius - |p|) = 0.

    More and Sorensen (1983), theorem 2.4.
    """
    gradient, hessian, radius = problem
    step = maximise_quadratic(gradient, hessian, radius)
    length = np.linalg.norm(step)
    size = np.linalg.norm(gradient) + np.abs(hessian).max() * length
    assert length <= radius * (1 + 1e-9)
    multiplier = step @ (gradient + hessian @ step) / (step @ step) if length > 0 else 0.0
    np.testing.assert_allclose(gradient + hessian @ step, multiplier * step, atol=1e-7 * size)
    lowest = np.linalg.eigvalsh(-hessian)[0]
    assert multiplier >= -1e-7 * max(size / max(length, 1e-300), 1)
    assert lowest + multiplier >= -1e-7 * np.abs(hessian).max()
    assert multiplier <= 1e-7 * np.abs(hessian).max() or length == pytest.approx(radius, rel=1e-9)


def test_subproblem_of_a_wrong_sign_would_fail():
    """Negative control: the minimiser of the quadratic does not satisfy the conditions."""
    gradient, hessian = np.array([1.0, 2.0]), np.array([[-2.0, 0.3], [0.3, -1.0]])
    wrong = -maximise_quadratic(gradient, hessian, 0.5)
    multiplier = wrong @ (gradient + hessian @ wrong) / (wrong @ wrong)
    assert multiplier < 0


def test_nothing_to_maximise_over():
    """A model whose only parameter is held: the value where it is."""
    found = maximise(lambda point: (3.0, np.zeros(0), np.zeros((0, 0))), np.zeros(0))
    assert found.converged
    assert found.value == 3.0
