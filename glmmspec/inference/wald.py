"""Wald tests of linear hypotheses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import chdtrc, ndtr

from glmmspec.errors import FitError, SpecError
from glmmspec.expression import number_text
from glmmspec.inference.hypotheses import LinearHypotheses
from glmmspec.inference.text_table import aligned, decimals, or_blank, p_text
from glmmspec.printed import Printed

if TYPE_CHECKING:
    from glmmspec.design import Design
    from glmmspec.inference.fit import Fit

_DEPENDENT = 1e-8
"""Rows of unit length count as dependent when less than this of one is not in the others."""


@dataclass(frozen=True, eq=False, repr=False)
class WaldTest(Printed):
    """Tests of linear hypotheses, each alone and all at once; print it.

    Attributes
    ----------
    table
        A row for each hypothesis: `estimate` of its left side less the parameters of its right,
        `value` under the hypothesis, `se`, `mcse`, `z` and the two-sided `p`.
    statistic, df, p
        The joint test of all of them, a chi-square.
    mcse_holds
        Whether the Monte Carlo errors can be believed; if not, they are not printed.
    """

    table: pd.DataFrame
    statistic: float
    df: int
    p: float
    mcse_holds: bool

    def to_dataframe(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.table.copy()

    def __str__(self) -> str:
        table, digits = self.table, decimals(self.table["se"].to_numpy())
        columns = [
            ["Hypothesis", *map(str, table.index)],
            ["Estimate", *(f"{x:.{digits}f}" for x in table["estimate"])],
            ["Value", *(number_text(x) for x in table["value"])],
            ["Std. Error", *(f"{x:.{digits}f}" for x in table["se"])],
            ["MC Error", *(or_blank(x, ".2g") if self.mcse_holds else "?" for x in table["mcse"])],
            ["z value", *(f"{x:.3f}" for x in table["z"])],
            ["Pr(>|z|)", *(p_text(x) for x in table["p"])],
        ]
        joint = f"All at once: chi-square {self.statistic:.3f} on {self.df} df, p = {p_text(self.p)}"
        return "\n".join(["Wald test", "", *aligned(columns), *(["", joint] if self.df > 1 else [])])


def wald_test(fit: Fit, hypothesis: Any, value: Any = None) -> WaldTest:
    """Test linear hypotheses C psi = v by the estimates' distance from them.

        z     = (c'psi - v) / sqrt(c' V c)
        chi2  = (C psi - v)' (C V C')^-1 (C psi - v)

    with V the inverse of the observed information (Wald 1943). Under the hypothesis they are standard normal
    and chi-square, if no variance is near 0.

    Parameters
    ----------
    hypothesis
        Text, one or several, as `"CrossR/R = CrossW/W"` or `"2*x - 0.5*z = 1"` (without `=`, equal to 0); or
        a matrix, a row for each hypothesis and a column for each parameter.
    value
        The right-hand sides of a matrix; 0 by default.

    Raises
    ------
    SpecError
        If a hypothesis cannot be read, or follows from those before it or contradicts them.
    FitError
        If a hypothesis is that variances are 0, or is on a variance that the fit holds at a value: it has no
        standard error.
    """
    hypotheses = LinearHypotheses.of(hypothesis, value, fit.design.parameters)
    _check_interior(hypotheses, fit.design)
    se = fit.se().to_numpy()
    _check_free(fit, hypotheses.matrix, se)
    free = np.isfinite(se)
    matrix = hypotheses.matrix[:, free]
    _check_independent(hypotheses.labels, matrix * se[free])
    estimates = fit.params().to_numpy()
    covariance = matrix @ fit.vcov().to_numpy()[np.ix_(free, free)] @ matrix.T
    monte_carlo = matrix @ fit.mcvcov().to_numpy()[np.ix_(free, free)] @ matrix.T
    distance = hypotheses.matrix @ estimates - hypotheses.value
    errors = np.sqrt(np.diagonal(covariance))
    table = pd.DataFrame(
        {
            "estimate": hypotheses.matrix @ estimates,
            "value": hypotheses.value,
            "se": errors,
            # Where the error is 0, rounding may leave it a shade below.
            "mcse": np.sqrt(np.maximum(np.diagonal(monte_carlo), 0)),
            "z": distance / errors,
            "p": 2 * ndtr(-np.abs(distance / errors)),
        },
        index=pd.Index(hypotheses.labels, name="hypothesis"),
    )
    scaled = covariance / np.outer(errors, errors)
    statistic = float(table["z"] @ np.linalg.solve(scaled, table["z"]))
    return WaldTest(table, statistic, len(table), float(chdtrc(len(table), statistic)), fit.reliable)


def _check_interior(hypotheses: LinearHypotheses, design: Design) -> None:
    """Refuse a hypothesis that variances are 0: it is on the boundary, where z is not normal."""
    p = len(design.coefficients)
    for label, row, value in zip(hypotheses.labels, hypotheses.matrix, hypotheses.value, strict=True):
        weights = row[p:]
        if value == 0 and not row[:p].any() and ((weights >= 0).all() or (weights <= 0).all()):
            named = [name for name, weight in zip(design.components, weights, strict=True) if weight]
            tested = named if len(named) > 1 else named[0]
            raise FitError(
                f"'{label}': at 0 a variance is on its boundary, and there is no Wald test of it",
                hint=f"test it by likelihood ratio: fit.test_variance({tested!r})",
            )


def _check_free(fit: Fit, matrix: Float[np.ndarray, "h P"], se: Float[np.ndarray, " P"]) -> None:
    held = np.flatnonzero((matrix != 0).any(axis=0) & np.isnan(se))
    if len(held):
        name = fit.design.parameters[held[0]]
        raise FitError(
            f"the variance of {name} is {fit.params().iloc[held[0]]:g}, on the boundary, and has no standard"
            " error: there is no Wald test of it",
            hint=f"test it by likelihood ratio: fit.test_variance('{name}')",
        )


def _check_independent(labels: tuple[str, ...], matrix: Float[np.ndarray, "h P"]) -> None:
    """Refuse a hypothesis that is a combination of those before it: a test of all would count it twice."""
    rows = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    for i, label in enumerate(labels):
        if np.linalg.matrix_rank(rows[: i + 1], tol=_DEPENDENT) <= i:
            raise SpecError(
                f"the hypothesis '{label}' is a combination of those before it",
                hint="leave it out: it follows from them, or contradicts them",
            )
