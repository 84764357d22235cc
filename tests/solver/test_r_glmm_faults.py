"""What the parts of R's glmm 1.4.5 get wrong, and ours must not (docs/coming-from-r.md)."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_t

from glmmspec.blocks import batches, partition
from glmmspec.design import Design
from glmmspec.solver.monte_carlo import gradient_error
from glmmspec.solver.proposal import Proposal
from glmmspec.solver.start import pql_start
from glmmspec.solver.trust_region import maximise
from tests.solver import designs, golden

WRONG_IN_R = ["binomial_sim_m60", "bernoulli_weights_m60", "poisson_sim_m60", "poisson_weights_m60"]


@pytest.mark.parametrize("name", WRONG_IN_R)
def test_the_monte_carlo_error_is_that_of_the_family_and_its_weights(name):
    """At R's draws, where R's own takes another density. All cases: tests/solver/test_golden.py."""
    case = golden.load(name)
    likelihood = case.likelihood()
    found = maximise(likelihood, np.array(case.raw["evaluations"][1]["par"], dtype=float))
    covariance = np.linalg.inv(-found.hessian)
    m = len(case.raw["umat"])
    spread = gradient_error(likelihood, found.argument).variance * (m - 1) / m
    ours = np.diag(covariance @ spread @ covariance)
    np.testing.assert_allclose(ours, np.diag(case.raw["mcvcov_correct_density"]), rtol=1e-3)
    assert (np.abs(ours / np.diag(case.raw["mcvcov_R"]) - 1) > 0.01).any()


def one_t(df: float, q: int) -> Proposal:
    return Proposal(
        shares=np.ones(1),
        df=np.array([df]),
        centre=np.zeros((1, 1, q)),
        scale=np.eye(q)[None, None],
        present=np.ones((1, q), dtype=bool),
    )


@pytest.mark.parametrize(("df", "q"), [(7.5, 3), (5.0, 400)])
def test_the_density_of_the_t(df, q):
    """R cuts 7.5 to 7 in the density alone, and its constant overflows for many effects."""
    u = np.random.default_rng(2).normal(size=(1, q, 4))
    ours = one_t(df, q).log_density(u)[0]
    np.testing.assert_allclose(ours, multivariate_t(df=df, shape=np.eye(q)).logpdf(u[0].T), rtol=1e-12)


def start_of(design: Design) -> np.ndarray:
    found = pql_start(design, list(batches(design, partition(design, joint=True))))
    return np.append(found.beta, found.variances)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_the_start_knows_of_weights(family):
    """R's penalised quasi-likelihood ignores them. The whole fit: tests/inference/test_weights.py."""
    design = designs.groups(family, seed=0, n_groups=8, per_group=6, variance=0.8)
    design = replace(design, weights=np.random.default_rng(3).choice([1.0, 2.0], len(design.y)))
    twice = np.repeat(np.arange(len(design.y)), design.weights.astype(int))
    repeated = replace(
        design,
        **{name: getattr(design, name)[twice] for name in ("y", "trials", "x", "offset", "rows")},
        weights=np.ones(len(twice)),
        random=tuple(replace(t, codes=t.codes[twice], values=t.values[twice]) for t in design.random),
    )
    np.testing.assert_allclose(start_of(design), start_of(repeated), rtol=1e-6)
    ignored = start_of(replace(design, weights=np.ones(len(design.y))))
    assert np.abs(start_of(design) / ignored - 1).max() > 0.01
