"""From a bound model to a fit."""

from __future__ import annotations

import time
from collections.abc import Iterator

from glmmspec.design import Design
from glmmspec.errors import FitWarning, GlmmSpecWarning, ReliabilityWarning
from glmmspec.inference.fit import Fit
from glmmspec.inference.provenance import Provenance
from glmmspec.ir import Model
from glmmspec.options import SolverOptions
from glmmspec.solver.draw_plan import SE_TOLERANCE
from glmmspec.solver.maximum_likelihood import Estimate, Progress, estimate
from glmmspec.solver.monte_carlo import FEWEST_EFFECTIVE_DRAWS, SE_ERROR_LIMIT, k_hat_limit
from glmmspec.solver.processes import check_same

_LARGE_ERROR = 0.5


def solve(model: Model, design: Design, options: SolverOptions, progress: Progress | None = None) -> Fit:
    """Fit a bound model by maximum likelihood.

    Raises
    ------
    FitError
        If there is no maximum, no means to find it within the memory budget, or if processes that
        jax.distributed joined do not fit the same.
    """
    began = time.perf_counter()
    provenance = Provenance.of(model, design, options)
    check_same(
        {
            "spec": provenance.spec_sha256,
            "data": provenance.data_sha256,
            "options": provenance.options,
            "versions": provenance.versions,
        }
    )
    found = estimate(design, options, progress)
    return Fit(
        model=model,
        design=design,
        estimate=found,
        options=options,
        seconds=time.perf_counter() - began,
        warnings=(*design.notes, *_warnings(design, options, found)),
        provenance=provenance,
    )


def _remedy(options: SolverOptions) -> str:
    """What may help where weights fail."""
    if options.proposal != "laplace" or options.blocks in ("natural", "joint"):
        return "take the laplace proposal and leave blocks to auto, or take more draws"
    return "take more draws, or fewer effects that are crossed"


def _warnings(design: Design, options: SolverOptions, found: Estimate) -> Iterator[GlmmSpecWarning]:
    """What must be known of an estimate before it is used."""
    final = found.final
    if not final.maximum.converged:
        yield FitWarning(
            f"the maximum was not reached in {len(final.maximum.steps)} iterations: raise iterlim, or go on"
            " from this fit (start=fit)"
        )
    elif not found.settled:
        yield ReliabilityWarning(
            f"the estimate still moved by {final.moved:.2g} standard errors when draws were taken anew:"
            " raise draws"
        )
    if found.weights.doubtful.any():
        weights = found.weights
        worst, fewest = int(weights.k_hat.argmax()), int(weights.draws_effective.argmin())
        yield ReliabilityWarning(
            f"the Monte Carlo error is not known: in {int(weights.doubtful.sum())} block(s) a few draws"
            f" carry the estimate; worst Pareto k-hat {weights.k_hat[worst]:.2f} (limit"
            f" {k_hat_limit(weights.draws[worst]):.2f}), fewest effective draws"
            f" {weights.draws_effective[fewest]:.0f} of {weights.draws[fewest]} (limit"
            f" {FEWEST_EFFECTIVE_DRAWS}); {_remedy(options)}"
        )
    if final.se_error > SE_ERROR_LIMIT:
        yield ReliabilityWarning(
            f"the standard errors have a Monte Carlo error of {100 * final.se_error:.0f} %, so that no error"
            " of the fit is known: the likelihood is nearly flat, or takes more draws"
        )
    if found.draws_limited_by == "quadrature":
        yield FitWarning(
            f"the error of quadrature is still {final.rule_error:.2g} standard errors, that of the standard"
            f" errors {100 * final.rule_se_error:.0f} %, at {final.order} nodes: compare with"
            " integration = importance"
        )
    elif found.draws_limited_by is not None:
        yield FitWarning(
            f"the Monte Carlo error is {final.error_ratio:.2g} standard errors (tolerance"
            f" {options.tolerance:g}), that of the standard errors {100 * final.se_error:.0f} % (tolerance"
            f" {100 * SE_TOLERANCE:.0f} %): raise {found.draws_limited_by}"
        )
    elif options.draws is not None and final.error_ratio > _LARGE_ERROR:
        yield FitWarning(
            f"the Monte Carlo error is {final.error_ratio:.2g} standard errors: raise draws, or leave their"
            " number to tolerance"
        )
    for name, variance in zip(design.components, final.variances, strict=True):
        if variance == 0:
            yield FitWarning(
                f"the variance of {name} is estimated as 0, on the boundary;"
                " other standard errors are conditional on it"
            )
