"""Whether NUTS sampled the posterior: the usual diagnostics, in words with their remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

R_HAT_LIMIT = 1.01
"""Vehtari et al. (2021)."""

FEWEST_EFFECTIVE = 400
"""Bulk and tail effective draws below which R-hat and quantiles are themselves uncertain (ibid.)."""

BFMI_LIMIT = 0.3
"""Energy fraction below which the sampler moved too slowly between energies (Betancourt 2016)."""


@dataclass(frozen=True)
class SamplerHealth:
    """The worst diagnostics over coefficients, variances and random effects.

    Attributes
    ----------
    r_hat, ess_bulk, ess_tail
        The largest and the fewest, and the quantity each belongs to.
    divergences
        Transitions that diverged.
    bfmi
        The smallest energy fraction of a chain.
    """

    r_hat: tuple[str, float]
    ess_bulk: tuple[str, float]
    ess_tail: tuple[str, float]
    divergences: int
    bfmi: float

    @classmethod
    def of(cls, tree: DataTree) -> SamplerHealth:
        """Of a posterior with its `sample_stats`."""
        from arviz_stats import bfmi, summary  # type: ignore[attr-defined]

        table = summary(tree, group="posterior", kind="diagnostics", round_to="none")
        energy = bfmi(tree)
        return cls(
            r_hat=_largest(table["r_hat"]),
            ess_bulk=_fewest(table["ess_bulk"]),
            ess_tail=_fewest(table["ess_tail"]),
            divergences=int(tree["sample_stats"]["diverging"].sum()),
            bfmi=float(np.min(energy["energy"])),
        )

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong, and what to do; nothing if all is well."""
        return tuple(self._complaints())

    def _complaints(self) -> Iterator[str]:
        # A missing diagnostic is no good one: comparisons are written so that NaN complains.
        if np.isnan(self.r_hat[1]):
            yield f"R-hat of {self.r_hat[0]} is not known: it takes two chains of at least 4 draws that move"
        elif not self.r_hat[1] <= R_HAT_LIMIT:
            yield (
                f"the chains disagree: R-hat {self.r_hat[1]:.3f} of {self.r_hat[0]} (limit {R_HAT_LIMIT});"
                " raise warmup and draws"
            )
        for kind, (name, count) in (("bulk", self.ess_bulk), ("tail", self.ess_tail)):
            if not count >= FEWEST_EFFECTIVE:
                limit = FEWEST_EFFECTIVE
                yield f"few effective draws: {kind} {count:.0f} of {name} (limit {limit}); raise draws"
        if self.divergences:
            yield (
                f"{self.divergences} divergent transitions: the posterior is too sharply bent for the steps"
                " taken; use the other parameterisation (centred), or narrower priors on the variances"
            )
        if not self.bfmi >= BFMI_LIMIT:
            yield (
                f"energy fraction {self.bfmi:.2f} (limit {BFMI_LIMIT}): the tails are hardly visited;"
                " use the other parameterisation (centred), or narrower priors"
            )


def _largest(values: pd.Series[float]) -> tuple[str, float]:
    """The worst value of R-hat and what it is of; NaN, where one is not known."""
    worst = str(values.fillna(np.inf).idxmax())
    return worst, float(values[worst])


def _fewest(values: pd.Series[float]) -> tuple[str, float]:
    """The fewest effective draws and what they are of; NaN, where they are not known."""
    worst = str(values.fillna(-np.inf).idxmin())
    return worst, float(values[worst])
