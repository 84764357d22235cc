"""One round of the search: draw, maximise, judge the error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.blocks import Batch
from glmmspec.design import Design
from glmmspec.options import SolverOptions
from glmmspec.solver.boundary import EffectInformation, rise_from_zero
from glmmspec.solver.coordinates import Coordinates
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.monte_carlo import gradient_error, standard_error_error
from glmmspec.solver.sampling import sampled_likelihood
from glmmspec.solver.trust_region import Maximum, maximise

_SETTLED = 0.5
"""In standard errors: how far an estimate may lie from the centre of the proposals it came from."""

_REACH = 4.0
"""By what factor a variance may leave the value its draws were centred at."""

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
    covariance
        (-H)^-1, or NaN where -H is not positive definite.
    monte_carlo_covariance
        H^-1 V H^-1 (Geyer 1994, theorem 7).
    moved
        Largest distance of the estimate from the proposals' centre, in standard errors.
    error_ratio
        Largest ratio of Monte Carlo error (standard error and bias) to standard error.
    se_error
        Largest relative Monte Carlo error of a standard error.
    """

    draws: int
    centre: Float[np.ndarray, " K"]
    beta: Float[np.ndarray, " p"]
    variances: Float[np.ndarray, " K"]
    maximum: Maximum
    covariance: Float[np.ndarray, "P P"]
    monte_carlo_covariance: Float[np.ndarray, "P P"]
    moved: float
    error_ratio: float
    se_error: float

    def in_coordinates(self, jacobian: Float[np.ndarray, "P P"]) -> Round:
        """The same round after the linear change of parameters psi -> jacobian psi."""
        back = np.linalg.inv(jacobian)
        argument = jacobian @ self.maximum.argument
        return replace(
            self,
            beta=argument[: len(self.beta)],
            maximum=replace(
                self.maximum,
                argument=argument,
                gradient=back.T @ self.maximum.gradient,
                hessian=back.T @ self.maximum.hessian @ back,
                steps=tuple(replace(s, argument=jacobian @ s.argument) for s in self.maximum.steps),
            ),
            covariance=jacobian @ self.covariance @ jacobian.T,
            monte_carlo_covariance=jacobian @ self.monte_carlo_covariance @ jacobian.T,
        )

    @property
    def free(self) -> Bool[np.ndarray, " P"]:
        """Which of all parameters were free to vary: all but the variances held at 0."""
        return np.append(np.ones(len(self.beta), dtype=bool), self.variances > 0)

    @property
    def settled(self) -> bool:
        """Whether the maximum was reached, and near the centre of the proposals."""
        return self.maximum.converged and self.moved <= _SETTLED


@dataclass
class Search:
    """The maximisation of one design: draws at given parameters, and which variances to hold at 0.

    Design, batches and rounds are in `coordinates`.
    """

    design: Design
    batches: Sequence[Batch]
    coordinates: Coordinates
    options: SolverOptions

    def __post_init__(self) -> None:
        self._positive: Bool[np.ndarray, " K"] = np.zeros(len(self.design.components), dtype=bool)
        self._likelihood: Likelihood | None = None

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood of the last round, with its draws."""
        assert self._likelihood is not None
        return self._likelihood

    def round(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], draws: int, stream: int
    ) -> Round:
        """Draw at the given parameters and maximise from there."""
        self._likelihood = None  # its draws take as much memory as those to come
        likelihood = sampled_likelihood(
            self.design, self.batches, beta, variances, draws=draws, options=self.options, stream=stream
        )
        self._likelihood = likelihood
        varies = variances > 0
        centre = np.concatenate([beta, variances[varies]])
        maximum = maximise(likelihood, centre, rmax=self.options.rmax, iterlim=self.options.iterlim)
        estimated = np.zeros(len(variances))
        estimated[varies] = maximum.argument[len(beta) :]
        covariance = _inverse_information(maximum.hessian)
        error = gradient_error(likelihood, maximum.argument)
        # What is left of the gradient where the iteration stopped is an error of the estimate too.
        leftover = np.outer(maximum.gradient, maximum.gradient)
        monte_carlo = _sandwich(covariance, error.variance + leftover)
        # Distances are judged in the parameters that will be reported.
        jacobian = self.coordinates.jacobian(int(varies.sum()))
        standard_errors = _root_of_diagonal(covariance, jacobian)
        moved = jacobian @ (maximum.argument - centre) / standard_errors
        bias = jacobian @ covariance @ error.bias / standard_errors
        se_error = standard_error_error(likelihood, maximum.argument, covariance)
        mcse = _root_of_diagonal(monte_carlo, jacobian) / standard_errors
        return Round(
            draws=draws,
            centre=variances,
            beta=maximum.argument[: len(beta)],
            variances=estimated,
            maximum=maximum,
            covariance=covariance,
            monte_carlo_covariance=monte_carlo,
            moved=float(np.abs(moved).max(initial=0)),
            error_ratio=float(np.hypot(mcse, bias).max(initial=0)),
            se_error=float(se_error.max(initial=0)),
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
            rise = rise_from_zero(self.likelihood, latest.maximum.argument, int(t))
            if rise > self.options.tolerance * np.sqrt(information.of_variance[t]):
                self._positive[t] = True
                variances[t] = rise / information.of_variance[t]
        variances[information.nearly_zero(variances) & ~self._positive] = 0.0
        return variances


def _inverse_information(hessian: Float[np.ndarray, "P P"]) -> Float[np.ndarray, "P P"]:
    """(-H)^-1, or NaN where -H is not positive definite to working precision."""
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diagonal(hessian)), 1e-300))
    values, basis = np.linalg.eigh(-hessian * np.outer(scale, scale))
    if len(values) and values[0] <= _SINGULAR * values[-1]:
        return np.full_like(hessian, np.nan)
    return np.asarray((basis / values) @ basis.T * np.outer(scale, scale))


def _sandwich(
    covariance: Float[np.ndarray, "P P"], variance: Float[np.ndarray, "P P"]
) -> Float[np.ndarray, "P P"]:
    """C V C through a root of V, so that rounding leaves no negative variance."""
    values, basis = np.linalg.eigh(variance)
    root = covariance @ (basis * np.sqrt(np.maximum(values, 0)))
    return np.asarray(root @ root.T)


def _root_of_diagonal(
    covariance: Float[np.ndarray, "P P"], jacobian: Float[np.ndarray, "P P"]
) -> Float[np.ndarray, " P"]:
    """Standard deviations of `jacobian psi`; rounding leaves no negative variance."""
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian), 0)))
