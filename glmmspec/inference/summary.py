"""The printed summary of a fit, as R's summary.glmm prints it, with the Monte Carlo error beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from glmmspec import html
from glmmspec.advice import of_few_groups
from glmmspec.inference.text_table import aligned, decimals, or_blank, p_text
from glmmspec.printed import Printed

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."), (np.inf, ""))
_LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Printed):
    """A fit's tables, and their text.

    Attributes
    ----------
    fixed, variances
        Columns `estimate`, `se`, `mcse`, `z` and `p`. The p of a fixed effect is two-sided; that
        of a variance, which cannot be negative, one-sided.
    head, foot
        Lines above and below the tables.
    mcse_holds
        Whether the Monte Carlo errors can be believed; if not, they are not printed.
    """

    fixed: pd.DataFrame
    variances: pd.DataFrame
    head: tuple[str, ...]
    foot: tuple[str, ...]
    mcse_holds: bool

    @classmethod
    def of(cls, fit: Fit) -> Summary:
        """Summarise a fit."""
        table = pd.DataFrame({"estimate": fit.params(), "se": fit.se(), "mcse": fit.mcse()})
        table["z"] = table["estimate"] / table["se"]
        p = len(fit.design.coefficients)
        tail = ndtr(-np.abs(table["z"].to_numpy()))
        table["p"] = np.where(np.arange(len(table)) < p, 2 * tail, tail)
        return cls(
            fixed=table.iloc[:p],
            variances=table.iloc[p:],
            head=tuple(_head(fit)),
            foot=tuple(_foot(fit)),
            mcse_holds=fit.reliable,
        )

    def __str__(self) -> str:
        lines = [*self.head, ""]
        if len(self.fixed):
            lines += ["Fixed effects:", *self._table(self.fixed, "Pr(>|z|)"), ""]
        lines += ["Variance components (p-values are one-sided):", *self._table(self.variances, "Pr(>z)")]
        return "\n".join([*lines, "---", _LEGEND, "", *self.foot])

    def _repr_html_(self) -> str:
        fixed = self._columns(self.fixed, "Pr(>|z|)")
        variances = self._columns(self.variances, "Pr(>z)")
        left = (0, len(variances) - 1)
        return html.block(
            html.lines(self.head),
            html.heading("Fixed effects") + html.table(fixed, left=left) if len(self.fixed) else "",
            html.heading("Variance components (p-values are one-sided)"),
            html.table(variances, left=left),
            html.lines([_LEGEND, *self.foot], muted=True),
        )

    def _table(self, table: pd.DataFrame, p_label: str) -> list[str]:
        columns = self._columns(table, p_label)
        return list(aligned(columns, left=(0, len(columns) - 1)))

    def _columns(self, table: pd.DataFrame, p_label: str) -> list[list[str]]:
        """The columns of a table of parameters as text, each with its title first."""
        digits = decimals(table["se"].to_numpy())
        return [
            ["", *map(str, table.index)],
            ["Estimate", *(f"{x:.{digits}f}" for x in table["estimate"])],
            ["Std. Error", *(or_blank(x, f".{digits}f") for x in table["se"])],
            ["MC Error", *(or_blank(x, ".2g") if self.mcse_holds else "?" for x in table["mcse"])],
            ["z value", *(or_blank(x, ".3f") for x in table["z"])],
            [p_label, *(p_text(x) for x in table["p"])],
            ["", *(_stars(x) for x in table["p"])],
        ]


def _head(fit: Fit) -> list[str]:
    design = fit.design
    groups = dict.fromkeys((t.grouping, len(t.levels)) for t in design.random if t.grouping)
    rows = f"{len(design.y)} observations" + (
        f" ({design.n_dropped} rows with missing values left out)" if design.n_dropped else ""
    )
    return [*fit.model.heading, ", ".join([rows, *(f"{name} {count}" for name, count in groups)])]


def _foot(fit: Fit) -> list[str]:
    run = fit.estimate
    return [
        f"log-likelihood {fit.loglik:.4f}{_uncertain(fit)}   AIC {fit.aic():.2f}   BIC {fit.bic():.2f}",
        f"{_counted(run.n_blocks, 'block')} of up to {_counted(run.largest_block, 'effect')}: {_how(fit)}",
        f"{_health(fit)}{_counted(len(run.rounds), 'round')}; {fit.seconds:.2f} s",
        *(f"Note: {few}" for few in dict.fromkeys(map(of_few_groups, fit.design.random)) if few is not None),
        *(f"Warning: {warning}" for warning in fit.warnings),
    ]


def _uncertain(fit: Fit) -> str:
    """The numerical error of the log-likelihood, if it is known."""
    known = np.isfinite(fit.loglik_mcse) and not fit.estimate.weights.doubtful.any()
    return f" (MC error {fit.loglik_mcse:.1g})" if known else ""


def _how(fit: Fit) -> str:
    """How the blocks were integrated."""
    integrals, order = fit.estimate.likelihood.integrals, fit.estimate.final.order
    rules = f"quadrature of {order} nodes"
    if not fit.n_draws:
        return rules
    drawn = f"{fit.n_draws} {fit.options.points} draws in each"
    if any(i.is_exact for i in integrals):
        return f"{drawn}, or {rules}"
    below = any(i.has_rules for i in integrals)
    return f"{drawn} of some effects, {rules} of the others" if below else drawn


def _health(fit: Fit) -> str:
    weights = fit.estimate.weights
    if not fit.n_draws:
        return ""
    k_hat = weights.k_hat.max()
    worst = f"{k_hat:.2f}" if np.isfinite(k_hat) else "none (equal weights)"
    return f"worst Pareto k-hat {worst}, fewest effective draws {weights.draws_effective.min():.0f}; "


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _stars(p: float) -> str:
    return next((mark for limit, mark in _STARS if p < limit), "")
