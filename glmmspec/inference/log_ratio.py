"""The ratio of two maximised likelihoods, with its numerical error: of draws, and of rules of quadrature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from glmmspec.inference.nesting import Nesting
from glmmspec.solver.maximum_likelihood import Estimate
from glmmspec.solver.monte_carlo import HeightError, error_of_difference, weight_health
from glmmspec.solver.trust_region import maximise

_ROUNDING = 1e-10
"""An error of this size is none: the draws do not matter, as where no effect is left in either model."""


@dataclass(frozen=True)
class LogRatio:
    """Twice the log of the ratio of two maxima, and the numerical standard error of that.

    Attributes
    ----------
    common_draws
        Whether both likelihoods were maximised on the same draws, so that their errors cancel.
    """

    twice: float
    mcse: float
    common_draws: bool

    @classmethod
    def of(cls, small: Estimate, large: Estimate, nesting: Nesting) -> LogRatio:
        """On common draws where that is possible and its error the smaller, else on those of each fit.

        Draws of one seed and number are the same points about two centres, so that errors cancel there too.
        Where nothing is drawn there is nothing to share: nodes are right about their own centre alone.
        """
        own = cls.on_own_draws(small, large)
        common = cls.on_common_draws(small, large, nesting) if large.likelihood.n_draws else None
        return common if common is not None and common.mcse <= max(own.mcse, _ROUNDING) else own

    @classmethod
    def on_own_draws(cls, small: Estimate, large: Estimate) -> LogRatio:
        """Between the maxima of two fits."""
        errors = (HeightError.of(fit.likelihood, fit.argument) for fit in (small, large))
        twice = 2 * (large.final.maximum.value - small.final.maximum.value)
        return cls(twice, 2 * error_of_difference(*errors), common_draws=False)

    @classmethod
    def on_common_draws(cls, small: Estimate, large: Estimate, nesting: Nesting) -> LogRatio | None:
        """Between both maxima on the draws of the larger fit.

        None where the same variances are not at 0 in both, for then the effects are not the same, and
        where these draws do not carry the smaller model's likelihood.
        """
        point = nesting.matrix @ np.concatenate([small.final.beta, small.final.variances])
        likelihood, free = large.likelihood, large.final.free
        if not np.array_equal(point[len(large.final.beta) :] > 0, likelihood.varies):
            return None
        inward = np.linalg.inv(large.coordinates.jacobian(int(likelihood.varies.sum())))
        outward = small.coordinates.jacobian(int(small.likelihood.varies.sum()))
        slope = inward @ nesting.matrix[np.ix_(free, small.final.free)] @ outward
        constant = inward @ nesting.constant[free]

        def restricted(
            psi: Float[np.ndarray, " S"],
        ) -> tuple[float, Float[np.ndarray, " S"], Float[np.ndarray, "S S"]]:
            value, gradient, hessian = likelihood(slope @ psi + constant)
            return value, slope.T @ gradient, slope.T @ hessian @ slope

        maximum = maximise(restricted, small.argument)
        argument = slope @ maximum.argument + constant
        if not maximum.converged or weight_health(likelihood, argument).doubtful.any():
            return None
        errors = (HeightError.of(likelihood, point) for point in (large.argument, argument))
        twice = 2 * (large.final.maximum.value - maximum.value)
        return cls(twice, 2 * error_of_difference(*errors), common_draws=True)
