"""What a validation found, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from glmmspec import html
from glmmspec.inference.fit import Fit
from glmmspec.inference.text_table import aligned, decimals, or_blank
from glmmspec.printed import Printed
from glmmspec.validation.checks import Check, Verdict
from glmmspec.validation.solver_route import WeightedPsi

if TYPE_CHECKING:
    from xarray import DataTree

    from glmmspec.options import SamplerOptions

_WORST: tuple[Verdict, ...] = ("fail", "doubtful", "pass")


@dataclass(frozen=True, eq=False, repr=False)
class Report(Printed):
    """One spec's two answers, how they compare, and a verdict. Print it.

    Attributes
    ----------
    fit
        The maximum likelihood fit.
    posterior
        The posterior under flat priors, from NUTS: see `sample`.
    route
        The posterior of the parameters from the solver's likelihood alone.
    checks
        Every comparison, coarse to fine.
    parameters
        Both routes' means, standard deviations and quantiles, by `parameter` and `statistic`.
    effects
        Means of the random effects at the estimate by both, by `term` and `level`; None if a variance is 0.
    sampler
        The sampler's options, as resolved.
    seconds
        Wall time of all.
    """

    fit: Fit
    posterior: DataTree
    route: WeightedPsi
    checks: tuple[Check, ...]
    parameters: pd.DataFrame
    effects: pd.DataFrame | None
    sampler: SamplerOptions
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The worst of all checks."""
        found = {check.verdict for check in self.checks}
        return next(verdict for verdict in _WORST if verdict in found)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.verdict == "pass"

    def summary(self) -> pd.DataFrame:
        """A row a parameter: `estimate` and `se` of the fit, means and sds by NUTS and by the solver."""
        columns = {"estimate": self.fit.params(), "se": self.fit.se()}
        for route in ("nuts", "solver"):
            wide = self.parameters[route].unstack("statistic").loc[list(self.fit.design.parameters)]
            columns |= {f"{route}_{statistic}": wide[statistic] for statistic in ("mean", "sd")}
        return pd.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """The checks and tables as plain values for JSON; missing numbers are None."""
        return {
            "verdict": self.verdict,
            "checks": [
                {key: _plain(value) for key, value in asdict(check).items()} | {"verdict": check.verdict}
                for check in self.checks
            ],
            "parameters": _rows(self.parameters),
            "effects": None if self.effects is None else _rows(self.effects),
            "sampler": asdict(self.sampler),
            "provenance": asdict(self.fit.provenance),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return html.block(
            html.lines(self.fit.model.heading),
            html.heading(f"Verdict: {self.verdict}"),
            html.table([["", *each] for each in self._check_columns()], left=(0, 1, 3, 4)),
            html.heading("Estimates, and the posterior under flat priors by both routes"),
            html.table(self._table_columns()),
        )

    def _lines(self) -> Iterator[str]:
        yield from self.fit.model.heading
        kind = None
        for check, line in zip(self.checks, self._check_lines(), strict=True):
            if check.kind != kind:
                kind = check.kind
                yield from ("", f"{kind.capitalize()}:")
            yield line
        yield from ("", "Estimates, and the posterior under flat priors by both routes:", *self._table())
        yield from ("", f"Verdict: {self.verdict} ({self.seconds:.0f} s)")

    def _check_lines(self) -> list[str]:
        verdicts, *others = self._check_columns()
        return list(aligned([[f"  {verdict}" for verdict in verdicts], *others], left=(0, 1, 3, 4)))

    def _check_columns(self) -> list[list[str]]:
        """Verdict, name, number, limit and subject of each check, column by column."""
        return [
            [check.verdict for check in self.checks],
            [check.name for check in self.checks],
            [f"{check.number:.4g}" for check in self.checks],
            [f"(limit {check.doubtful:.3g})" for check in self.checks],
            [check.about for check in self.checks],
        ]

    def _table(self) -> Iterator[str]:
        return aligned(self._table_columns())

    def _table_columns(self) -> list[list[str]]:
        """The columns of the table of parameters as text, each with its title first."""
        table = self.summary()
        digits = decimals(table["se"].to_numpy())
        titles = ("Estimate", "Std. Error", "NUTS mean", "sd", "Solver mean", "sd")
        cells = [[or_blank(x, f".{digits}f") for x in table[name]] for name in table]
        return [
            ["", *map(str, table.index)],
            *([title, *column] for title, column in zip(titles, cells, strict=True)),
        ]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()}
        for row in table.reset_index().to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float | int | np.number):
        return float(value) if np.isfinite(value) else None
    return value
