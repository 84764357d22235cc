"""Settings that change what is maximised, where from, and where it is computed."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

import glmmspec as gs
from glmmspec.options import SolverOptions
from glmmspec.solver.maximum_likelihood import estimate
from tests.solver import designs, quadrature

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ORDINARY = designs.groups("poisson", seed=4, n_groups=30, per_group=5, variance=0.5)
OPTIONS = SolverOptions(draws=4096)
R = {"proposal": "mixture", "blocks": "joint", "points": "random", "draws": 10_000}


@pytest.mark.parametrize("variance", [0.1, 0.5, 2.0])
def test_a_held_variance(variance):
    """The maximum over the other parameters, by quadrature."""
    found = estimate(ORDINARY, OPTIONS, hold={0: variance})
    exact = minimize(
        lambda beta: -quadrature.log_likelihood(ORDINARY, np.append(beta, variance)), np.zeros(2), tol=1e-9
    )
    assert found.settled
    assert list(found.final.variances) == [variance]
    assert list(found.final.free) == [True, True, False]
    assert found.final.maximum.value == pytest.approx(-exact.fun, abs=5e-3)
    np.testing.assert_allclose(found.final.beta, exact.x, atol=2e-3)


def test_a_variance_held_at_zero_takes_its_effects_out():
    """The likelihood of a Poisson regression; held there even though the likelihood rises."""
    found = estimate(ORDINARY, OPTIONS, hold={0: 0.0})

    def minus_log_likelihood(beta):
        eta = ORDINARY.x @ beta
        return -(ORDINARY.y @ eta - np.exp(eta).sum())

    exact = minimize(minus_log_likelihood, np.zeros(2), tol=1e-10)
    constant = ORDINARY.family.log_constant(ORDINARY.y, ORDINARY.trials).sum()
    assert found.final.maximum.value == pytest.approx(constant - exact.fun, abs=1e-6)
    assert found.final.variances[0] == 0
    assert estimate(ORDINARY, OPTIONS).final.maximum.value > found.final.maximum.value + 1


@pytest.mark.parametrize("start", ["pql", "zero", (1.0, 0.0, 2.0), (0.2, 0.5, 0.0)])
def test_the_start_does_not_matter(start):
    """Within the Monte Carlo errors of two sets of draws."""
    found, other = (
        estimate(ORDINARY, SolverOptions(draws=4096, start=s, seed=seed))
        for s, seed in ((start, 1), ("pql", 2))
    )
    error = np.sqrt(np.diagonal(found.final.monte_carlo_covariance + other.final.monte_carlo_covariance))
    difference = np.append(found.final.beta - other.final.beta, found.final.variances - other.final.variances)
    assert (np.abs(difference) < 5 * error).all()


def test_the_mixture_stays_where_it_was_drawn():
    """All rounds are centred at the start, and a fixed number of draws is drawn once, as in R's glmm."""
    found = estimate(ORDINARY, SolverOptions(proposal="mixture", draws=2048))
    assert [r.draws for r in found.rounds] == [2048]
    growing = estimate(ORDINARY, SolverOptions(proposal="mixture", points="random", tolerance=0.3))
    assert len(growing.rounds) > 1
    assert growing.settled
    assert growing.final.moved > 0.2
    for made in growing.rounds:
        np.testing.assert_allclose(made.centre.variances, growing.start.variances)
    for integrals in found.likelihood.integrals:
        assert not integrals.drift.any()
    assert any(integrals.drift.any() for integrals in estimate(ORDINARY, OPTIONS).likelihood.integrals)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rs_estimator_is_not_believed_where_it_fails(seed):
    """R's setting on the salamander data: a few of 10,000 draws carry the estimate, and it is said.

    Negative control: our own setting is reliable with a fifth of the draws.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        fit = gs.fit(EXAMPLES / "salamander.glmm", seed=seed, **R)
    assert "the Monte Carlo error is not known" in "".join(map(str, fit.warnings))
    assert not fit.reliable
    assert fit.diagnostics()["draws_effective"].min() < 100
    assert "?" in str(fit.summary())
    assert gs.fit(EXAMPLES / "salamander.glmm", seed=seed, draws=2048).reliable


def test_devices_share_the_draws():
    """Two devices give the estimates of one to 1e-10; more than there are are refused."""
    code = """
import json, glmmspec as gs
fits = [gs.fit("examples/salamander.glmm", draws=2048, devices=n) for n in (1, 2)]
one, two = ([*fit.params(), *fit.mcse(), fit.loglik] for fit in fits)
integrals = fits[1].estimate.likelihood.integrals
used = {d.id for i in integrals for _, chunk in i._placed for d in chunk.effects.devices()}
print(json.dumps([one, two, len(used)]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
        capture_output=True,
        text=True,
        check=True,
        cwd=EXAMPLES.parent,
    )
    one, two, used = json.loads(run.stdout)
    np.testing.assert_allclose(one, two, rtol=1e-10)
    assert used == 2
    with pytest.raises(gs.FitError, match=r"devices = 512, and JAX sees") as caught:
        gs.fit(EXAMPLES / "cbpp.glmm", devices=512)
    assert "xla_force_host_platform_device_count=512" in str(caught.value)
