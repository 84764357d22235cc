"""Sampling a model's posterior by NUTS, as an ArviZ container."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float

from glmmspec.api import as_model
from glmmspec.design import Design, RandomEffects, bind
from glmmspec.errors import FitError, ReliabilityWarning
from glmmspec.ir import Model
from glmmspec.options import SamplerOptions, check_option
from glmmspec.validation.priors import FLAT, Priors
from glmmspec.validation.sampler_health import SamplerHealth
from glmmspec.validation.twin import effects_site, response, twin

if TYPE_CHECKING:
    from xarray import DataTree

_STATISTICS = {
    "accept_prob": "acceptance_rate",
    "diverging": "diverging",
    "energy": "energy",
    "num_steps": "n_steps",
    "potential_energy": "lp",
    "adapt_state.step_size": "step_size",
}

_PRIOR_DRAWS = 1000
_MOST_PREDICTIONS = 50_000_000


def sample(
    model: Model | str | PathLike[str],
    data: Any = None,
    *,
    family: str | None = None,
    prior: str = "weak",
    centred: bool = False,
    progress: bool | None = None,
    **options: Any,
) -> DataTree:
    """Sample the posterior of a model by NUTS, in NumPyro.

    Parameters
    ----------
    model, data, family
        As for `glmmspec.fit`.
    prior
        `weak`: the spec's priors, and weakly informative ones for what it leaves open; `flat`: flat ones on
        coefficients and variances whatever the spec says, so that the posterior is the likelihood.
    centred
        Sample the random effects as they are, in place of effects scaled to variance 1: better where
        groups are large.
    progress
        Whether to show a progress bar; by default where stderr is a terminal.
    **options
        Sampler options that take the place of the spec's (see `SamplerOptions`).

    Returns
    -------
    DataTree
        ArviZ groups `posterior` (`beta` by `coef`, `nu` by `component`, and for each random term `u[term]` by
        its levels), `sample_stats`, `log_likelihood` (each row's log density times its weight),
        `posterior_predictive`, `observed_data` and, unless a prior is flat, `prior` and `prior_predictive`.

    Raises
    ------
    SpecError, DataError
        If the spec, the data or an option is wrong.
    FitError
        If a draw is not finite.

    Warns
    -----
    ReliabilityWarning
        If the sampler's diagnostics are bad.
    """
    bound = as_model(model, family=family)
    for name, value in options.items():
        check_option(SamplerOptions, name, value)
    design, sampler = bind(bound, data), dataclasses.replace(bound.sampler, **options)
    priors = Priors.of(bound, design, prior)
    shown = sys.stderr.isatty() if progress is None else progress
    groups = _drawn(design, priors, sampler, centred=centred, progress=shown)
    with jax.enable_x64(True):
        seed = jax.random.key(sampler.seed)
        groups |= _of_rows(design, groups["posterior"], jax.random.fold_in(seed, 1))
        groups |= _prior(design, priors, jax.random.fold_in(seed, 2))
    tree = _tree(design, groups)
    for complaint in SamplerHealth.of(tree).complaints:
        warnings.warn(ReliabilityWarning(complaint), stacklevel=2)
    return tree


def sample_posterior(
    design: Design, priors: Priors, options: SamplerOptions, *, centred: bool, progress: bool
) -> DataTree:
    """Sample the posterior of a design: see `sample`, whose groups of rows and of the prior are left out.

    Raises
    ------
    FitError
        If a draw is not finite.
    """
    return _tree(design, _drawn(design, priors, options, centred=centred, progress=progress))


def _drawn(
    design: Design, priors: Priors, options: SamplerOptions, *, centred: bool, progress: bool
) -> dict[str, dict[str, np.ndarray]]:
    from numpyro.infer import MCMC, NUTS

    with jax.enable_x64(True):
        mcmc = MCMC(
            NUTS(twin(design, priors, centred=centred)),
            num_warmup=options.warmup,
            num_samples=options.draws,
            num_chains=options.chains,
            chain_method="vectorized",
            progress_bar=progress,
        )
        mcmc.run(jax.random.key(options.seed), extra_fields=tuple(_STATISTICS))
        drawn = {name: np.asarray(values) for name, values in mcmc.get_samples(group_by_chain=True).items()}
        posterior = _named(drawn)
        if not all(np.isfinite(values).all() for values in posterior.values()):
            raise FitError(
                "some draws of the posterior are not finite",
                hint="under flat priors a posterior may be improper: give priors, or use the set weak",
            )
        statistics = {
            _STATISTICS[name]: np.asarray(values)
            for name, values in mcmc.get_extra_fields(group_by_chain=True).items()
        }
        statistics["lp"] = -statistics["lp"]
    return {
        "posterior": posterior,
        "sample_stats": statistics,
        "observed_data": {"response": design.y},
    }


def _tree(design: Design, groups: Mapping[str, Mapping[str, np.ndarray]]) -> DataTree:
    from arviz_base import from_dict

    coords, dims = coordinates(design)
    return from_dict(groups, coords=coords, dims=dims)


def coordinates(design: Design) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """ArviZ coordinates and dimensions: `coef`, `component`, `obs`, and each grouping factor."""
    coords: dict[str, Any] = {
        "coef": list(design.coefficients),
        "component": list(design.components),
        "obs": design.rows.tolist(),
    }
    dims = {"beta": ["coef"], "nu": ["component"], "response": ["obs"]}
    for term in design.random:
        dimension = _dimension(term, coords)
        dims[effects_site(term)] = [dimension]
        coords[dimension] = list(term.levels)
    return coords, dims


_TAKEN = {"chain", "draw", "beta", "nu", "response"}


def _dimension(term: RandomEffects, coords: Mapping[str, Any]) -> str:
    """The grouping's name, or one that says more where that is taken by something else."""
    names = (term.grouping or term.name, term.name, f"levels of {term.name}")
    return next(
        name
        for name in (name.replace("/", "∕") for name in names)
        if name not in _TAKEN and list(coords.get(name, term.levels)) == list(term.levels)
    )


def _named(drawn: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without the sites that only serve the sampler."""
    return {name: values for name, values in drawn.items() if not name.startswith("_")}


def _of_rows(
    design: Design, posterior: Mapping[str, np.ndarray], key: Any
) -> dict[str, dict[str, np.ndarray]]:
    """Log densities and predicted responses of each row in each draw, or in some if there are very many."""
    chains, draws = posterior["nu"].shape[:2]
    step = -(-chains * draws * len(design.y) // _MOST_PREDICTIONS)
    eta = linear_predictor(design, {name: values[:, ::step] for name, values in posterior.items()})
    distribution = response(design, eta)
    return {
        "log_likelihood": {"response": np.asarray(design.weights * distribution.log_prob(design.y))},
        "posterior_predictive": {"response": np.asarray(distribution.sample(key))},
    }


def linear_predictor(design: Design, draws: Mapping[str, np.ndarray]) -> Float[np.ndarray, "chains draws n"]:
    """eta of each row in each draw."""
    eta = draws["beta"] @ design.x.T + design.offset
    for term in design.random:
        eta = eta + draws[effects_site(term)][..., term.codes] * term.values
    return np.asarray(eta)


def _prior(design: Design, priors: Priors, key: Any) -> dict[str, dict[str, np.ndarray]]:
    from numpyro.infer import Predictive

    used = (*priors.coefficients, *(prior.distribution for prior in priors.components))
    if FLAT in used:
        return {}
    drawn = Predictive(twin(design, priors), num_samples=_PRIOR_DRAWS)(key, y=None)
    groups = {name: np.asarray(values)[None] for name, values in _named(drawn).items()}
    return {"prior_predictive": {"response": groups.pop("response")}, "prior": groups}
