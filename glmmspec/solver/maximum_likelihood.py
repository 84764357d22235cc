"""Maximum likelihood in rounds: draw, maximise, judge the error; re-centre, draw more, repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import Batch, batches, partition
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.boundary import EffectInformation, rise_from_zero
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.monte_carlo import GradientError, WeightHealth, gradient_error, weight_health
from glmmspec.solver.sampling import check_block_size, most_draws, sampled_likelihood
from glmmspec.solver.separation import check_separation
from glmmspec.solver.start import pql_start, zero_start
from glmmspec.solver.trust_region import Maximum, maximise

_PILOT_DRAWS = 512
_GROWTH = (2, 8)
_SETTLED = 0.5
"""In standard errors: how far an estimate may lie from the centre of the proposals it came from."""

_REACH = 4.0

_MOST_ROUNDS = 30

_SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Round:
    """One round: the maximum of one sampled likelihood.

    Attributes
    ----------
    centre
        The variances the proposals were built at.
    beta, variances
        The estimate; a variance of 0 was held there.
    moved
        Largest distance of the estimate from the proposals' centre, in standard errors.
    error_ratio
        Largest ratio of Monte Carlo error (standard error and bias) to standard error.
    """

    draws: int
    centre: Float[np.ndarray, " K"]
    beta: Float[np.ndarray, " p"]
    variances: Float[np.ndarray, " K"]
    likelihood: Likelihood
    maximum: Maximum
    covariance: Float[np.ndarray, "P P"]
    error: GradientError
    moved: float
    error_ratio: float

    @property
    def settled(self) -> bool:
        """Whether the maximum was reached, and near the centre of the proposals."""
        return self.maximum.converged and self.moved <= _SETTLED

    @property
    def monte_carlo_covariance(self) -> Float[np.ndarray, "P P"]:
        """H^-1 V H^-1 (Geyer 1994, theorem 7)."""
        return np.asarray(self.covariance @ self.error.variance @ self.covariance)


@dataclass(frozen=True, eq=False)
class Estimate:
    """The last round of a maximisation, with the rounds that led to it.

    Attributes
    ----------
    n_blocks
        Independent blocks of the design.
    largest_block
        Most random effects in one block.
    settled
        Whether the estimate stayed where its proposals were centred.
    weights
        The health of the importance weights at the estimate.
    draws_limited_by
        Why no more draws were taken though `tolerance` was not reached: `max_draws`, `memory`,
        or None.
    """

    final: Round
    rounds: tuple[Round, ...]
    n_blocks: int
    largest_block: int
    settled: bool
    weights: WeightHealth
    draws_limited_by: str | None


Progress = Callable[[Round], None]


def estimate(design: Design, options: SolverOptions, progress: Progress | None = None) -> Estimate:
    """Maximise the likelihood of a design.

    Every round draws anew, independently, from proposals centred at the estimate of the round
    before. Rounds start small. Draws grow until the Monte Carlo error is below `options.tolerance`
    standard errors (or are `options.draws`), and rounds go on until the estimate stays put.

    Raises
    ------
    FitError
        If there is no maximum (separation), the information is singular, or memory does not suffice.
    """
    parts = partition(design, joint=options.blocks == "joint")
    batch_list = list(batches(design, parts))
    check_block_size(batch_list, options.memory)
    plan = _DrawPlan.of(options, most_draws(batch_list, len(design.parameters), options.memory))
    start = pql_start(design, batch_list) if options.start == "pql" else zero_start(design)
    search = _Search(design, batch_list, options)
    beta, variances, draws = start.beta, start.variances, plan.first
    rounds: list[Round] = []
    while True:
        latest = search.round(beta, variances, draws, stream=len(rounds))
        rounds.append(latest)
        if progress is not None:
            progress(latest)
        beta, variances = latest.beta, search.next_variances(latest)
        settled = latest.settled and bool((variances == latest.variances).all())
        # More draws from proposals that are still off centre would be wasted.
        wanted = plan.next(latest) if settled else draws
        if (settled and wanted == draws) or len(rounds) == _MOST_ROUNDS:
            break
        draws = wanted
    check_separation(design, latest.beta, latest.variances, latest.maximum.converged)
    return Estimate(
        final=latest,
        rounds=tuple(rounds),
        n_blocks=parts.n_blocks,
        largest_block=int(np.bincount(parts.effect_block).max()),
        settled=settled,
        weights=weight_health(latest.likelihood, latest.maximum.argument),
        draws_limited_by=plan.limit(latest) if settled else None,
    )


@dataclass(frozen=True)
class _DrawPlan:
    """How many draws the next round takes."""

    fixed: int | None
    tolerance: float
    most: int
    memory_bound: bool

    @classmethod
    def of(cls, options: SolverOptions, affordable: int) -> _DrawPlan:
        smallest = options.draws or min(_PILOT_DRAWS, options.max_draws)
        if smallest > affordable:
            raise FitError(
                f"{smallest} draws of the random effects do not fit in {options.memory:g} GiB",
                hint=f"at most {affordable} do; raise solver memory = ..., or lower draws",
            )
        # A power of two keeps quasi-random points balanced.
        bound = 1 << (affordable.bit_length() - 1)
        return cls(options.draws, options.tolerance, min(options.max_draws, bound), bound < options.max_draws)

    @property
    def first(self) -> int:
        return min(_PILOT_DRAWS, self.fixed or self.most)

    def next(self, latest: Round) -> int:
        if self.fixed is not None:
            return self.fixed
        if latest.error_ratio <= self.tolerance:
            return latest.draws
        # The error falls at least as fast as 1 / sqrt(draws).
        factor = 2 ** int(np.log2((latest.error_ratio / self.tolerance) ** 2))
        return min(self.most, latest.draws * int(np.clip(factor, *_GROWTH)))

    def limit(self, latest: Round) -> str | None:
        if self.fixed is not None or latest.error_ratio <= self.tolerance:
            return None
        return "memory" if self.memory_bound else "max_draws"


@dataclass
class _Search:
    """The maximisation of one design: draws at given parameters, and which variances to hold at 0."""

    design: Design
    batches: Sequence[Batch]
    options: SolverOptions

    def __post_init__(self) -> None:
        self._positive: Bool[np.ndarray, " K"] = np.zeros(len(self.design.components), dtype=bool)

    def round(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], draws: int, stream: int
    ) -> Round:
        """Draw at the given parameters and maximise from there."""
        likelihood = sampled_likelihood(
            self.design, self.batches, beta, variances, draws=draws, options=self.options, stream=stream
        )
        centre = np.concatenate([beta, variances[variances > 0]])
        maximum = maximise(
            likelihood,
            centre,
            rmax=self.options.rmax,
            iterlim=self.options.iterlim,
        )
        covariance = self._covariance(maximum, variances > 0)
        error = gradient_error(likelihood, maximum.argument)
        standard_errors = np.sqrt(np.diagonal(covariance))
        spread = np.diagonal(covariance @ error.variance @ covariance) + np.square(covariance @ error.bias)
        estimated = np.zeros(len(variances))
        estimated[variances > 0] = maximum.argument[len(beta) :]
        return Round(
            draws=draws,
            centre=variances,
            beta=maximum.argument[: len(beta)],
            variances=estimated,
            likelihood=likelihood,
            maximum=maximum,
            covariance=covariance,
            error=error,
            moved=float((np.abs(maximum.argument - centre) / standard_errors).max(initial=0)),
            error_ratio=float((np.sqrt(spread) / standard_errors).max(initial=0)),
        )

    def next_variances(self, latest: Round) -> Float[np.ndarray, " K"]:
        """The variances to centre the next round at.

        As estimated, but no more than a factor of `_REACH` from the last centre, beyond which its
        draws say little. A small variance is tried at 0; it returns, for good, if the likelihood
        rises from there to a maximum more than `tolerance` standard errors away.
        """
        variances: Float[np.ndarray, " K"] = np.clip(
            latest.variances, latest.centre / _REACH, latest.centre * _REACH
        )
        information = EffectInformation.at(self.design, self.batches, latest.beta, variances)
        for t in np.flatnonzero(variances == 0):
            rise = rise_from_zero(latest.likelihood, latest.maximum.argument, int(t))
            if rise > self.options.tolerance * np.sqrt(information.of_variance[t]):
                self._positive[t] = True
                variances[t] = rise / information.of_variance[t]
        variances[information.nearly_zero(variances) & ~self._positive] = 0.0
        return variances

    def _covariance(self, maximum: Maximum, varies: Bool[np.ndarray, " K"]) -> Float[np.ndarray, "P P"]:
        """The inverse of the observed information -H; NaN where a maximum has not been reached."""
        scale = 1 / np.sqrt(np.maximum(np.abs(np.diagonal(maximum.hessian)), 1e-300))
        values, basis = np.linalg.eigh(-maximum.hessian * np.outer(scale, scale))
        if not len(values) or values[0] > _SINGULAR * values[-1]:
            return np.asarray((basis / values) @ basis.T * np.outer(scale, scale))
        if not maximum.converged:
            return np.full_like(maximum.hessian, np.nan)
        check_separation(self.design, maximum.argument[: self.design.x.shape[1]], None, converged=False)
        free = np.concatenate([np.ones(len(maximum.argument) - varies.sum(), dtype=bool), varies])
        along = np.abs(basis[:, 0])
        involved = ", ".join(np.array(self.design.parameters)[free][along > 0.3 * along.max()])
        raise FitError(
            f"the likelihood has no proper maximum: the information is singular along {involved}",
            hint="drop a term that the data cannot tell from the others",
        )
