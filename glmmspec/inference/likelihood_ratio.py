"""Likelihood ratio tests of nested models, with the numerical error of the statistic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.special import binom, chdtrc

from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.inference.log_ratio import LogRatio
from glmmspec.inference.nesting import Nesting
from glmmspec.inference.text_table import p_text
from glmmspec.printed import Printed
from glmmspec.solver.maximum_likelihood import Estimate, estimate

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

_ROUNDING = 1e-8
"""A statistic below this is 0."""


@dataclass(frozen=True, eq=False, repr=False)
class LikelihoodRatioTest(Printed):
    """2 (log L of the larger model - log L of the smaller), and its p-value; print it.

    Attributes
    ----------
    small, large
        The two models, in words.
    statistic, mcse
        The statistic and its numerical standard error: of draws, and of rules of quadrature.
    equalities
        Restrictions other than variances at 0: the degrees of freedom if there are no such.
    zero
        Variances that are 0 in the smaller model. There the reference distribution is a mixture
        of chi-squares.
    p
        The p-value. With two variances at 0 or more, exact (for large data) if their estimates are
        uncorrelated.
    p_at_most
        What p cannot exceed, whatever their correlation.
    drawn
        Whether either likelihood comes from draws.
    common_draws
        Whether both likelihoods were maximised on the same draws, so that their errors cancel.
    also_zero
        Other variances estimated as 0, which the reference distribution takes no account of.
    mcse_holds
        Whether the error can be believed; if not, it is not printed.
    """

    small: str
    large: str
    statistic: float
    mcse: float
    equalities: int
    zero: tuple[str, ...]
    p: float
    p_at_most: float
    drawn: bool
    common_draws: bool
    also_zero: tuple[str, ...]
    mcse_holds: bool

    def __str__(self) -> str:
        error = f"{self.mcse:.2g}" if self.mcse_holds else "not known"
        # Adding 0 takes the sign from a rounded -0.
        statistic = round(self.statistic, 4) + 0.0
        draws = "common draws" if self.common_draws else "draws of each fit"
        kind, source = ("Monte Carlo error", draws) if self.drawn else ("numerical error", "quadrature")
        return "\n".join(
            [
                "Likelihood ratio test",
                "",
                f"small: {self.small}",
                f"large: {self.large}",
                "",
                f"2 log likelihood ratio {statistic:.4f} ({kind} {error}, {source})",
                f"p = {p_text(self.p)}, {self._reference()}",
                *self._notes(),
            ]
        )

    def _reference(self) -> str:
        if not self.zero:
            return f"chi-square on {self.equalities} df"
        weights = mixture_weights(len(self.zero))
        parts = (f"{weight:g} chi2({self.equalities + j})" for j, weight in enumerate(weights))
        return f"mixture of chi-squares {' + '.join(parts)}: at 0 a variance is on its boundary"

    def _notes(self) -> list[str]:
        notes = []
        if len(self.zero) > 1:
            notes.append(
                "The weights hold if the estimates of these variances are uncorrelated; in any case,"
                f" p <= {p_text(self.p_at_most)}."
            )
        if self.also_zero:
            notes.append(
                f"Also estimated as 0: {', '.join(self.also_zero)}. The reference distribution takes no"
                " account of it; a parametric bootstrap would."
            )
        return notes


def likelihood_ratio_test(small: Fit, large: Fit) -> LikelihoodRatioTest:
    """Test a model against a larger one that contains it.

    The smaller model may lack fixed effects (or combinations of them), random terms, or share
    variances that the larger keeps apart. Where variances are 0 in it, the statistic is compared
    with the mixture of chi-squares of Self and Liang (1987).

    Raises
    ------
    FitError
        If the fits are not of nested models and the same data, one did not converge, or the larger
        lies below the smaller.
    """
    if len(small.design.parameters) > len(large.design.parameters):
        raise FitError(
            "the first model has more parameters than the second",
            hint="give the smaller model first, the one that contains it second",
        )
    for which, fit in (("smaller", small), ("larger", large)):
        if not fit.converged:
            raise FitError(
                f"the fit of the {which} model did not converge: its likelihood is no maximum",
                hint="fit it with more draws or iterations",
            )
    nesting = Nesting.between(small.design, large.design)
    return _tested(
        small.estimate,
        large,
        nesting,
        words=(str(small.model.formula), str(large.model.formula)),
        mcse_holds=small.reliable and large.reliable,
    )


def variance_test(fit: Fit, components: str | Sequence[str]) -> LikelihoodRatioTest:
    """Test that one or several variances are 0, by likelihood ratio.

    Parameters
    ----------
    components
        Names of variance components. All of them may be named: the model without random effects is
        fitted too.

    Raises
    ------
    FitError
        If a name is unknown, the fit or the one without these variances did not converge, or the fit
        lies below it.
    """
    names = (components,) if isinstance(components, str | int) else tuple(dict.fromkeys(components))
    known = fit.design.components
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        wanted = str(unknown[0]) if unknown else ""
        raise FitError(f"unknown variance component '{wanted}'", hint=did_you_mean_or_list(wanted, known))
    start = np.concatenate([fit.estimate.final.beta, fit.estimate.final.variances])
    options = replace(fit.options, start=tuple(start.tolist()))
    hold = {known.index(name): 0.0 for name in names}
    without = estimate(fit.design, options, hold=hold, draws=fit.n_draws or None)
    if not (fit.converged and without.settled):
        raise FitError("a fit did not converge: its likelihood is no maximum", hint="raise draws or iterlim")
    return _tested(
        without,
        fit,
        Nesting.without(fit.design, names),
        words=(f"{fit.model.formula}, with 0 for the variance of {', '.join(names)}", str(fit.model.formula)),
        mcse_holds=fit.reliable and not without.weights.doubtful.any(),
    )


def _tested(
    small: Estimate, large: Fit, nesting: Nesting, *, words: tuple[str, str], mcse_holds: bool
) -> LikelihoodRatioTest:
    ratio = LogRatio.of(small, large.estimate, nesting)
    if ratio.twice < -4 * ratio.mcse - _ROUNDING and mcse_holds:
        raise FitError(
            f"the larger model's likelihood lies below the smaller's: 2 log ratio {ratio.twice:.4g}",
            hint="fit the larger again, with more draws or from another start",
        )
    df, k = nesting.equalities, len(nesting.zero)
    return LikelihoodRatioTest(
        small=words[0],
        large=words[1],
        statistic=ratio.twice,
        mcse=ratio.mcse,
        equalities=df,
        zero=nesting.zero,
        p=mixture_tail(ratio.twice, df, mixture_weights(k)),
        p_at_most=mixture_tail(ratio.twice, df + max(0, k - 1), mixture_weights(min(k, 1))),
        drawn=bool(large.n_draws or small.likelihood.n_draws),
        common_draws=ratio.common_draws,
        also_zero=tuple(name for name in large.on_boundary if name not in nesting.zero),
        mcse_holds=mcse_holds,
    )


def mixture_weights(k: int) -> Float[np.ndarray, " k+1"]:
    """Binomial weights C(k, j) / 2^k, j = 0..k: how many of k variances at 0 are estimated above it.

    Self and Liang (1987), case 9 if the estimates are uncorrelated; for k = 1 always (Stram and Lee
    1994).
    """
    return np.asarray(binom(k, np.arange(k + 1)) / 2.0**k)


def mixture_tail(statistic: float, df: int, weights: Float[np.ndarray, " k+1"]) -> float:
    """P(X >= statistic) for X ~ sum_j weights_j chi2_(df + j); chi2_0 is 0.

    With df + k - 1 for df and weights (1/2, 1/2) it bounds the tail of every cone of k variances, since
    the cone lies in a half-space (Perlman 1969).
    """
    freedom = df + np.arange(len(weights))
    at = statistic if statistic > _ROUNDING else 0.0
    tails = np.where(freedom > 0, chdtrc(np.maximum(freedom, 1), at), float(at == 0))
    return float(weights @ tails)
