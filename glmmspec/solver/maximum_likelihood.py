"""Maximum likelihood in rounds: draw, maximise, judge the error; re-centre, draw more, repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.draw_plan import DrawPlan, Size, Standing
from glmmspec.solver.fitted import FittedProposal
from glmmspec.solver.integration import Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.monte_carlo import WeightHealth, weight_health
from glmmspec.solver.rounds import Round, Search, scaled_information
from glmmspec.solver.sampling import Effort, most_draws
from glmmspec.solver.separation import check_rates, check_separation, check_variances
from glmmspec.solver.start import fixed_effects_alone, given_start, pql_start, zero_start


@dataclass(frozen=True, eq=False)
class Estimate:
    """The last round of a maximisation, with the rounds that led to it.

    Attributes
    ----------
    start
        Where the maximisation began.
    n_blocks
        Independent blocks of the design.
    largest_block
        Most random effects in one block.
    settled
        Whether the estimate stayed where its proposals were centred, and in a second round.
    likelihood, coordinates
        The approximate log-likelihood that was maximised last, with its draws; its fixed effects
        are in these coordinates.
    centre, argument
        Where its draws are centred and where it has its maximum, the estimate; in these coordinates.
    proposals
        What these draws came from.
    weights
        The health of the importance weights at the estimate.
    draws_limited_by
        Why no more was computed though `tolerance` was not reached: `max_draws`, `memory`, `quadrature`
        (the highest order), or None.
    """

    final: Round
    rounds: tuple[Round, ...]
    start: Point
    n_blocks: int
    largest_block: int
    settled: bool
    likelihood: Likelihood
    coordinates: Coordinates
    centre: Point
    argument: Float[np.ndarray, " P"]
    proposals: tuple[FittedProposal, ...]
    weights: WeightHealth
    draws_limited_by: str | None


_ROWS_OF_A_START = 2**16
"""A start needs no more."""

_PILOT_STREAM = 2**21
"""Of the seed's random streams, one that no round takes."""

Progress = Callable[[Round], None]


def estimate(
    design: Design,
    options: SolverOptions,
    progress: Progress | None = None,
    *,
    hold: Mapping[int, float] = MappingProxyType({}),
    draws: int | None = None,
    order: int | None = None,
    like: Estimate | None = None,
) -> Estimate:
    """Maximise the likelihood of a design.

    Every round draws anew, independently, from proposals centred at the estimate of the round
    before. Rounds start small. Draws grow until the Monte Carlo error is below `options.tolerance`
    standard errors (or are `options.draws`), and rounds go on until the estimate stays put. Draws from
    R's mixture stay centred at the start.

    Parameters
    ----------
    hold
        Variances that are not estimated, by the index of their component; one of 0 takes its
        effects out of the model.
    draws
        Of each block, in place of `options.draws`; it says nothing of how blocks are integrated.
    order
        Nodes of each rule of quadrature to begin with; fewer where memory holds fewer.
    like
        An estimate whose points and proposals the rounds of most draws take about their own modes, so that
        both have nearly the same error.

    Raises
    ------
    FitError
        If there is no maximum (separation), the information is singular, memory does not suffice, or
        numbers are beyond double precision.
    """
    try:
        return _estimate(design, options, progress, hold, draws, order, like)
    except np.linalg.LinAlgError as error:
        # A matrix that is positive definite in exact arithmetic was not in this.
        check_rates(design, fixed_effects_alone(design))
        raise _beyond_double_precision() from error


