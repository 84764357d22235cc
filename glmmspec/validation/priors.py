"""The prior of every parameter: what the spec says, and a named set for what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from glmmspec.design import Design
from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.ir import Model
from glmmspec.prior import Distribution

FLAT = Distribution("flat")
PRIOR_SETS = ("weak", "flat")

_UNIT = 2.5
"""On the scale of a linear predictor: a change of 2.5 multiplies odds or counts by 12."""


@dataclass(frozen=True)
class ComponentPrior:
    """The prior of a variance component, on its standard deviation or its variance."""

    on: Literal["sd", "var"]
    distribution: Distribution


@dataclass(frozen=True)
class Priors:
    """A prior for each coefficient and each variance component, in the design's order."""

    coefficients: tuple[Distribution, ...]
    components: tuple[ComponentPrior, ...]

    @classmethod
    def of(cls, model: Model, design: Design, named: str) -> Priors:
        """The spec's priors, with those of the set `weak` for what it leaves open; or `flat` for all.

        With flat priors on coefficients and variances the posterior of both is proportional to the
        likelihood. The weak ones are, as in rstanarm and Bambi, scaled to the data: a coefficient is
        normal(0, 2.5 / sd of its column), the intercept wide enough for that of the columns not
        centred, and a standard deviation half_student_t(3, 2.5 / root mean square of the multipliers).

        Raises
        ------
        SpecError
            If the set is unknown.
        """
        if named == "flat":
            flat = tuple(ComponentPrior("var", FLAT) for _ in design.components)
            return cls((FLAT,) * len(design.coefficients), flat)
        if named != "weak":
            raise SpecError(f"unknown prior set '{named}'", hint=did_you_mean_or_list(named, PRIOR_SETS))
        given = {(prior.target, prior.name): prior.distribution for prior in model.priors}
        for_all = given.get(("fixed", ""))
        coefficients = tuple(
            given.get(("coefficient", name)) or for_all or weak
            for name, weak in zip(design.coefficients, _weak_coefficients(design), strict=True)
        )
        components = tuple(
            next(
                (ComponentPrior(on, given[on, name]) for on in _SCALES if (on, name) in given),
                ComponentPrior("sd", weak),
            )
            for name, weak in zip(design.components, _weak_components(design), strict=True)
        )
        return cls(coefficients, components)


_SCALES: tuple[Literal["sd", "var"], ...] = ("sd", "var")


def _weak_coefficients(design: Design) -> list[Distribution]:
    mean, spread = design.x.mean(axis=0), design.x.std(axis=0)
    constant = spread < 1e-12 * np.abs(mean)
    scale = _UNIT / np.where(constant, np.abs(mean), spread)
    # The intercept is that of centred columns, less what centring them moves.
    shift = np.sqrt(np.sum(np.square(mean * scale)[~constant]))
    scale = np.where(constant, np.hypot(scale, shift), scale)
    return [Distribution("normal", (0.0, float(s))) for s in scale]


def _weak_components(design: Design) -> list[Distribution]:
    square, count = np.zeros(len(design.components)), np.zeros(len(design.components))
    for term in design.random:
        square[term.component] += np.square(term.values).sum()
        count[term.component] += len(term.values)
    return [Distribution("half_student_t", (3.0, float(_UNIT / r))) for r in np.sqrt(square / count)]
