"""The twin: the same model in NumPyro, which shares nothing with the solver but the IR and the bound data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.distributions import constraints

from glmmspec.design import Design, RandomEffects
from glmmspec.prior import Distribution
from glmmspec.validation.priors import FLAT, ComponentPrior, Priors

Twin = Callable[..., None]
"""A NumPyro model; called with `y` it has those responses, and samples them with `y=None`."""


def twin(design: Design, priors: Priors, *, centred: bool = False) -> Twin:
    """The model of a design as a NumPyro model.

    Sites: `beta`, p coefficients; `nu`, the variance components; `u[term]`, the random effects of
    each term; `response`, the weighted response. Effects are sqrt(nu) z with z standard normal or,
    `centred`, sampled as they are.
    """

    def model(y: Any = design.y) -> None:
        beta = _coefficients(design, priors)
        variance = _variances(design, priors)
        eta = jnp.asarray(design.x) @ beta + design.offset
        for term in design.random:
            u = _effects(effects_site(term), len(term.levels), jnp.sqrt(variance[term.component]), centred)
            eta = eta + term.values * u[term.codes]
        # A weight multiplies the log density of its row: a row of weight 2 counts as two. NumPyro takes
        # no scale of 0, and a mask in its place.
        counted = design.weights > 0
        scale = np.where(counted, design.weights, 1.0)
        with numpyro.handlers.mask(mask=counted), numpyro.handlers.scale(scale=scale):
            numpyro.sample("response", response(design, eta), obs=y)

    return model


def twin_at(design: Design, beta: Any, variances: Any) -> Twin:
    """The twin with its parameters held at given values: what is left to sample are the random effects."""
    flat = Priors((FLAT,) * len(design.coefficients), (ComponentPrior("var", FLAT),) * len(design.components))
    held = {f"_beta[{name}]": value for name, value in zip(design.coefficients, beta, strict=True)}
    held |= {f"_var[{name}]": value for name, value in zip(design.components, variances, strict=True)}
    return cast(Twin, numpyro.handlers.condition(twin(design, flat), data=held))


def effects_site(term: RandomEffects) -> str:
    """The name of a term's random effects, `u[term]`: with a division slash, for `/` is a path to ArviZ."""
    return f"u[{term.name.replace('/', '∕')}]"


def response(design: Design, eta: Any) -> dist.Distribution:
    """The distribution of the responses given the linear predictor, n independent rows."""
    match design.family.name:
        case "bernoulli":
            return dist.Bernoulli(logits=eta)
        case "binomial":
            return dist.Binomial(total_count=design.trials.astype(int), logits=eta)
        case "poisson":
            return dist.Poisson(jnp.exp(eta))
    raise NotImplementedError(design.family.name)


def _coefficients(design: Design, priors: Priors) -> Any:
    values = [
        numpyro.sample(f"_beta[{name}]", distribution(prior, constraints.real))
        for name, prior in zip(design.coefficients, priors.coefficients, strict=True)
    ]
    return numpyro.deterministic("beta", jnp.stack(values) if values else jnp.zeros(0))


def _variances(design: Design, priors: Priors) -> Any:
    values = []
    for name, prior in zip(design.components, priors.components, strict=True):
        value = numpyro.sample(f"_{prior.on}[{name}]", distribution(prior.distribution, constraints.positive))
        values.append(value if prior.on == "var" else value**2)
    return numpyro.deterministic("nu", jnp.stack(values))


def _effects(name: str, count: int, sd: Any, centred: bool) -> Any:
    if centred:
        return numpyro.sample(name, dist.Normal(jnp.zeros(count), sd).to_event(1))
    standard = numpyro.sample(f"_z{name[1:]}", dist.Normal(jnp.zeros(count), 1.0).to_event(1))
    return numpyro.deterministic(name, sd * standard)


def distribution(prior: Distribution, support: constraints.Constraint) -> dist.Distribution:
    """A prior as a NumPyro distribution; a flat one is improper, on the support of the parameter."""
    if prior.name == "flat":
        return dist.ImproperUniform(support, (), ())
    return _DISTRIBUTIONS[prior.name](*prior.arguments)


def _half_student_t(df: float, scale: float) -> dist.Distribution:
    return dist.FoldedDistribution(dist.StudentT(df, 0.0, scale))


_DISTRIBUTIONS: dict[str, Callable[..., dist.Distribution]] = {
    "normal": dist.Normal,
    "student_t": dist.StudentT,
    "cauchy": dist.Cauchy,
    "half_normal": dist.HalfNormal,
    "half_student_t": _half_student_t,
    "half_cauchy": dist.HalfCauchy,
    "exponential": dist.Exponential,
    "gamma": dist.Gamma,
    "inverse_gamma": dist.InverseGamma,
    "lognormal": dist.LogNormal,
    "uniform": dist.Uniform,
}
