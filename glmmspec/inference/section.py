"""The likelihood along one parameter, maximised over all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.solver.hermite import finer
from glmmspec.solver.maximum_likelihood import Estimate, estimate
from glmmspec.solver.monte_carlo import HeightError, error_of_difference
from glmmspec.solver.start import unit_variances

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_STEPS = 4
"""Points between the estimate and an endpoint."""

_PRECISION = 5e-5
"""Of the signed root at an endpoint: twice 1e-4 of log-likelihood, at the usual levels."""

_FARTHEST = 40
"""Steps, each up to twice as long as all before, after which there is no endpoint."""

_NOISE = 0.1
"""How far a constrained maximum may lie above the maximum before that is taken to be false."""


@dataclass(frozen=True, eq=False)
class ConstrainedMaximum:
    """The maximum of the likelihood over all parameters but one.

    Attributes
    ----------
    parameters
        All of them, the one held with its value.
    mcse
        Numerical standard error of the log-likelihood's distance from its maximum.
    settled
        Whether the others stayed where the draws were centred.
    """

    parameters: Float[np.ndarray, " P"]
    loglik: float
    mcse: float
    settled: bool


class Top:
    """A fit's maximum, on draws like those of constrained maxima (number and seed), so that errors cancel."""

    def __init__(self, fit: Fit) -> None:
        found = _estimate(fit, fit.design, fit.params().to_numpy())
        self._error = HeightError.of(found.likelihood, found.argument)
        self.maximum = _maximum(found, mcse=0.0)

    def compared(self, found: Estimate) -> ConstrainedMaximum:
        """A maximum of a model with the same parameters, and the error of its distance from this one."""
        error = HeightError.of(found.likelihood, found.argument)
        return _maximum(found, error_of_difference(self._error, error))


def _maximum(found: Estimate, mcse: float) -> ConstrainedMaximum:
    parameters = np.concatenate([found.final.beta, found.final.variances])
    return ConstrainedMaximum(parameters, found.final.maximum.value, mcse, found.settled)


