"""The twin's density against SciPy's, written out row by row."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
from numpyro.infer.util import log_density
from scipy import stats

import glmmspec as gs
from glmmspec.design import Design
from glmmspec.family import FAMILIES
from glmmspec.prior import DISTRIBUTIONS, Distribution
from glmmspec.validation.priors import FLAT, ComponentPrior, Priors
from glmmspec.validation.twin import distribution, effects_site, twin
from tests.solver.designs import crossed


def priors(design: Design, coefficient: Distribution, component: ComponentPrior) -> Priors:
    return Priors((coefficient,) * len(design.coefficients), (component,) * len(design.components))


def row_log_density(design: Design, eta: np.ndarray) -> np.ndarray:
    match design.family.name:
        case "poisson":
            return stats.poisson.logpmf(design.y, np.exp(eta))
        case _:
            return stats.binom.logpmf(design.y, design.trials, 1 / (1 + np.exp(-eta)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_the_joint_density(family: str, shared: bool, centred: bool) -> None:
    """Weights (0 among them), offsets, a random slope, trials, and normal and half-normal priors."""
    design = crossed(family, seed=3, shared=shared)
    model = twin(
        design,
        priors(
            design, Distribution("normal", (1, 2)), ComponentPrior("sd", Distribution("half_normal", (3,)))
        ),
        centred=centred,
    )
    rng = np.random.default_rng(5)
    beta, sd = rng.normal(size=2), rng.uniform(0.5, 2, size=len(design.components))
    z = [rng.normal(size=len(term.levels)) for term in design.random]
    u = [sd[term.component] * part for term, part in zip(design.random, z, strict=True)]
    eta = design.x @ beta + design.offset
    for term, effects in zip(design.random, u, strict=True):
        eta += term.values * effects[term.codes]
    expected = design.weights @ row_log_density(design, eta)
    expected += stats.norm.logpdf(beta, 1, 2).sum() + stats.halfnorm.logpdf(sd, scale=3).sum()
    sites = {f"_beta[{name}]": value for name, value in zip(design.coefficients, beta, strict=True)}
    sites |= {f"_sd[{name}]": value for name, value in zip(design.components, sd, strict=True)}
    for term, standard, effects in zip(design.random, z, u, strict=True):
        scale = sd[term.component] if centred else 1.0
        value = effects if centred else standard
        expected += stats.norm.logpdf(value, 0, scale).sum()
        sites[effects_site(term) if centred else f"_z{effects_site(term)[1:]}"] = value
    with jax.enable_x64(True):
        density, _ = log_density(model, (), {}, sites)
    assert float(density) == pytest.approx(expected, rel=1e-11)


def test_a_flat_prior_on_the_variance_adds_nothing() -> None:
    """Between two variances the density differs by that of the effects alone; of a flat sd it does too."""
    design = crossed("poisson")
    u = {effects_site(term): np.full(len(term.levels), 0.3) for term in design.random}
    sites = {"_beta[(Intercept)]": 0.1, "_beta[x]": -0.2, **u}
    effects = [len(term.levels) for term in design.random]
    with jax.enable_x64(True):
        for on, values in (("var", (0.5, 2.0)), ("sd", (0.5**0.5, 2.0**0.5))):
            model = twin(design, priors(design, FLAT, ComponentPrior(on, FLAT)), centred=True)
            at = [
                float(log_density(model, (), {}, {**sites, **dict.fromkeys(_components(design, on), v)})[0])
                for v in values
            ]
            expected = sum(
                n * (stats.norm.logpdf(0.3, 0, 2**0.5) - stats.norm.logpdf(0.3, 0, 0.5**0.5)) for n in effects
            )
            assert at[1] - at[0] == pytest.approx(expected, rel=1e-11)


def _components(design: Design, on: str) -> list[str]:
    return [f"_{on}[{name}]" for name in design.components]


SCIPY = {
    "normal": lambda m, s: stats.norm(m, s),
    "student_t": lambda df, m, s: stats.t(df, m, s),
    "cauchy": lambda m, s: stats.cauchy(m, s),
    "half_normal": lambda s: stats.halfnorm(scale=s),
    "half_cauchy": lambda s: stats.halfcauchy(scale=s),
    "exponential": lambda rate: stats.expon(scale=1 / rate),
    "gamma": lambda shape, rate: stats.gamma(shape, scale=1 / rate),
    "inverse_gamma": lambda shape, scale: stats.invgamma(shape, scale=scale),
    "lognormal": lambda m, s: stats.lognorm(s, scale=np.exp(m)),
    "uniform": lambda low, high: stats.uniform(low, high - low),
}


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if name != "flat"])
def test_every_prior(name: str) -> None:
    from numpyro.distributions import constraints

    arguments = (0.4, 2.5, 1.3)[: len(DISTRIBUTIONS[name])]
    at = np.array([0.5, 0.9, 2.0, 2.4])
    if name == "half_student_t":
        expected = np.log(2) + stats.t(arguments[0], 0, arguments[1]).logpdf(at)
    else:
        expected = SCIPY[name](*arguments).logpdf(at)
    with jax.enable_x64(True):
        found = distribution(Distribution(name, arguments), constraints.positive).log_prob(at)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


DATA = pd.DataFrame({"y": [0, 1, 1, 0] * 6, "x": np.linspace(0, 10, 24), "g": list("abcdef") * 4})
TEXT = "family bernoulli\ny ~ x | g\n"


def test_flat_is_flat_whatever_the_spec_says() -> None:
    model = gs.parse(TEXT + "prior x ~ normal(0, 1)\nprior sd(g) ~ half_normal(1)\n")
    used = Priors.of(model, gs.bind(model, DATA), "flat")
    assert used == Priors((FLAT, FLAT), (ComponentPrior("var", FLAT),))


def test_the_priors_of_the_spec_are_used() -> None:
    model = gs.parse(
        TEXT + "prior fixed ~ normal(0, 5)\nprior x ~ cauchy(0, 1)\nprior var(g) ~ gamma(2, 3)\n"
    )
    used = Priors.of(model, gs.bind(model, DATA), "weak")
    assert used.coefficients == (Distribution("normal", (0, 5)), Distribution("cauchy", (0, 1)))
    assert used.components == (ComponentPrior("var", Distribution("gamma", (2, 3))),)


def test_weak_priors_follow_the_scale_of_the_columns() -> None:
    """In other units of x the linear predictor has the same prior."""
    model = gs.parse(TEXT)
    one = Priors.of(model, gs.bind(model, DATA), "weak")
    other = Priors.of(model, gs.bind(model, DATA.assign(x=DATA["x"] * 1000)), "weak")
    assert other.coefficients[1].arguments[1] == pytest.approx(one.coefficients[1].arguments[1] / 1000)
    assert other.coefficients[0].arguments == pytest.approx(one.coefficients[0].arguments)
    assert one.coefficients[1].arguments[1] == pytest.approx(2.5 / DATA["x"].std(ddof=0))
    assert one.components == (ComponentPrior("sd", Distribution("half_student_t", (3, 2.5))),)


def test_an_unknown_set_is_refused() -> None:
    model = gs.parse(TEXT)
    with pytest.raises(gs.SpecError, match="unknown prior set 'weka'") as error:
        Priors.of(model, gs.bind(model, DATA), "weka")
    assert error.value.hint == "did you mean 'weak'?"
