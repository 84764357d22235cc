"""One round of the search: draw, maximise, judge the error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.options import SolverOptions
from glmmspec.solver.boundary import EffectInformation, rise_from_zero
from glmmspec.solver.coordinates import Coordinates, Point
from glmmspec.solver.fitted import FittedProposal
from glmmspec.solver.integration import Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.monte_carlo import (
    HeightError,
    RuleError,
    gradient_error,
    rule_error,
    standard_error_error,
)
from glmmspec.solver.sampling import AxesKind, Effort, sampled_likelihood
from glmmspec.solver.trust_region import Maximum, maximise

_SETTLED = 0.5
"""In standard errors: how far an estimate may lie from the centre of the proposals it came from."""

_REACH = 4.0
"""By what factor a variance may leave the value that draws and nodes were centred at: farther off they say
little, and near 0 what they say is false, since a node at 0 has a density without bound there."""

_FAR_FROM_ZERO = 5.0
"""In standard errors: a variance beyond this is not tried at 0."""

_MOST_RETURNS = 2
"""Of a variance from 0, after which it is not tried there again."""

_AGREE = 3.0
"""In standard deviations of their difference: how far two estimates may lie apart."""

_CLOSE = 0.2
"""In standard errors: two estimates farther apart do not agree, however large their errors."""

_SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Round:
    """One round: the maximum of one sampled likelihood.

    Attributes
    ----------
    stream
        Which of the seed's random streams the draws came from.
    centre
        Where the proposals were built.
    beta, variances
        The estimate; a variance of 0 was held there.
    free
        Which of all parameters were free to vary: all but the variances that were held.
    covariance
        (-H)^-1, or NaN where -H is not positive definite.
    monte_carlo_covariance
        H^-1 V H^-1 (Geyer 1994, theorem 7).
    moved
        Largest distance of the estimate from the proposals' centre, in standard errors.
    value_error
        Numerical standard error of the log-likelihood: of draws, and of rules of quadrature.
    draw_error, rule_error
        Largest ratio to the standard error, of the Monte Carlo error (standard error and bias), and of what
        finer rules of quadrature would change.
    draw_se_error, rule_se_error
        Largest relative errors of a standard error that come from these.
    """

    draws: int
    order: int
    stream: int
    centre: Point
    beta: Float[np.ndarray, " p"]
    variances: Float[np.ndarray, " K"]
    free: Bool[np.ndarray, " p+K"]
    maximum: Maximum
    covariance: Float[np.ndarray, "P P"]
    monte_carlo_covariance: Float[np.ndarray, "P P"]
    moved: float
    value_error: float
    draw_error: float
    rule_error: float
    draw_se_error: float
    rule_se_error: float

    @property
    def error_ratio(self) -> float:
        """Largest ratio of numerical to standard error."""
        return float(np.hypot(self.draw_error, self.rule_error))

    @property
    def se_error(self) -> float:
        """Largest relative numerical error of a standard error."""
        return float(np.hypot(self.draw_se_error, self.rule_se_error))

    @property
    def at_the_edge(self) -> bool:
        """Whether a variance has moved as far as it may in one round."""
        estimated = self.variances > 0
        change = np.abs(np.log(self.variances[estimated] / self.centre.variances[estimated]))
        return bool((change > 0.99 * np.log(_REACH)).any())

    def agrees_with(self, before: Round) -> bool:
        """Whether its estimate is that of the round before, up to the errors both state."""
        away = np.concatenate([self.beta - before.beta, self.variances - before.variances])
        both = before.free[self.free]
        away = away[self.free][both] / np.sqrt(np.diagonal(self.covariance))[both]
        near = min(_AGREE * math.hypot(self.error_ratio, before.error_ratio), _CLOSE)
        return bool(np.abs(away).max(initial=0) <= near)

    def outward(self, coordinates: Coordinates) -> Round:
        """The same round in the coordinates of the design."""
        jacobian = coordinates.jacobian(int(self.free.sum()) - len(self.beta))
        back = np.linalg.inv(jacobian)
        argument = jacobian @ self.maximum.argument
        return replace(
            self,
            centre=coordinates.outward(self.centre),
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


@dataclass
class Search:
    """The maximisation of one design: draws at given parameters, and which variances to hold at 0.

    Design, blocks and rounds are in `coordinates`. `held` has the variances that are not to be
    estimated, and NaN for the others.
    """

    integration: Integration
    coordinates: Coordinates
    held: Float[np.ndarray, " K"]

    def __post_init__(self) -> None:
        self._returns: Int[np.ndarray, " K"] = np.zeros(len(self.held), dtype=int)
        self._likelihood: Likelihood | None = None
        self._centre: Float[np.ndarray, " P"] = np.zeros(0)

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood of the last round, with its draws."""
        assert self._likelihood is not None
        return self._likelihood

    @property
    def options(self) -> SolverOptions:
        """The solver's options."""
        return self.integration.options

    def round(
        self, point: Point, effort: Effort, proposals: tuple[FittedProposal, ...] | None = None
    ) -> Round:
        """Draw at the given parameters and maximise from there.

        Proposals are those fitted to the round before, if others are not given.
        """
        axes: AxesKind = "straight" if proposals is None else "kept"
        if self._likelihood is not None and proposals is None:
            proposals, axes = self._likelihood.fitted(self._centre), "bent"
        self._likelihood = None  # its draws take as much memory as those to come
        beta, variances = point.beta, point.variances
        varies = np.isnan(self.held) & (variances > 0)
        likelihood = sampled_likelihood(self.integration, point, varies, effort, proposals or (), axes)
        self._likelihood = likelihood
        centre = np.concatenate([beta, variances[varies]])
        maximum = maximise(
            likelihood,
            centre,
            rmax=self.options.rmax,
            iterlim=self.options.iterlim,
            within=_within_reach(len(beta), variances[varies]) if self._recentres else None,
        )
        self._centre = centre
        estimated = np.where(varies, 0.0, variances)
        estimated[varies] = maximum.argument[len(beta) :]
        covariance = _inverse_information(maximum.hessian)
        # Distances are judged in the parameters that will be reported.
        jacobian = self.coordinates.jacobian(int(varies.sum()))
        standard_errors = _root_of_diagonal(covariance, jacobian)
        moved = float(np.abs(jacobian @ (maximum.argument - centre) / standard_errors).max(initial=0))
        error = gradient_error(likelihood, maximum.argument)
        # Rules are judged where the estimate may stay; before, their error says nothing.
        passing = moved > _SETTLED and self._recentres
        rules = RuleError.none(len(centre)) if passing else rule_error(likelihood, maximum.argument)
        # What is left of the gradient where the iteration stopped is an error of the estimate too.
        leftover = np.outer(maximum.gradient, maximum.gradient)
        drawn = _sandwich(covariance, error.variance + leftover)
        shift = covariance @ rules.gradient
        columns = covariance @ jacobian.T
        bias = columns.T @ error.bias / standard_errors
        mcse = _root_of_diagonal(drawn, jacobian) / standard_errors
        curved = np.einsum("ji,jk,ki->i", columns, rules.hessian, columns) / (2 * standard_errors**2)
        return Round(
            draws=likelihood.n_draws,
            order=effort.order,
            stream=effort.stream,
            centre=point,
            beta=maximum.argument[: len(beta)],
            variances=estimated,
            free=likelihood.free,
            maximum=maximum,
            covariance=covariance,
            monte_carlo_covariance=drawn + np.outer(shift, shift),
            moved=moved,
            value_error=HeightError.with_rules(likelihood, maximum.argument, rules).standard_error,
            draw_error=float(np.hypot(mcse, bias).max(initial=0)),
            rule_error=float(np.abs(jacobian @ shift / standard_errors).max(initial=0)),
            draw_se_error=float(
                standard_error_error(likelihood, maximum.argument, covariance, jacobian).max(initial=0)
            ),
            rule_se_error=float(np.abs(curved).max(initial=0)),
        )

    def settled(self, latest: Round, following: Point) -> bool:
        """Whether the maximum was reached, near the centre of its draws, with the right variances at 0."""
        if not latest.maximum.converged:
            return False
        if not self._recentres:
            return np.array_equal(following.variances == 0, latest.variances == 0)
        stayed = np.array_equal(following.variances, latest.variances)
        return latest.moved <= _SETTLED and stayed and not latest.at_the_edge

    def next_centre(self, latest: Round) -> Point:
        """The parameters to centre the next round at: the estimate. Draws of R's mixture are centred once."""
        last, estimated = latest.centre.variances, self._with_zeros(latest, latest.variances)
        if self._recentres:
            return Point(latest.beta, estimated)
        stays = (last > 0) & (estimated > 0)
        return Point(latest.centre.beta, np.where(stays, last, estimated))

    @property
    def _recentres(self) -> bool:
        return self.options.proposal == "laplace"

    def _with_zeros(self, latest: Round, variances: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        """The variances, with those that are to be held at 0 set to 0.

        A small variance is tried at 0; it returns, for good, if the likelihood rises from there to a maximum
        more than `tolerance` standard errors away. If others were at 0 too, it may be tried once more.
        """
        variances = variances.copy()
        far = latest.variances > _FAR_FROM_ZERO * self._standard_errors(latest)
        if far[np.isnan(self.held)].all():
            return variances
        information = EffectInformation.at(self.integration, latest.beta, variances)
        tried = (variances == 0) & np.isnan(self.held)
        for t in np.flatnonzero(tried):
            rise = rise_from_zero(self.likelihood, latest.maximum.argument, int(t))
            if rise > self.options.tolerance * np.sqrt(information.of_variance[t]):
                self._returns[t] += 1 if tried.sum() > 1 else _MOST_RETURNS
                variances[t] = rise / information.of_variance[t]
        near = information.nearly_zero(variances) & ~far
        variances[near & np.isnan(self.held) & ~tried & (self._returns < _MOST_RETURNS)] = 0.0
        return variances

    def _standard_errors(self, latest: Round) -> Float[np.ndarray, " K"]:
        """Of the variances; infinite for those that were held, or whose information is singular."""
        full = np.full(len(latest.free), np.inf)
        full[latest.free] = np.sqrt(np.nan_to_num(np.diagonal(latest.covariance), nan=np.inf))
        return full[len(latest.beta) :]


def _within_reach(
    n_coefficients: int, variances: Float[np.ndarray, " V"]
) -> tuple[Float[np.ndarray, " P"], Float[np.ndarray, " P"]]:
    """Bounds of (beta, nu) in one round."""
    anywhere = np.full(n_coefficients, np.inf)
    return np.append(-anywhere, variances / _REACH), np.append(anywhere, variances * _REACH)


def scaled_information(
    hessian: Float[np.ndarray, "P P"],
) -> tuple[Float[np.ndarray, " P"], Float[np.ndarray, " P"], Float[np.ndarray, "P P"]]:
    """A scale in which -H has 1 or -1 on its diagonal; the eigenvalues of -H in it, rising, and vectors."""
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diagonal(hessian)), 1e-300))
    return scale, *np.linalg.eigh(-hessian * np.outer(scale, scale))


def _inverse_information(hessian: Float[np.ndarray, "P P"]) -> Float[np.ndarray, "P P"]:
    """(-H)^-1, or NaN where -H is not positive definite to working precision."""
    scale, values, basis = scaled_information(hessian)
    if len(values) and values[0] <= _SINGULAR * values[-1]:
        return np.full_like(hessian, np.nan)
    return np.asarray((basis / values) @ basis.T * np.outer(scale, scale))


def _sandwich(
    covariance: Float[np.ndarray, "P P"], variance: Float[np.ndarray, "P P"]
) -> Float[np.ndarray, "P P"]:
    """C V C through a root of V, so that rounding leaves no negative variance, whatever the units."""
    scale = np.sqrt(np.maximum(np.diagonal(variance), 1e-300))
    values, basis = np.linalg.eigh(variance / np.outer(scale, scale))
    root = (covariance * scale) @ (basis * np.sqrt(np.maximum(values, 0)))
    return np.asarray(root @ root.T)


def _root_of_diagonal(
    covariance: Float[np.ndarray, "P P"], jacobian: Float[np.ndarray, "P P"]
) -> Float[np.ndarray, " P"]:
    """Standard deviations of `jacobian psi`; rounding leaves no negative variance."""
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian), 0)))