class Section:
    """The profile likelihood of one parameter, evaluated where it is asked for.

    Distances are in the parameter itself, or for a variance in its square root, in which the signed
    root of the drop is nearly linear.

    Attributes
    ----------
    found
        The constrained maxima so far, by their place.
    """

    def __init__(self, fit: Fit, position: int, top: Top) -> None:
        self._fit = fit
        self._position = position
        self._component = position - len(fit.design.coefficients)
        self._top = top
        self._origin = self.place(top.maximum.parameters[position])
        self.found = {self._origin: top.maximum}

    def place(self, value: float) -> float:
        """Where a value of the parameter lies."""
        return float(value) if self._component < 0 else float(np.sqrt(value))

    def value(self, place: float) -> float:
        """The value of the parameter at a place."""
        return place if self._component < 0 else place**2

    def drop(self, place: float) -> float:
        """Log-likelihood at the maximum less the constrained one; errors may leave it a shade below 0."""
        if place not in self.found:
            self.found[place] = self._constrained(self.value(place))
        return self._top.maximum.loglik - self.found[place].loglik

    def zeta(self, place: float) -> float:
        """The signed root sign(psi - psi_hat) sqrt(2 drop), standard normal for large data."""
        return float(np.sign(place - self._origin) * np.sqrt(2 * max(self.drop(place), 0)))

    def endpoint(self, sign: int, limit: float) -> float:
        """The value on one side at which |zeta| is `limit`; 0 for a variance that gets there first.

        Steps are such that |zeta| would rise by even parts of the limit if it were linear; the root is
        found between the last two.

        Raises
        ------
        FitError
            If the likelihood does not fall that far, or cannot be maximised there.
        """
        at, height, slope = self._origin, 0.0, 1 / self._unit()
        for _ in range(_FARTHEST):
            if sign < 0 and self._component >= 0 and at == 0:
                return 0.0
            step = min(1.02 * limit - height, limit / _STEPS) / slope
            travelled = abs(at - self._origin)
            following = at + sign * (min(step, 2 * travelled) if travelled else step)
            following = max(following, 0.0) if self._component >= 0 else following
            reached = abs(self.zeta(following))
            if reached >= limit:
                return self.value(self._root(at, following, limit, slope))
            rise = (reached - height) / abs(following - at)
            at, height, slope = following, reached, max(rise, 1e-3 * slope)
        raise FitError(
            f"the profile of {self._name} has no endpoint: at {self.value(at):g} the likelihood has fallen by"
            f" {height**2 / 2:.3g}, and not by {limit**2 / 2:.3g}",
            hint="leave the parameter out, or take a lower level",
        )

    def _root(self, inside: float, outside: float, limit: float, slope: float) -> float:
        def excess(place: float) -> float:
            return abs(self.zeta(place)) - limit

        return float(brentq(excess, inside, outside, xtol=_PRECISION / slope))

    @property
    def _name(self) -> str:
        return self._fit.design.parameters[self._position]

    def _unit(self) -> float:
        """About a standard error, as a distance of places."""
        se = float(self._fit.se().iloc[self._position])
        if self._component < 0:
            return se
        if np.isfinite(se) and self._origin > 0:
            return se / (2 * self._origin)
        return float(np.sqrt(unit_variances(self._fit.design)[self._component])) / 2

    def _constrained(self, value: float) -> ConstrainedMaximum:
        start = self._predicted(value)
        try:
            found = self._at(value, start)
        except FitError as error:
            raise FitError(
                f"the profile of {self._name} cannot be followed to {value:g}: {error.message}",
                hint=error.hint,
            ) from None
        if found.loglik > self._top.maximum.loglik + _NOISE:
            raise FitError(
                f"the likelihood is higher at {self._name} = {value:g} than at the estimate, by"
                f" {found.loglik - self._top.maximum.loglik:.3g}",
                hint="fit again from there, with start, or with more draws",
            )
        return found

    def _at(self, value: float, start: Float[np.ndarray, " P"]) -> ConstrainedMaximum:
        """A variance is held; a coefficient moves into the offset with its column."""
        fit, position = self._fit, self._position
        if self._component >= 0:
            return self._top.compared(_estimate(fit, fit.design, start, {self._component: value}))
        without = _without_column(fit.design, position, value)
        found = self._top.compared(_estimate(fit, without, np.delete(start, position)))
        return replace(found, parameters=np.insert(found.parameters, position, value))

    def _predicted(self, value: float) -> Float[np.ndarray, " P"]:
        """Where the constrained maximum is to be expected: from the nearest known, along V_j / V_jj."""
        nearest = min(
            (known.parameters for known in self.found.values()), key=lambda p: abs(p[self._position] - value)
        )
        column = self._fit.vcov().to_numpy()[:, self._position]
        tangent = np.nan_to_num(column / column[self._position])
        moved = nearest + tangent * (value - nearest[self._position])
        p = len(self._fit.design.coefficients)
        moved[p:] = np.maximum(moved[p:], nearest[p:] / 2)
        return np.asarray(moved)


def _estimate(
    fit: Fit,
    design: Design,
    start: Float[np.ndarray, " P"],
    hold: Mapping[int, float] = MappingProxyType({}),
) -> Estimate:
    """From a start, by draws like the fit's, or if it has none by finer rules than its own."""
    options = replace(fit.options, start=tuple(start.tolist()))
    order = fit.estimate.final.order
    if fit.n_draws:
        return estimate(design, options, hold=hold, draws=fit.n_draws, order=order, like=fit.estimate)
    return estimate(design, options, hold=hold, order=finer(finer(order)))


def _without_column(design: Design, column: int, coefficient: float) -> Design:
    """The design with one coefficient at a value: its column is part of the offset."""
    names = design.coefficients
    return replace(
        design,
        x=np.delete(design.x, column, axis=1),
        coefficients=(*names[:column], *names[column + 1 :]),
        offset=design.offset + coefficient * design.x[:, column],
    )
