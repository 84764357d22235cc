"""Validation: one spec answered by the solver and by its twin, compared coarse to fine."""

from __future__ import annotations

import dataclasses
import sys
import time
import warnings
from os import PathLike
from typing import Any

import numpy as np

import glmmspec.api as api
from glmmspec.design import Design
from glmmspec.errors import FitError, GlmmSpecWarning
from glmmspec.inference.fit import Fit
from glmmspec.ir import Model
from glmmspec.options import SamplerOptions, check_option
from glmmspec.validation.at_estimate import AtEstimate, check_distance
from glmmspec.validation.health import sampler_checks, weight_checks
from glmmspec.validation.joint_density import check_joint_density
from glmmspec.validation.priors import Priors
from glmmspec.validation.report import Report
from glmmspec.validation.sampler_health import SamplerHealth
from glmmspec.validation.sampling import sample_posterior
from glmmspec.validation.solver_route import solver_route
from glmmspec.validation.two_routes import two_routes


def validate(
    model: Model | str | PathLike[str],
    data: Any = None,
    *,
    family: str | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Report:
    """Fit a model, sample its twin under flat priors, and compare the two.

    Parameters
    ----------
    model, data, family
        As for `glmmspec.fit`. The solver's options are the spec's.
    progress
        Whether to show the sampler's progress bar; by default where stderr is a terminal.
    **options
        Sampler options that take the place of the spec's (see `SamplerOptions`).

    Returns
    -------
    Report
        Each comparison with its number, its limits and a verdict.

    Raises
    ------
    SpecError, DataError
        If the spec, the data or an option is wrong.
    FitError
        If the likelihood has no maximum, or sampling shows that the posterior is improper.
    """
    bound = api.as_model(model, family=family)
    for name, value in options.items():
        check_option(SamplerOptions, name, value)
    with warnings.catch_warnings():
        # What they warn of is in the checks of the weights.
        warnings.simplefilter("ignore", GlmmSpecWarning)
        fit = api.fit(bound, data)
    shown = sys.stderr.isatty() if progress is None else progress
    return validate_fit(fit, fit.design, dataclasses.replace(bound.sampler, **options), progress=shown)


def validate_fit(fit: Fit, design: Design, options: SamplerOptions, *, progress: bool = False) -> Report:
    """Compare a fit with the twin of a design: the fit's own, unless one wants to see a difference found.

    Raises
    ------
    FitError
        If the fit has no covariance.
    """
    if not np.isfinite(fit.estimate.final.covariance).all():
        raise FitError(
            "the fit has not reached a maximum, and there is nothing to validate", hint="raise iterlim"
        )
    began = time.perf_counter()
    joint = check_joint_density(fit, design, options.seed)
    posterior = sample_posterior(
        design, Priors.of(fit.model, design, "flat"), options, centred=False, progress=progress
    )
    route = solver_route(fit, options.seed)
    routes, parameters = two_routes(fit.design.parameters, posterior, route)
    estimate = [check_distance(fit, posterior)]
    effects = None
    if not fit.on_boundary:
        at_estimate = AtEstimate.of(fit, design, options.seed)
        estimate += at_estimate.checks(fit)
        effects = at_estimate.table(fit)
    health = [
        *sampler_checks(SamplerHealth.of(posterior), options.chains * options.draws),
        *weight_checks(fit, route),
    ]
    return Report(
        fit=fit,
        posterior=posterior,
        route=route,
        checks=(joint, routes, *estimate, *health),
        parameters=parameters,
        effects=effects,
        sampler=options,
        seconds=fit.seconds + time.perf_counter() - began,
    )
