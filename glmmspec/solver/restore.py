"""An estimate kept without its draws: they are made again, and must give the same likelihood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from glmmspec.design import Design
from glmmspec.errors import DataError, FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.draw_plan import DrawPlan
from glmmspec.solver.fitted import FittedProposal
from glmmspec.solver.integration import HIGHEST_ORDER, Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.maximum_likelihood import Estimate
from glmmspec.solver.monte_carlo import WeightHealth
from glmmspec.solver.rounds import Round
from glmmspec.solver.sampling import Effort, most_draws, sampled_likelihood

AGREEMENT = 1e-8
"""Largest difference that rounding explains: of a value, relative; else in standard errors."""


@dataclass(frozen=True, eq=False)
class KeptEstimate:
    """What an `Estimate` is restored from: all but what follows from the design, and the draws.

    Attributes
    ----------
    basis
        That of the coordinates.
    """

    rounds: tuple[Round, ...]
    start: Point
    settled: bool
    basis: Float[np.ndarray, "p p"]
    centre: Point
    argument: Float[np.ndarray, " F"]
    proposals: tuple[FittedProposal, ...]
    weights: WeightHealth
    draws_limited_by: str | None

    @classmethod
    def of(cls, estimate: Estimate) -> KeptEstimate:
        """What is kept of an estimate."""
        return cls(
            rounds=estimate.rounds,
            start=estimate.start,
            settled=estimate.settled,
            basis=estimate.coordinates.basis,
            centre=estimate.centre,
            argument=estimate.argument,
            proposals=estimate.proposals,
            weights=estimate.weights,
            draws_limited_by=estimate.draws_limited_by,
        )

    # Numbers out of range make another likelihood, which is refused.
    @np.errstate(all="ignore")
    def restored(self, design: Design, options: SolverOptions) -> Estimate:
        """The estimate, with the draws of its last round made again, on the devices that are there.

        Raises
        ------
        DataError
            If its parts do not fit together, or the design.
        FitError
            If the log-likelihood and its derivatives at the estimate are not what they were, naming what
            differs, or memory does not suffice.
        """
        self._check_form(design)
        coordinates = Coordinates(self.basis)
        inner = coordinates.design(design)
        integration = Integration.of(inner, options)
        estimate = Estimate(
            final=self.rounds[-1],
            rounds=self.rounds,
            start=self.start,
            n_blocks=integration.parts.n_blocks,
            largest_block=int(np.bincount(integration.parts.effect_block).max()),
            settled=self.settled,
            likelihood=self._likelihood(integration),
            coordinates=coordinates,
            centre=self.centre,
            argument=self.argument,
            proposals=self.proposals,
            weights=self.weights,
            draws_limited_by=self.draws_limited_by,
        )
        differences = ", ".join(_differences(estimate))
        if differences:
            raise FitError(f"the draws made again give another likelihood: {differences}")
        return estimate

    def _check_form(self, design: Design) -> None:
        """Refuse what no estimate of the design could be; shapes are right as far as one array shows."""
        p = len(design.coefficients)
        for of_round in self.rounds:
            lengths = {len(of_round.maximum.argument), len(of_round.covariance), int(of_round.free.sum())}
            if len(lengths) > 1 or not of_round.free[:p].all():
                raise DataError("a round's numbers are not those of its free parameters")
        if not self.rounds or len(self.argument) != len(self.rounds[-1].maximum.argument):
            raise DataError("the estimate is not that of the last round")
        final = self.rounds[-1]
        drawn = bool(len(self.weights.k_hat)) or not final.draws
        if not drawn or final.stream < 0 or not 0 < final.order <= HIGHEST_ORDER:
            raise DataError("the draws are not described")
        for point in (self.start, self.centre):
            if not np.isfinite(point.beta).all() or not (point.variances >= 0).all():
                raise DataError("a point is no value of the parameters")
        columns = design.x[design.counts] @ self.basis
        if not np.allclose(columns.T @ columns / len(columns), np.eye(p), atol=1e-4):
            raise DataError("the coordinates are not those of the data")

    def _likelihood(self, integration: Integration) -> Likelihood:
        final, options = self.rounds[-1], integration.options
        if final.draws:
            DrawPlan.of(replace(options, draws=final.draws), most_draws(integration))
        devices = min(options.devices, len(jax.local_devices()))
        try:
            return sampled_likelihood(
                replace(integration, options=replace(options, devices=devices)),
                self.centre,
                final.free[len(self.centre.beta) :],
                Effort(final.draws, final.order, final.stream),
                self.proposals,
                "kept",
            )
        except np.linalg.LinAlgError as error:
            raise FitError(f"the draws cannot be made again: {error}") from error


def _differences(estimate: Estimate) -> Iterator[str]:
    """What the likelihood at the estimate is now, where it is not what it was."""
    final, then = estimate.final, estimate.final.maximum
    value, gradient, hessian = estimate.likelihood(estimate.argument)
    jacobian = estimate.coordinates.jacobian(int(final.free.sum()) - len(final.beta))
    back = np.linalg.inv(jacobian)
    stated = np.concatenate([final.beta, final.variances])[final.free]
    per_unit = np.sqrt(np.abs(np.diagonal(then.hessian)))
    if not _agree(value, then.value, 1.0):
        yield f"log-likelihood {then.value:.10g} then and {value:.10g} now"
    if not _agree(jacobian @ estimate.argument * per_unit, stated * per_unit, 1.0):
        yield "another estimate"
    if not _agree(back.T @ gradient, then.gradient, per_unit):
        yield "another gradient"
    if not _agree(back.T @ hessian @ back, then.hessian, np.outer(per_unit, per_unit)):
        yield "another Hessian"


def _agree(now: ArrayLike, then: ArrayLike, unit: ArrayLike) -> bool:
    """Whether two numbers are the same to `AGREEMENT` of themselves, or of `unit` if that is more."""
    allowed = AGREEMENT * np.maximum(unit, np.abs(then))
    return bool((np.abs(np.subtract(now, then)) <= allowed).all())
