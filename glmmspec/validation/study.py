"""Simulation studies: how estimators fare over many data sets of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.api import as_model
from glmmspec.design import Design, bind
from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.inference.bootstrap import Count
from glmmspec.inference.text_table import aligned, decimals, or_blank
from glmmspec.ir import Model
from glmmspec.printed import Printed
from glmmspec.validation.estimators import Estimator, chosen
from glmmspec.validation.replications import Replicator, check_numbers, gathered

_COLUMNS = {
    "bias": "Bias",
    "bias_mcse": "MC error",
    "rmse": "RMSE",
    "rmse_mcse": "MC error",
    "coverage": "Coverage",
    "coverage_mcse": "MC error",
}


@dataclass(frozen=True, eq=False, repr=False)
class Study(Printed):
    """The replications of a study; print it.

    Attributes
    ----------
    truth
        The parameters that the responses were simulated from.
    results
        A row for each replication, estimator and parameter: `estimate`, `se`, `mcse`, the limits `lower` and
        `upper` of the 95 % interval, `failed`, `remark`, `seconds`.
    """

    truth: pd.Series[float]
    results: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """How each estimator fared, with Monte Carlo standard errors.

        With e_i = estimate - truth over the n replications that gave an estimate, and h_i whether an interval
        has the truth in it over those that gave an interval:

            bias      mean e_i              error  sd(e_i) / sqrt(n)
            rmse      sqrt(mean e_i^2)      error  sd(e_i^2) / (2 rmse sqrt(n))
            coverage  c = mean h_i          error  sqrt(c (1 - c) / n)

        (Morris, White and Crowther 2019, table 6).

        Returns
        -------
        pd.DataFrame
            Rows by `estimator` and `parameter`; columns `replications`, `failures`, `intervals` (replications
            that gave one), and the above.
        """
        groups = self.results.groupby(["estimator", "parameter"], sort=False)
        rows = {key: _performance(rows, self.truth[str(key[1])]) for key, rows in groups}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["estimator", "parameter"])

    def __str__(self) -> str:
        table = self.table()
        count = self.results["replication"].nunique()
        lines = [f"Study of {count} replication{'' if count == 1 else 's'}", ""]
        for name, rows in table.groupby(level="estimator", sort=False):
            lines += [*self._block(str(name), rows.droplevel("estimator")), ""]
        return "\n".join(lines[:-1])

    def _block(self, name: str, rows: pd.DataFrame) -> list[str]:
        digits = decimals(rows["rmse"].to_numpy())
        columns = [["", *rows.index], ["Truth", *(f"{self.truth[p]:.{digits}f}" for p in rows.index)]]
        for column, title in _COLUMNS.items():
            columns.append([title, *(or_blank(value, f".{digits}f") for value in rows[column])])
        columns.append(["Intervals", *(str(int(n)) for n in rows["intervals"])])
        failed = self.results[(self.results["estimator"] == name) & self.results["failed"]]
        reasons = failed.drop_duplicates("replication")["remark"].value_counts()
        return [f"{name}:", *aligned(columns), *(f"{n} failed: {why}" for why, n in reasons.items())]


def _performance(rows: pd.DataFrame, truth: float) -> dict[str, float]:
    error = (rows["estimate"] - truth)[~rows["failed"]].to_numpy()
    limits = rows[["lower", "upper"]].dropna()
    covered = limits["lower"].le(truth) & limits["upper"].ge(truth)
    n, rmse = len(error), _mean(np.square(error)) ** 0.5
    coverage = _mean(covered.to_numpy())
    return {
        "replications": len(rows),
        "failures": int(rows["failed"].sum()),
        "intervals": len(limits),
        "bias": _mean(error),
        "bias_mcse": _sd(error) / np.sqrt(max(n, 1)),
        "rmse": rmse,
        "rmse_mcse": _sd(np.square(error)) / (2 * rmse * np.sqrt(max(n, 1))) if rmse else np.nan,
        "coverage": coverage,
        "coverage_mcse": float(np.sqrt(coverage * (1 - coverage) / max(len(limits), 1))),
    }


def _mean(values: Float[np.ndarray, " n"]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _sd(values: Float[np.ndarray, " n"]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan


def study(
    model: Model | str | PathLike[str],
    truth: Mapping[str, float] | pd.Series[float],
    estimators: Sequence[str] | Mapping[str, Estimator] = ("pql", "mcla"),
    replications: int = 200,
    *,
    data: Any = None,
    family: str | None = None,
    seed: int = 1,
    path: str | PathLike[str] | None = None,
    processes: int = 1,
    executor: Executor | None = None,
    progress: Count | None = None,
) -> Study:
    """Simulate responses from a model again and again, and estimate its parameters from each.

    Parameters
    ----------
    model, data, family
        As for `glmmspec.fit`: the data give the covariates and groups; their responses are not used.
    truth
        A value of every parameter, by its name.
    estimators
        As for `glmmspec.compare`.
    replications
        How many.
    seed
        Replication i depends on `seed` and i alone.
    path
        A folder that keeps each replication when it is done, as Parquet. A study that was interrupted goes on
        from there, and so does one of more replications.
    processes
        How many processes of this machine to use.
    executor
        In place of them, any `concurrent.futures.Executor`; Dask's is `client.get_executor()`.
    progress
        Called with how many are done and how many there are.

    Raises
    ------
    SpecError, DataError
        If the spec, the data or an estimator's name is wrong.
    FitError
        If a value of `truth`, a number or the folder is not what it must be. An estimator that fails is no
        error: it is counted.
    """
    bound = as_model(model, family=family)
    design = bind(bound, data)
    check_numbers(replications=(replications, 1), seed=(seed, 0), processes=(processes, 1))
    values = _in_order(truth, design)
    work = Replicator(bound, design, values, chosen(estimators), int(seed))
    results = gathered(
        work, replications, path=path, processes=processes, executor=executor, progress=progress
    )
    columns = ["replication", "estimator", "parameter"]
    return Study(
        pd.Series(values, index=list(design.parameters), name="truth"),
        results[[*columns, *results.columns.drop(columns)]],
    )


def _in_order(truth: Mapping[str, float] | pd.Series[float], design: Design) -> Float[np.ndarray, " P"]:
    """The values of `truth` in the order of the parameters.

    Raises
    ------
    FitError
        If a parameter has none, a name is unknown, or a value is not finite or is a negative variance.
    """
    named = {str(name): value for name, value in truth.items()}
    for name in [*named.keys() - set(design.parameters), *set(design.parameters) - named.keys()]:
        state = "is no parameter of the model" if name in named else "is missing"
        raise FitError(f"truth: '{name}' {state}", hint=did_you_mean_or_list(name, design.parameters))
    for name, value in named.items():
        if not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise FitError(f"truth: the value of '{name}' is {value!r}, not a finite number")
        if name in design.components and value < 0:
            raise FitError(f"truth: the variance '{name}' is {value:g}, below 0")
    return np.array([named[name] for name in design.parameters], dtype=float)
