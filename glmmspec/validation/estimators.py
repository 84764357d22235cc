"""The estimators that can be compared, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from glmmspec.blocks import partition
from glmmspec.design import Design
from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.inference.solve import solve
from glmmspec.ir import Model
from glmmspec.options import SolverOptions
from glmmspec.validation.point_estimate import PointEstimate
from glmmspec.validation.posterior_summary import posterior_summary
from glmmspec.validation.quadrature import LARGEST_BLOCK, adaptive_quadrature, laplace
from glmmspec.validation.quasi_likelihood import penalised_quasi_likelihood
from glmmspec.validation.variational import variational

Estimator = Callable[[Model, Design], PointEstimate]
"""Estimates the parameters of a model bound to data. One that is to run in other processes is a function of
a module, or a `functools.partial` of one."""

_JOINT_DRAWS = 10_000


def monte_carlo_likelihood(model: Model, design: Design) -> PointEstimate:
    """The maximum likelihood estimate of `glmmspec.fit`, by the spec's solver options."""
    return _maximum_likelihood(model, design, model.solver)


def joint_monte_carlo_likelihood(model: Model, design: Design) -> PointEstimate:
    """The estimator of R's glmm: 10,000 draws of all random effects at once, from its mixture."""
    options = replace(model.solver, proposal="mixture", blocks="joint", points="random", draws=_JOINT_DRAWS)
    return _maximum_likelihood(model, design, options)


def _maximum_likelihood(model: Model, design: Design, options: SolverOptions) -> PointEstimate:
    fit = solve(model, design, options)
    return PointEstimate.wald(
        fit.params().to_numpy(),
        fit.se().to_numpy(),
        n_variances=len(design.components),
        mcse=np.nan_to_num(fit.mcse().to_numpy()),
        remark="; ".join(map(str, fit.warnings[len(design.notes) :])),
    )


_ESTIMATORS: dict[str, Estimator] = {
    "pql": penalised_quasi_likelihood,
    "laplace": laplace,
    "agq": adaptive_quadrature,
    "mcla": monte_carlo_likelihood,
    "mcla-joint": joint_monte_carlo_likelihood,
    "mean-flat": partial(posterior_summary, prior="flat", of="mean"),
    "median-flat": partial(posterior_summary, prior="flat", of="median"),
    "mean-weak": partial(posterior_summary, prior="weak", of="mean"),
    "median-weak": partial(posterior_summary, prior="weak", of="median"),
    "vi-mean-field": partial(variational, guide="mean-field"),
    "vi-full-rank": partial(variational, guide="full-rank"),
}


def register_estimator(name: str, function: Estimator) -> None:
    """Make an estimator known by a name, in place of one that had it.

    Raises
    ------
    SpecError
        If the name is empty or has a comma or a space, or the function cannot be called.
    """
    if not isinstance(name, str) or not name or any(c == "," or c.isspace() for c in name):
        raise SpecError(f"an estimator's name is a word without commas, and {name!r} is none")
    if not callable(function):
        raise SpecError(f"the estimator '{name}' is not a function of a model and a design")
    _ESTIMATORS[name] = function


def registered() -> tuple[str, ...]:
    """The names of all estimators."""
    return tuple(_ESTIMATORS)


def chosen(names: Sequence[str] | Mapping[str, Estimator]) -> dict[str, Estimator]:
    """The estimators of given names; a mapping brings its own.

    Raises
    ------
    SpecError
        If there is none, or a name is unknown.
    """
    if isinstance(names, str):
        names = [names]
    if not names:
        raise SpecError("no estimator is asked for", hint=f"known: {', '.join(_ESTIMATORS)}")
    if isinstance(names, Mapping):
        return dict(names)
    for name in names:
        if name not in _ESTIMATORS:
            raise SpecError(f"unknown estimator '{name}'", hint=did_you_mean_or_list(str(name), _ESTIMATORS))
    return {name: _ESTIMATORS[name] for name in names}


def usual(design: Design) -> dict[str, Estimator]:
    """Those that do not sample the posterior: `pql`, `laplace`, `agq` where blocks are small, `mcla`."""
    small = np.bincount(partition(design).effect_block).max() <= LARGEST_BLOCK
    return chosen(["pql", "laplace", *(["agq"] if small else []), "mcla"])
