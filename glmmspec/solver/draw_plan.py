"""How many draws, and nodes of quadrature, each round takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.hermite import finer
from glmmspec.solver.integration import HIGHEST_ORDER
from glmmspec.solver.rounds import Round

_PILOT_DRAWS = 512
_GROWTH = (2, 8)
_RATE = {"sobol": 0.75, "random": 0.5}
"""Errors of n draws are taken to fall as n**-rate; those of quasi-random ones may with a rate up to 1."""

SE_TOLERANCE = 0.1
"""Largest relative numerical error of a standard error that draws or nodes are multiplied for."""

_PATIENCE = 4
"""Rounds of one size, after which an estimate that still moves is given more draws, or given up."""

_PATIENCE_WITH_RULES = 30
"""The same, where nothing is drawn: a round then costs little, and has no more draws to give."""

_RULE_SHARE = 0.1
"""Of the tolerance that is left to rules of quadrature: their error falls fast with their order."""

_NEAR = 1.0
"""In standard errors: an estimate that moved less takes no further round of the same size."""

_EXCESS_IN_DOUBT = 2.0
"""By what factor errors count as too large where they are not known."""

_FIRST_ORDER = 7


@dataclass(frozen=True)
class Size:
    """Draws of each block, and nodes of each rule in each dimension."""

    draws: int
    order: int


@dataclass(frozen=True)
class Standing:
    """What is known after a round.

    Attributes
    ----------
    rounds
        How many have been of its size.
    settled
        Whether its estimate stayed put.
    confirmed
        Whether that of an independent round before it was the same within the errors that both state.
    doubtful
        Whether its weights are such that no error is known.
    """

    rounds: int
    settled: bool
    confirmed: bool
    doubtful: bool


@dataclass(frozen=True)
class DrawPlan:
    """Small rounds until the estimate stays put, then more draws and nodes until its error is small.

    Attributes
    ----------
    fixed
        The draws the last rounds must take, or None if `tolerance` decides.
    most
        The most draws a round may take.
    memory_bound
        Whether it is memory that sets `most`, rather than an option.
    at_once
        Whether no smaller round comes first: none would move where draws are centred.
    rate
        Errors of n draws are taken to fall as n**-rate.
    highest_order
        The most nodes of a rule, in each dimension.
    """

    fixed: int | None
    tolerance: float
    most: int
    memory_bound: bool
    at_once: bool
    rate: float
    highest_order: int = HIGHEST_ORDER

    @classmethod
    def of(cls, options: SolverOptions, affordable: int, highest_order: int = HIGHEST_ORDER) -> DrawPlan:
        """The plan for given options, when memory can hold `affordable` draws and rules of an order.

        Raises
        ------
        FitError
            If memory cannot hold even the draws that are needed.
        """
        smallest = options.draws or min(_PILOT_DRAWS, options.max_draws)
        if smallest > affordable:
            raise FitError(
                f"{smallest} draws of the random effects do not fit in {options.memory:g} GiB",
                hint=f"at most {affordable} do; raise solver memory = ..., or lower draws",
            )
        # A power of two keeps quasi-random points balanced.
        bound = 1 << (affordable.bit_length() - 1)
        most = options.draws or min(options.max_draws, bound)
        at_once = options.proposal == "mixture" and options.draws is not None
        memory_bound = bound < options.max_draws
        rate = _RATE[options.points]
        return cls(options.draws, options.tolerance, most, memory_bound, at_once, rate, highest_order)

    @property
    def first(self) -> Size:
        """The first round's."""
        draws = self.most if self.at_once else min(_PILOT_DRAWS, self.most)
        return Size(draws, min(_FIRST_ORDER, self.highest_order))

    def excess(self, latest: Round) -> float:
        """By what factor errors of a round's draws are too large: of the estimate or its standard errors."""
        return max(latest.draw_error / self.tolerance, latest.draw_se_error / SE_TOLERANCE)

    def rule_excess(self, latest: Round) -> float:
        """By what factor those of its rules of quadrature are too large."""
        return max(latest.rule_error / self.tolerance, latest.rule_se_error / SE_TOLERANCE) / _RULE_SHARE

    def next(self, latest: Round, size: Size, standing: Standing) -> Size | None:
        """The size of the round that follows; None to stop."""
        order = size.order
        if standing.settled and self.rule_excess(latest) > 1 and order < self.highest_order:
            order = min(self.highest_order, finer(order))
        draws = self._next_draws(latest, size.draws, standing)
        if draws is None and order == size.order:
            return None
        return Size(draws or size.draws, order)

    def _next_draws(self, latest: Round, draws: int, standing: Standing) -> int | None:
        excess = max(self.excess(latest), _EXCESS_IN_DOUBT if standing.doubtful else 0.0)
        enough = self.fixed is None and excess <= 1
        contradicted = self.contradicted(latest, standing)
        no_more = draws == self.most or not latest.draws
        grown = self.most if self.fixed is not None else min(self.most, draws * self._growth(excess))
        rounds = standing.rounds
        if standing.settled:
            if contradicted and rounds < 2:
                return draws
            return None if no_more or (enough and not contradicted) else grown
        # More draws help neither an iteration that was cut short nor an information that is singular.
        cut_short = not latest.maximum.converged
        hopeless = cut_short or (math.isnan(excess) and draws > self.first.draws)
        patience = _PATIENCE if latest.draws or cut_short else _PATIENCE_WITH_RULES
        on_its_way = latest.moved > _NEAR or latest.at_the_edge
        if rounds < patience and (on_its_way or no_more or hopeless or enough):
            return draws
        return None if no_more or hopeless else grown

    def _growth(self, excess: float) -> int:
        """By what power of two draws are multiplied: as few as may be enough, within bounds."""
        low, high = _GROWTH
        if math.isnan(excess):
            return high
        return min(high, max(low, 1 << math.floor(math.log2(max(excess ** (1 / self.rate), 1)))))

    def contradicted(self, latest: Round, standing: Standing) -> bool:
        """Whether an error that is small enough has no second round to bear it out.

        Draws that miss a part of the posterior look well, and state too small an error.
        """
        small = self.fixed is None and self.excess(latest) <= 1
        return small and latest.draws > 0 and not standing.confirmed

    def limit(self, latest: Round) -> str | None:
        """What kept an estimate from its tolerance: `memory`, `max_draws`, `quadrature`, or nothing."""
        # Rules aim at a share of the tolerance; one that misses this may still keep the tolerance.
        if self.rule_excess(latest) * _RULE_SHARE > 1:
            return "quadrature"
        if self.fixed is not None or not latest.draws or self.excess(latest) <= 1:
            return None
        return "memory" if self.memory_bound else "max_draws"
