"""The parametric bootstrap: what refits of simulated responses say of the estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.inference.simulation import generators, simulated_responses
from glmmspec.inference.text_table import aligned, decimals
from glmmspec.printed import Printed
from glmmspec.solver.maximum_likelihood import estimate

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

Count = Callable[[int, int], None]
"""Called with how many of how many parts are done."""


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(Printed):
    """Estimates from simulated responses; print it.

    Attributes
    ----------
    original
        The estimates that the responses were simulated from.
    n_variances
        How many of them, the last, are variances.
    estimates
        A row for each replicate that could be fitted, by its number from 1; a column for each parameter.
    failures
        Why each of the other replicates could not be fitted.
    unsettled
        Replicates whose estimate still moved when draws were taken anew; they are among `estimates`.
    """

    original: pd.Series[float]
    n_variances: int
    estimates: pd.DataFrame
    failures: pd.Series[str]
    unsettled: tuple[int, ...]

    def bias(self) -> pd.Series[float]:
        """Mean of the estimates less the parameters they were simulated from."""
        return (self.estimates.mean() - self.original).rename("bias")

    def se(self) -> pd.Series[float]:
        """Standard deviation of the estimates."""
        return self.estimates.std().rename("se")

    def confint(
        self, level: float = 0.95, kind: Literal["percentile", "basic"] = "percentile"
    ) -> pd.DataFrame:
        """Confidence intervals from the quantiles q of the estimates, a variance's cut at 0.

        `percentile` is (q_low, q_high); `basic` is (2 psi - q_high, 2 psi - q_low). The quantiles
        are the order statistics (n + 1) p (Davison and Hinkley 1997, sections 5.2 and 5.3).

        Raises
        ------
        FitError
            If the level is not in (0, 1), the kind is unknown, or the replicates are too few for the level.
        """
        if not 0 < level < 1:
            raise FitError(f"level = {level:g} is not between 0 and 1")
        if kind not in ("percentile", "basic"):
            raise FitError(
                f"unknown kind '{kind}'", hint=did_you_mean_or_list(str(kind), ("percentile", "basic"))
            )
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        n = len(self.estimates)
        needed = round(1 / tails[0], 6) - 1
        if n < needed:
            raise FitError(
                f"{n} estimates are too few for a level of {level:g}", hint=f"it takes {needed:.0f} at least"
            )
        low, high = np.quantile(self.estimates.to_numpy(), tails, axis=0, method="weibull")
        if kind == "basic":
            low, high = 2 * self.original.to_numpy() - high, 2 * self.original.to_numpy() - low
        bounds = np.column_stack([low, high])
        bounds[-self.n_variances :] = np.maximum(bounds[-self.n_variances :], 0)
        return pd.DataFrame(bounds, index=self.original.index, columns=[f"{100 * t:.4g} %" for t in tails])

    def __str__(self) -> str:
        table = pd.DataFrame({"estimate": self.original, "bias": self.bias(), "se": self.se()})
        digits = decimals(table["se"].to_numpy())
        columns = [["", *map(str, table.index)]] + [
            [name, *(f"{x:.{digits}f}" for x in table[column])]
            for name, column in (("Estimate", "estimate"), ("Bias", "bias"), ("Std. Error", "se"))
        ]
        total = len(self.estimates) + len(self.failures)
        counts = self.failures.value_counts()
        return "\n".join(
            [
                f"Parametric bootstrap, {total} simulated responses",
                "",
                *aligned(columns),
                *(f"{count} could not be fitted: {reason}" for reason, count in counts.items()),
                *([f"{len(self.unsettled)} did not settle"] if self.unsettled else []),
            ]
        )


def bootstrap(fit: Fit, n: int = 200, seed: int | None = None, progress: Count | None = None) -> Bootstrap:
    """Simulate responses from a fit and fit the model to each.

    With relevance weights, a response drawn once for each row counts as its weight says.

    Parameters
    ----------
    n
        How many.
    seed
        Replicate i depends on `seed` and i alone, and its response is column `sim_i` of `simulate`;
        by default the seed of the fit.
    progress
        Called with (done, n) after each.

    Raises
    ------
    FitError
        If `n` or `seed` is not a whole number, 1 or 0 at least, or fewer than two responses could be fitted.
    """
    design, final = fit.design, fit.estimate.final
    start = tuple(np.concatenate([final.beta, final.variances]).tolist())
    found: dict[int, np.ndarray] = {}
    failures: dict[int, str] = {}
    unsettled: list[int] = []
    for i, rng in enumerate(generators(fit, n, seed), start=1):
        y = simulated_responses(design, final.beta, final.variances, rng)
        options = replace(fit.options, start=start, seed=int(rng.integers(2**63)))
        try:
            again = estimate(replace(design, y=y), options)
        except FitError as error:
            failures[i] = error.message
        else:
            found[i] = np.concatenate([again.final.beta, again.final.variances])
            unsettled += [] if again.settled else [i]
        if progress is not None:
            progress(i, n)
    if len(found) < 2:
        raise FitError(
            f"{len(found)} of {n} simulated responses could be fitted: the bootstrap takes two at least",
            hint=next(iter(failures.values()), "raise n"),
        )
    estimates = pd.DataFrame.from_dict(found, orient="index", columns=list(design.parameters))
    return Bootstrap(
        original=fit.params(),
        n_variances=len(design.components),
        estimates=estimates.rename_axis("replicate"),
        failures=pd.Series(failures, name="reason", dtype=object).rename_axis("replicate"),
        unsettled=tuple(unsettled),
    )