def _estimate(
    design: Design,
    options: SolverOptions,
    progress: Progress | None,
    hold: Mapping[int, float],
    draws: int | None,
    order: int | None,
    like: Estimate | None,
) -> Estimate:
    coordinates = Coordinates.of(design)
    inner = coordinates.design(design)
    integration = Integration.of(inner, options)
    sized = options if draws is None else replace(options, draws=max(16, draws))
    highest = integration.highest_order(np.ones(len(design.components)))
    plan = DrawPlan.of(sized, most_draws(integration), highest)
    held = np.full(len(design.components), np.nan)
    held[list(hold)] = list(hold.values())
    some = integration.sample(_ROWS_OF_A_START)
    start = _start(some, coordinates, held)
    search = Search(integration, coordinates, held)
    centre = start if some is integration else _first_centre(some, coordinates, held, start, plan)
    size: Size | None = plan.first if order is None else replace(plan.first, order=min(order, highest))
    sizes: list[Size] = []
    rounds: list[Round] = []
    while size is not None:
        alike = like if size.draws == plan.most else None
        stream, proposals = (alike.final.stream, alike.proposals) if alike else (len(rounds), None)
        latest = search.round(centre, Effort(size.draws, size.order, stream), proposals)
        rounds.append(latest.outward(coordinates))
        if progress is not None:
            progress(rounds[-1])
        # Where it lies there before and after: a single round may overshoot, and a start lie too far up.
        rising = np.isnan(held) & (latest.variances >= centre.variances)
        check_variances(inner, np.where(rising, centre.variances, 0))
        centre = search.next_centre(latest)
        settled = search.settled(latest, centre)
        sizes.append(size)
        weights = (
            weight_health(search.likelihood, latest.maximum.argument)
            if settled and plan.excess(latest) <= 1
            else None
        )
        standing = Standing(
            rounds=sizes.count(size),
            settled=settled,
            confirmed=len(rounds) > 1 and rounds[-1].agrees_with(rounds[-2]),
            doubtful=weights is not None and bool(weights.doubtful.any()),
        )
        size = plan.next(latest, size, standing)
    check_variances(inner, np.where(np.isnan(held), latest.variances, 0))
    _check_maximum(design, rounds[-1])
    return Estimate(
        final=rounds[-1],
        rounds=tuple(rounds),
        start=coordinates.outward(start),
        n_blocks=integration.parts.n_blocks,
        largest_block=int(np.bincount(integration.parts.effect_block).max()),
        settled=settled and not plan.contradicted(latest, standing),
        likelihood=search.likelihood,
        coordinates=coordinates,
        centre=latest.centre,
        argument=latest.maximum.argument,
        proposals=search.likelihood.proposals,
        weights=weights or weight_health(search.likelihood, latest.maximum.argument),
        draws_limited_by=plan.limit(latest) if settled else None,
    )


def _start(integration: Integration, coordinates: Coordinates, held: Float[np.ndarray, " K"]) -> Point:
    """Where the maximisation starts, in the inner coordinates."""
    inner, options = integration.design, integration.options
    if isinstance(options.start, tuple):
        start = coordinates.inward(given_start(inner, options.start))
    elif options.start == "pql":
        start = pql_start(inner, integration.batches, held)
    else:
        start = zero_start(inner)
    return Point(start.beta, np.where(np.isnan(held), start.variances, held))


def _first_centre(
    some: Integration, coordinates: Coordinates, held: Float[np.ndarray, " K"], start: Point, plan: DrawPlan
) -> Point:
    """The maximum of the likelihood of some blocks: where the first round of all is centred."""
    search = Search(some, coordinates, held)
    latest = search.round(start, Effort(plan.first.draws, plan.first.order, stream=_PILOT_STREAM))
    return search.next_centre(latest) if latest.maximum.converged else start


def _check_maximum(design: Design, latest: Round) -> None:
    """Refuse what is no maximum: an estimate at infinity, or along a ridge."""
    if not np.isfinite(latest.maximum.value):
        raise _beyond_double_precision()
    # Where the exponential is cut, a likelihood may look as if it had a maximum.
    check_rates(design, latest.beta)
    singular = bool(np.isnan(latest.covariance).any())
    check_separation(design, latest.beta, suspicious=singular or not latest.maximum.converged)
    if singular and latest.maximum.converged:
        _, _, basis = scaled_information(latest.maximum.hessian)
        along = np.abs(basis[:, 0])
        involved = np.array(design.parameters)[latest.free][along > 0.3 * along.max()]
        raise FitError(
            f"the likelihood has no proper maximum: the information is singular along {', '.join(involved)}",
            hint="drop a term that the data cannot tell from the others",
        )


def _beyond_double_precision() -> FitError:
    return FitError(
        "the likelihood cannot be computed in double precision",
        hint="rescale the columns of the model so that their effects are of moderate size; counts and weights"
        " near 10^15 are beyond it",
    )
