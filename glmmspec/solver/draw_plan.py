"""How many draws each round takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.rounds import Round

_PILOT_DRAWS = 512
_GROWTH = (2, 8)
SE_TOLERANCE = 0.1
"""Largest relative Monte Carlo error of a standard error that draws are multiplied for."""

_PATIENCE = 4
"""Rounds of one size, after which an estimate that still moves is given more draws."""


@dataclass(frozen=True)
class DrawPlan:
    """Small rounds until the estimate stays put, then more draws until its error is small.

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
    """

    fixed: int | None
    tolerance: float
    most: int
    memory_bound: bool
    at_once: bool

    @classmethod
    def of(cls, options: SolverOptions, affordable: int) -> DrawPlan:
        """The plan for given options, when memory can hold `affordable` draws.

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
        return cls(options.draws, options.tolerance, most, bound < options.max_draws, at_once)

    @property
    def first(self) -> int:
        """Draws of the first round."""
        return self.most if self.at_once else min(_PILOT_DRAWS, self.most)

    def excess(self, latest: Round) -> float:
        """By what factor a round's errors are too large: those of the estimate, or of its standard errors."""
        return max(latest.error_ratio / self.tolerance, latest.se_error / SE_TOLERANCE)

    def next(self, latest: Round, *, settled: bool, rounds: int) -> int | None:
        """Draws of the round that follows the last of `rounds` of its size; None to stop."""
        draws, excess = latest.draws, self.excess(latest)
        if settled and (draws == self.most or (self.fixed is None and excess <= 1)):
            return None
        if not settled and rounds < _PATIENCE:
            return draws
        # More draws help neither an iteration that was cut short nor an information that is singular.
        hopeless = not latest.maximum.converged or (math.isnan(excess) and draws > self.first)
        if draws == self.most or (not settled and hopeless):
            return None
        return self.most if self.fixed is not None else min(self.most, draws * _growth(excess))

    def limit(self, latest: Round) -> str | None:
        """What kept a settled estimate from its tolerance: `memory`, `max_draws`, or nothing."""
        if self.fixed is not None or self.excess(latest) <= 1:
            return None
        return "memory" if self.memory_bound else "max_draws"


def _growth(excess: float) -> int:
    """A power of two: the error falls at least as fast as 1 / sqrt(draws)."""
    low, high = _GROWTH
    if math.isnan(excess):
        return high
    return min(high, max(low, 1 << math.floor(math.log2(max(excess**2, 1)))))
