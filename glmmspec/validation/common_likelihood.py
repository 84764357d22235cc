"""One accurate approximation of the log-likelihood, at any parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Point
from glmmspec.solver.integration import Integration
from glmmspec.solver.monte_carlo import HeightError, error_of_difference
from glmmspec.solver.sampling import Effort, most_draws, sampled_likelihood

_DRAWS = 8192
_ORDER = 18
_STREAM = 2**20
"""Apart from the streams that estimates come from."""


@dataclass
class CommonLikelihood:
    """The log-likelihood by the same points at every argument, about the modes there.

    Draws are centred where the likelihood is asked for, so that each value is as accurate as another, and
    the points are common to all, so that their errors nearly cancel in differences.
    """

    integration: Integration
    draws: int
    _values: dict[str, float] = field(default_factory=dict)
    _errors: dict[str, HeightError] = field(default_factory=dict)

    @classmethod
    def of(cls, design: Design, options: SolverOptions) -> CommonLikelihood:
        """With 8192 draws, or as many as the memory of `options` holds, and 18 nodes of quadrature."""
        integration = Integration.of(design, SolverOptions(seed=options.seed, memory=options.memory))
        affordable = most_draws(integration)
        draws = min(_DRAWS, 1 << max(4, affordable.bit_length() - 1))
        return cls(integration, draws)

    def add(self, name: str, psi: Float[np.ndarray, " P"]) -> float:
        """The log-likelihood at `psi`, remembered under a name; -infinity where a variance is negative."""
        p = self.integration.design.x.shape[1]
        beta, variances = psi[:p], psi[p:]
        if (variances < 0).any():
            return -np.inf
        varies = variances > 0
        likelihood = sampled_likelihood(
            self.integration, Point(beta, variances), varies, Effort(self.draws, _ORDER, _STREAM), axes="bent"
        )
        argument = np.concatenate([beta, variances[varies]])
        self._values[name] = likelihood(argument)[0]
        self._errors[name] = HeightError.of(likelihood, argument)
        return self._values[name]

    def below_highest(self, name: str) -> tuple[float, float]:
        """How far the value of a name is below the highest of all, and its numerical standard error."""
        if name not in self._values:
            return np.nan, np.nan
        highest = max(self._values, key=lambda other: self._values[other])
        error = error_of_difference(self._errors[name], self._errors[highest])
        return self._values[highest] - self._values[name], error
