"""Variational approximations of the posterior as estimators."""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.ir import Model
from glmmspec.validation.point_estimate import PointEstimate
from glmmspec.validation.priors import Priors
from glmmspec.validation.twin import Twin, twin

_STEPS = 4_000
_FIRST_STEP, _LAST_STEP = 0.02, 0.0002
_RUNS = 4
"""Independent optimisations, whose spread is the Monte Carlo error."""

_DRAWS = 4000


def variational(model: Model, design: Design, *, guide: Literal["mean-field", "full-rank"]) -> PointEstimate:
    """Means of a normal approximation, with the least Kullback-Leibler divergence from the posterior.

    The priors are `weak`. The normal is in the unconstrained parameters and the scaled effects, with a
    diagonal (`mean-field`) or a full covariance matrix (Kucukelbir et al. 2017); its standard deviations tend
    to be too small, the more so the diagonal one's.
    """
    with jax.enable_x64(True):
        optimise, draw = jax.random.split(jax.random.key(model.sampler.seed))
        target = twin(design, Priors.of(model, design, "weak"))
        draws = _optimised(target, guide, jax.random.split(optimise, _RUNS), jax.random.split(draw, _RUNS))
    means = draws.mean(axis=1)
    mcse = means.std(axis=0, ddof=1) / np.sqrt(_RUNS)
    return PointEstimate.of_draws(draws.reshape(-1, draws.shape[2]), means.mean(axis=0), mcse)


def _optimised(
    target: Twin, guide: str, optimise: jax.Array, draw: jax.Array
) -> Float[np.ndarray, "runs draws P"]:
    """Draws of (beta, nu) from the approximation of each run of Adam, whose steps grow smaller."""
    from numpyro.infer import SVI, Predictive, Trace_ELBO
    from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal
    from numpyro.optim import Adam

    def step_size(step: jax.Array) -> jax.Array:
        return _FIRST_STEP * (_LAST_STEP / _FIRST_STEP) ** (step / _STEPS)

    normal = AutoNormal(target) if guide == "mean-field" else AutoMultivariateNormal(target)
    svi = SVI(target, normal, Adam(step_size), Trace_ELBO())
    start = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(svi.init(key) for key in optimise))

    @jax.jit
    def run(state: Any) -> Any:
        return jax.lax.scan(lambda now, _: jax.vmap(svi.update)(now), state, length=_STEPS)[0]

    @jax.jit
    @jax.vmap
    def drawn(key: jax.Array, params: Any) -> jax.Array:
        sites = ["beta", "nu"]
        predictive = Predictive(target, guide=normal, params=params, num_samples=_DRAWS, return_sites=sites)
        return jnp.concatenate([predictive(key)[site] for site in sites], axis=-1)

    return np.asarray(drawn(draw, jax.vmap(svi.get_params)(run(start))))
