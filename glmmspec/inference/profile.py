"""Profile likelihood: curves and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtri

from glmmspec.errors import FitError
from glmmspec.inference.bootstrap import Count
from glmmspec.inference.section import Section, Top
from glmmspec.inference.text_table import aligned, decimals
from glmmspec.printed import Printed

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


@dataclass(frozen=True, eq=False, repr=False)
class Profile(Printed):
    """Profile likelihoods of some parameters, and intervals from them; print it.

    Attributes
    ----------
    level
        The confidence level whose endpoints the curves reach.
    curves
        A row for each constrained maximum: the `parameter` that was held, its `value`, the `drop` of
        the log-likelihood below its maximum, its numerical standard error `mcse`, and the signed root
        `zeta` of twice the drop.
    constrained
        All parameters at these maxima, in the same rows.
    endpoints
        The interval of each parameter at `level`: columns `lower` and `upper`.
    unsettled
        How many of the constrained maxima still moved when draws were taken anew.
    """

    level: float
    curves: pd.DataFrame
    constrained: pd.DataFrame
    endpoints: pd.DataFrame
    unsettled: int

    def confint(self, level: float | None = None) -> pd.DataFrame:
        """Profile likelihood intervals: the values whose 2 drop is below the chi-square quantile.

        The lower endpoint of a variance is 0 where the likelihood at 0 is not lower than that.

        Parameters
        ----------
        level
            By default the level of the profile, whose endpoints were found by root finding; those of a
            lower level are interpolated on the curves.

        Raises
        ------
        FitError
            If the level is not in (0, 1), or above that of the profile.
        """
        level = self.level if level is None else level
        _check_level(level)
        if level > self.level:
            raise FitError(
                f"the profile reaches to level {self.level:g}, and not to {level:g}",
                hint=f"take the profile at level = {level:g}",
            )
        bounds = self.endpoints
        if level < self.level:
            rows = [self._interpolated(name, level) for name in self.endpoints.index]
            bounds = pd.DataFrame(rows, index=self.endpoints.index)
        tails = ((1 - level) / 2, (1 + level) / 2)
        return bounds.set_axis([f"{100 * tail:.4g} %" for tail in tails], axis=1)

    def _interpolated(self, name: str, level: float) -> tuple[float, float]:
        curve = self.curves[self.curves["parameter"] == name]
        zeta = np.maximum.accumulate(curve["zeta"].to_numpy())
        rises = np.append(True, np.diff(zeta) > 0)
        value = PchipInterpolator(zeta[rises], curve["value"].to_numpy()[rises])
        limit = ndtri((1 + level) / 2)
        # Below the lowest zeta of a variance, its value is 0 already.
        return float(value(max(-limit, zeta[0]))), float(value(limit))

    def __str__(self) -> str:
        table = self.confint()
        places = decimals((self.endpoints["upper"] - self.endpoints["lower"]).to_numpy() / 4)
        columns = [[str(name), *(f"{x:.{places}f}" for x in table[name])] for name in table.columns]
        error = f"Numerical error of the curves up to {self.curves['mcse'].max():.2g} of log-likelihood"
        notes = [f"{self.unsettled} constrained maxima did not settle"] if self.unsettled else []
        return "\n".join(
            [
                "Profile likelihood intervals",
                "",
                *aligned([["", *map(str, table.index)], *columns]),
                "",
                error,
                *notes,
            ]
        )


def profile(
    fit: Fit,
    parm: str | int | Sequence[str | int] | None = None,
    level: float = 0.95,
    progress: Count | None = None,
) -> Profile:
    """Profile the likelihood of parameters, out to the endpoints of their intervals.

    Every constrained maximum takes draws of its own around it, as many as the fit's and from its seed.

    Parameters
    ----------
    parm
        Names or positions of parameters; all by default.
    level
        Confidence level, in (0, 1).
    progress
        Called with (done, total) after each side of each parameter.

    Raises
    ------
    FitError
        If a parameter is unknown, the level is not in (0, 1), the fit did not converge, or a curve cannot be
        followed to its endpoint.
    """
    _check_level(level)
    if not fit.converged:
        raise FitError("the fit did not converge: there is no maximum to measure from", hint="raise draws")
    names = fit.design.parameters
    positions = [i % len(names) for i in (range(len(names)) if parm is None else fit.positions(parm))]
    limit, top = float(ndtri((1 + level) / 2)), Top(fit)
    curves, constrained, endpoints, unsettled = [], [], [], 0
    for done, position in enumerate(positions):
        section = Section(fit, position, top)
        sides = []
        for side, sign in enumerate((-1, 1), start=1):
            sides.append(section.endpoint(sign, limit))
            if progress is not None:
                progress(2 * done + side, 2 * len(positions))
        endpoints.append(sides)
        found = [section.found[place] for place in sorted(section.found)]
        curves.append(_curve(section, names[position]))
        constrained += [known.parameters for known in found]
        unsettled += sum(not known.settled for known in found)
    return Profile(
        level=level,
        curves=pd.concat(curves, ignore_index=True),
        constrained=pd.DataFrame(constrained, columns=list(names)),
        endpoints=pd.DataFrame(
            endpoints, index=[names[position] for position in positions], columns=["lower", "upper"]
        ),
        unsettled=unsettled,
    )


def _curve(section: Section, name: str) -> pd.DataFrame:
    places = sorted(section.found)
    return pd.DataFrame(
        {
            "parameter": name,
            "value": [section.value(place) for place in places],
            "drop": [section.drop(place) for place in places],
            "mcse": [section.found[place].mcse for place in places],
            "zeta": [section.zeta(place) for place in places],
        }
    )


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise FitError(f"level = {level:g} is not between 0 and 1")
