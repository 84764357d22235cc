"""The estimates of a fit, their errors, and whether these can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from glmmspec.design import Design
from glmmspec.errors import FitError, GlmmSpecWarning, did_you_mean_or_list
from glmmspec.inference.provenance import Provenance
from glmmspec.ir import Model
from glmmspec.options import SolverOptions
from glmmspec.solver.maximum_likelihood import Estimate
from glmmspec.solver.monte_carlo import SE_ERROR_LIMIT


@dataclass(frozen=True, eq=False)
class Estimates:
    """A maximum likelihood fit, with its Monte Carlo error and what it came from.

    Parameters are ordered as fixed effects, then variance components (variances, not standard
    deviations). A variance whose maximum is at 0 is reported as 0; it has no standard error (NaN),
    and everything else is conditional on it.

    Attributes
    ----------
    model, design
        What was fitted, and the data it was bound to.
    estimate
        The solver's own record: rounds, draws, weights, trust-region steps.
    options
        The solver's options, as resolved.
    seconds
        Wall time of the fit.
    warnings
        All that was warned of.
    provenance
        What determines the numbers: equal provenance gives equal estimates.
    """

    model: Model
    design: Design
    estimate: Estimate
    options: SolverOptions
    seconds: float
    warnings: tuple[GlmmSpecWarning, ...]
    provenance: Provenance

    def coef(self) -> pd.Series[float]:
        """Estimates of the fixed effects."""
        return pd.Series(self.estimate.final.beta, index=list(self.design.coefficients), name="estimate")

    def varcomps(self) -> pd.Series[float]:
        """Estimates of the variance components."""
        return pd.Series(self.estimate.final.variances, index=list(self.design.components), name="estimate")

    def params(self) -> pd.Series[float]:
        """All estimates: fixed effects, then variances."""
        return pd.concat([self.coef(), self.varcomps()])

    def vcov(self) -> pd.DataFrame:
        """Covariance of the estimates: the inverse of the observed information."""
        return self._framed(self.estimate.final.covariance)

    def se(self) -> pd.Series[float]:
        """Standard errors: the statistical uncertainty, that of more data."""
        return _root_of_diagonal(self.vcov(), "se")

    def mcvcov(self) -> pd.DataFrame:
        """Covariance of the Monte Carlo error of the estimates."""
        return self._framed(self.estimate.final.monte_carlo_covariance)

    def mcse(self) -> pd.Series[float]:
        """Monte Carlo standard errors: the numerical uncertainty, that of more draws."""
        return _root_of_diagonal(self.mcvcov(), "mcse")

    def confint(
        self, parm: str | int | Sequence[str | int] | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Wald confidence intervals, estimate -/+ z se; a variance's is cut at 0.

        Parameters
        ----------
        parm
            Names or positions of parameters; all by default.
        level
            Confidence level, in (0, 1).

        Raises
        ------
        FitError
            If a parameter is unknown or the level is not in (0, 1).
        """
        if not 0 < level < 1:
            raise FitError(f"level = {level:g} is not between 0 and 1")
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        bounds = self.params().to_numpy()[:, None] + self.se().to_numpy()[:, None] * ndtri(tails)
        bounds[len(self.design.coefficients) :] = np.maximum(bounds[len(self.design.coefficients) :], 0)
        frame = pd.DataFrame(
            bounds, index=list(self.design.parameters), columns=[f"{100 * t:.4g} %" for t in tails]
        )
        return frame if parm is None else frame.iloc[self.positions(parm)]

    @property
    def loglik(self) -> float:
        """The log-likelihood at the estimate, with all normalising constants."""
        return self.estimate.final.maximum.value

    @property
    def loglik_mcse(self) -> float:
        """Numerical standard error of `loglik`: of draws, and what finer rules of quadrature would change.

        It is NaN in a fit that was kept by a version of glmmspec that did not state it.
        """
        return self.estimate.final.value_error

    @property
    def loglik_kernel(self) -> float:
        """The log-likelihood without the constants that depend on the data alone, as R's glmm gives it."""
        return self.loglik - self.estimate.likelihood.constant

    def aic(self) -> float:
        """Akaike's information criterion, -2 loglik + 2 (number of parameters)."""
        return -2 * self.loglik + 2 * len(self.design.parameters)

    def bic(self) -> float:
        """Schwarz's criterion, -2 loglik + log(`nobs`) (number of parameters)."""
        return -2 * self.loglik + float(np.log(self.nobs)) * len(self.design.parameters)

    @property
    def nobs(self) -> int:
        """The number of observations: the rows used that have a weight above 0, and trials."""
        return int(self.design.counts.sum())

    @property
    def df_resid(self) -> int:
        """`nobs` less the number of parameters."""
        return self.nobs - len(self.design.parameters)

    @property
    def gradient(self) -> pd.Series[float]:
        """Gradient of the log-likelihood at the estimate; NaN for a variance held at 0."""
        full = np.full(len(self.design.parameters), np.nan)
        full[self._free] = self.estimate.final.maximum.gradient
        return pd.Series(full, index=list(self.design.parameters), name="gradient")

    @property
    def hessian(self) -> pd.DataFrame:
        """Hessian of the log-likelihood at the estimate; NaN for a variance held at 0."""
        return self._framed(self.estimate.final.maximum.hessian)

    @property
    def converged(self) -> bool:
        """Whether the maximum was found, and stayed put when draws were taken anew around it."""
        return self.estimate.final.maximum.converged and self.estimate.settled

    @property
    def reliable(self) -> bool:
        """Whether the fit converged and its errors can be believed."""
        return (
            self.converged
            and not self.estimate.weights.doubtful.any()
            and self.estimate.final.se_error <= SE_ERROR_LIMIT
        )

    @property
    def on_boundary(self) -> tuple[str, ...]:
        """Variance components estimated as 0."""
        return tuple(np.array(self.design.components)[self.estimate.final.variances == 0].tolist())

    def diagnostics(self) -> pd.DataFrame:
        """How the random effects were integrated out, and how well.

        Returns
        -------
        pd.DataFrame
            By `block`: a row for each whose effects are drawn (of more than 500, those with the fewest
            effective draws), and one, at the first of them, for all that are integrated by quadrature alone.
            Columns `integration`, in words; `blocks`, how many the row is of; `effects`, the most in one;
            `draws`, `draws_effective`, their `share`, and Pareto's `k_hat`; `nodes` of the rule in each
            dimension, 0 if there is none; and `rule_error`, how far finer rules everywhere would move the
            estimate at most, in standard errors.
        """
        from glmmspec.inference.diagnostics import diagnostics

        return diagnostics(self.estimate)

    @property
    def n_draws(self) -> int:
        """Draws per block behind the estimate; 0 where all blocks are integrated by quadrature."""
        return self.estimate.final.draws

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain values for JSON; missing numbers are None."""
        return {
            "model": str(self.model),
            "parameters": list(self.design.parameters),
            "estimate": _plain(self.params()),
            "se": _plain(self.se()),
            "mcse": _plain(self.mcse()),
            "vcov": [_plain(row) for _, row in self.vcov().iterrows()],
            "mcvcov": [_plain(row) for _, row in self.mcvcov().iterrows()],
            "loglik": self.loglik,
            "loglik_mcse": _plain([self.loglik_mcse])[0],
            "aic": self.aic(),
            "bic": self.bic(),
            "converged": self.converged,
            "reliable": self.reliable,
            "on_boundary": list(self.on_boundary),
            "observations": len(self.design.y),
            "rows_dropped": self.design.n_dropped,
            "blocks": self.estimate.n_blocks,
            "largest_block": self.estimate.largest_block,
            "draws": self.n_draws,
            "rounds": len(self.estimate.rounds),
            "worst_k_hat": _plain([self.estimate.weights.k_hat.max(initial=-np.inf)])[0],
            "seconds": self.seconds,
            "warnings": [str(warning) for warning in self.warnings],
            "provenance": asdict(self.provenance),
        }

    @property
    def _free(self) -> np.ndarray:
        return self.estimate.final.free

    def _framed(self, matrix: np.ndarray) -> pd.DataFrame:
        names = list(self.design.parameters)
        full = np.full((len(names), len(names)), np.nan)
        full[np.ix_(self._free, self._free)] = matrix
        return pd.DataFrame(full, index=names, columns=names)

    def positions(self, parm: str | int | Sequence[str | int]) -> list[int]:
        """Where parameters stand, given by names or positions.

        Raises
        ------
        FitError
            If one is unknown.
        """
        names = list(self.design.parameters)
        wanted = [parm] if isinstance(parm, str | int) else list(parm)
        for item in wanted:
            if isinstance(item, str) and item not in names:
                raise FitError(f"unknown parameter '{item}'", hint=did_you_mean_or_list(item, names))
            if not isinstance(item, str) and not -len(names) <= item < len(names):
                raise FitError(f"there is no parameter {item}: the fit has {len(names)}, counted from 0")
        return [names.index(item) if isinstance(item, str) else int(item) for item in wanted]


def _root_of_diagonal(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    # Where an error is 0, rounding may leave it a shade below.
    return pd.Series(np.sqrt(np.maximum(np.diagonal(frame.to_numpy()), 0)), index=frame.index, name=name)


def _plain(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
