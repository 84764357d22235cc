"""Estimators side by side, on the same data."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from glmmspec.api import as_model
from glmmspec.design import Design, bind
from glmmspec.errors import GlmmSpecError
from glmmspec.inference.text_table import aligned, decimals, or_blank
from glmmspec.ir import Model
from glmmspec.printed import Printed
from glmmspec.validation.common_likelihood import CommonLikelihood
from glmmspec.validation.estimators import Estimator, chosen, usual
from glmmspec.validation.point_estimate import PointEstimate


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Printed):
    """What each estimator says; print it.

    Attributes
    ----------
    model, design
        What was estimated, and the data.
    estimates
        A row for each estimator and parameter: `estimate`, `se` (standard error, or posterior standard
        deviation), `mcse` (Monte Carlo standard error of the estimate), and the limits `lower` and
        `upper` of a 95 % interval. An estimator that failed has none.
    estimators
        A row for each estimator: `loglik`, the log-likelihood at its estimate, by one approximation for all;
        `below`, how far that is below the highest of all, and its Monte Carlo standard error
        `below_mcse`; `seconds`; and `remark`: why there is no estimate, or what must be known of it.
    """

    model: Model
    design: Design
    estimates: pd.DataFrame
    estimators: pd.DataFrame

    def __str__(self) -> str:
        remarks = [f"{name}: {remark}" for name, remark in self.estimators["remark"].items() if remark]
        return "\n".join(
            [
                *self.model.heading,
                "",
                *self._block("estimate", "Estimates"),
                *self._block("se", "Standard errors, or posterior standard deviations"),
                *self._block("mcse", "Monte Carlo standard errors of the estimates"),
                *self._likelihoods(),
                *(["", *remarks] if remarks else []),
            ]
        )

    def _block(self, column: str, title: str) -> list[str]:
        """A table of one number, estimators by parameters."""
        table = self.estimates[column].unstack("parameter")
        table = table.reindex(self.estimators.index)[list(self.design.parameters)]
        digits = decimals(self.estimates["se"].to_numpy()) + (2 if column == "mcse" else 0)
        columns = [["", *map(str, table.index)]] + [
            [name, *(or_blank(value, f".{digits}f") for value in table[name])] for name in table.columns
        ]
        return [f"{title}:", *aligned(columns), ""]

    def _likelihoods(self) -> list[str]:
        table = self.estimators
        columns = [
            ["", *map(str, table.index)],
            ["log-likelihood", *(or_blank(value, ".3f") for value in table["loglik"])],
            ["below highest", *(or_blank(value, ".3f") for value in table["below"])],
            ["MC error", *(or_blank(value, ".3f") for value in table["below_mcse"])],
            ["seconds", *(or_blank(value, ".1f") for value in table["seconds"])],
        ]
        return list(aligned(columns))


def compare(
    model: Model | str | PathLike[str],
    data: Any = None,
    *,
    family: str | None = None,
    estimators: Sequence[str] | Mapping[str, Estimator] | None = None,
) -> Comparison:
    """Estimate the parameters of a model by several estimators.

    Parameters
    ----------
    model, data, family
        As for `glmmspec.fit`.
    estimators
        Names of registered estimators, or a mapping from names to functions; by default those that do not
        sample the posterior: `pql`, `laplace`, `agq` where no block has more than two effects, and
        `mcla`. The spec's solver and sampler options are theirs.

    Raises
    ------
    SpecError, DataError
        If the spec, the data or an estimator's name is wrong. An estimator that fails is a row that says why.
    """
    bound = as_model(model, family=family)
    design = bind(bound, data)
    functions = usual(design) if estimators is None else chosen(estimators)
    common = CommonLikelihood.of(design, bound.solver)
    found: dict[str, pd.DataFrame] = {}
    rows: dict[str, dict[str, Any]] = {}
    for name, function in functions.items():
        estimate, remark, seconds = attempted(function, bound, design)
        rows[name] = {"loglik": np.nan, "seconds": seconds, "remark": remark}
        if estimate is not None:
            found[name] = framed(estimate, design.parameters)
            rows[name]["loglik"] = common.add(name, estimate.value)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("estimator")
    below = pd.DataFrame([common.below_highest(name) for name in functions], index=table.index)
    table[["below", "below_mcse"]] = below
    table = table[["loglik", "below", "below_mcse", "seconds", "remark"]]
    return Comparison(bound, design, _stacked(found, design), table)


def attempted(function: Estimator, model: Model, design: Design) -> tuple[PointEstimate | None, str, float]:
    """An estimate, or None; the remark on it, or why there is none; and the seconds it took.

    An estimator may be anybody's, and fail in any way.
    """
    began = time.perf_counter()
    try:
        estimate = function(model, design)
    except GlmmSpecError as error:
        return None, error.message, time.perf_counter() - began
    except Exception as error:
        return None, f"{type(error).__name__}: {error}", time.perf_counter() - began
    own = estimate.seconds
    return estimate, estimate.remark, own if np.isfinite(own) else time.perf_counter() - began


def framed(estimate: PointEstimate, parameters: Sequence[str]) -> pd.DataFrame:
    """A row for each parameter: `estimate`, `se`, `mcse`, `lower`, `upper`."""
    columns = {
        "estimate": estimate.value,
        "se": estimate.se,
        "mcse": estimate.mcse,
        "lower": estimate.interval[:, 0],
        "upper": estimate.interval[:, 1],
    }
    return pd.DataFrame(columns, index=pd.Index(parameters, name="parameter"))


def _stacked(found: Mapping[str, pd.DataFrame], design: Design) -> pd.DataFrame:
    if found:
        return pd.concat(found, names=["estimator"])
    index = pd.MultiIndex.from_arrays([[], []], names=["estimator", "parameter"])
    return pd.DataFrame(columns=["estimate", "se", "mcse", "lower", "upper"], index=index, dtype=float)
