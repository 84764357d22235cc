"""Check 1: the twin's joint density of responses and random effects against the solver's kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from glmmspec.blocks import PADDING, batches, partition
from glmmspec.design import Design
from glmmspec.inference.fit import Fit
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.importance import ImportanceSample
from glmmspec.solver.likelihood import log_constant
from glmmspec.validation.checks import Check
from glmmspec.validation.priors import FLAT, ComponentPrior, Priors
from glmmspec.validation.twin import Twin, effects_site, twin

_POINTS = 100
_EQUAL, _UNEQUAL = 1e-9, 1e-7


def check_joint_density(fit: Fit, design: Design, seed: int) -> Check:
    """log f(y | u) + log phi(u) at 100 random (beta, nu, u), by the twin of `design` and by the fit's solver.

    The points are about the estimate: beta within a few standard errors, nu within a factor of a few,
    u from its normal distribution. The number is the largest difference, relative to the density where
    that is beyond 1.
    """
    rng = np.random.default_rng(seed)
    points = [_point(fit, rng) for _ in range(_POINTS)]
    sizes = np.array([len(term.levels) for term in fit.design.random])
    component = np.repeat([term.component for term in fit.design.random], sizes)
    effects = rng.normal(size=(_POINTS, len(component)))
    effects *= np.sqrt(np.array([point.variances for point in points])[:, component])
    ours = solver_density(fit.design, points, effects)
    theirs = twin_density(design, points, effects)
    difference = np.abs(ours - theirs) / np.maximum(1, np.abs(ours))
    about = f"largest relative difference at {_POINTS} random points"
    # Not `max`: that would be NaN for NaN, but here NaN has to be the worst.
    worst = float(np.nan_to_num(difference, nan=np.inf).max())
    return Check("joint density", "twin and solver's kernel", worst, _EQUAL, _UNEQUAL, about)


def _point(fit: Fit, rng: np.random.Generator) -> Point:
    final = fit.estimate.final
    spread = np.nan_to_num(fit.se().to_numpy()[: len(final.beta)])
    variances = np.where(final.variances > 0, final.variances, 1.0)
    return Point(
        final.beta + 2 * spread * rng.normal(size=len(final.beta)),
        variances * np.exp(rng.normal(size=len(variances))),
    )


def solver_density(
    design: Design, points: list[Point], effects: Float[np.ndarray, "n q"]
) -> Float[np.ndarray, " n"]:
    """The joint log density at n points, by the solver's kernel: the log weight of a draw with log q = 0."""
    coordinates = Coordinates.of(design)
    inner = coordinates.design(design)
    total = np.full(len(points), log_constant(design))
    everything = np.ones(len(design.components), dtype=bool)
    for batch in batches(inner, partition(inner)):
        drawn = np.where(batch.effect != PADDING, effects[:, batch.effect], 0.0).transpose(1, 2, 0)
        none = np.zeros((len(batch.block), len(points)))
        sample = ImportanceSample(batch, design.family, drawn, none, varies=everything, replicates=1)
        for k, point in enumerate(map(coordinates.inward, points)):
            weights = sample.log_weights(point.beta, point.variances)
            total[k] += weights[batch.block != PADDING, 0, k].sum()
    return total


def twin_density(
    design: Design, points: list[Point], effects: Float[np.ndarray, "n q"]
) -> Float[np.ndarray, " n"]:
    """The joint log density at n points, by the twin with flat priors on coefficients and variances."""
    from numpyro.infer.util import log_density

    model = flat_twin(design)
    with jax.enable_x64(True):
        # The responses are an argument: what depends on constants alone, XLA computes while it compiles.
        density = jax.jit(lambda sites, y: log_density(model, (y,), {}, sites)[0])
        return np.array(
            [
                float(density(sites(design, point, u), design.y))
                for point, u in zip(points, effects, strict=True)
            ]
        )


def flat_twin(design: Design) -> Twin:
    """The twin whose joint density is f(y | u; beta) phi(u; nu) and nothing else."""
    flat = tuple(ComponentPrior("var", FLAT) for _ in design.components)
    return twin(design, Priors((FLAT,) * len(design.coefficients), flat), centred=True)


def sites(design: Design, point: Point, effects: Any) -> Mapping[str, Any]:
    """Parameters, and effects numbered through the terms, as values of the sites of `flat_twin`."""
    starts = np.cumsum([len(term.levels) for term in design.random])[:-1]
    return {
        **{f"_beta[{name}]": value for name, value in zip(design.coefficients, point.beta, strict=True)},
        **{f"_var[{name}]": value for name, value in zip(design.components, point.variances, strict=True)},
        **{
            effects_site(term): part
            for term, part in zip(design.random, np.split(effects, starts), strict=True)
        },
    }
