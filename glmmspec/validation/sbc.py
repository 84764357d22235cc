"""Simulation-based calibration: whether the twin's posteriors are those of the model."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from glmmspec.api import as_model
from glmmspec.design import Design, bind
from glmmspec.errors import FitError
from glmmspec.inference.bootstrap import Count
from glmmspec.inference.text_table import aligned
from glmmspec.ir import Model
from glmmspec.printed import Printed
from glmmspec.validation.data_sets import BATCH, RankedDataSets
from glmmspec.validation.priors import FLAT, Priors
from glmmspec.validation.replications import check_numbers, gathered
from glmmspec.validation.uniformity import uniform_p_value

FALSE_ALARMS = 0.01
"""Share of right programs that are said not to be calibrated."""

_SEED = 2018


@dataclass(frozen=True, eq=False, repr=False)
class Ranks(Printed):
    """Ranks of true values among draws from the posterior of what was simulated from them; print it.

    Attributes
    ----------
    results
        A row for each `replication` and `quantity` (a parameter, or the log-likelihood given the random
        effects): its value in `truth`, its `rank` from 0 to `draws`, and how many draws were `divergent`.
    draws
        How many draws of a posterior were kept.
    """

    results: pd.DataFrame
    draws: int

    def table(self) -> pd.DataFrame:
        """Whether the ranks are uniform.

        Returns
        -------
        pd.DataFrame
            Rows by `quantity`; columns `below`, the mean share of draws below the truth, 0.5 if all is well,
            and `p_value`, of uniform ranks, times the number of quantities (Bonferroni). One of them is
            below 0.01 by chance at most 1 time in 100.
        """
        rng = np.random.default_rng(_SEED)
        groups = self.results.groupby("quantity", sort=False)["rank"]
        rows = {}
        for name, rank in groups:
            # Uniform within their steps, ranks are uniform on (0, 1).
            values = (rank.to_numpy() + rng.random(len(rank))) / (self.draws + 1)
            p_value = min(1.0, len(groups) * uniform_p_value(values))
            rows[name] = {"below": float(values.mean()), "p_value": p_value}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")

    @property
    def calibrated(self) -> bool:
        """Whether no p-value is below 0.01."""
        return bool((self.table()["p_value"] >= FALSE_ALARMS).all())

    def __str__(self) -> str:
        table, count = self.table(), self.results["replication"].nunique()
        columns = [
            ["", *map(str, table.index)],
            ["Below", *(f"{value:.3f}" for value in table["below"])],
            ["p-value", *(f"{value:.3g}" for value in table["p_value"])],
        ]
        divergent = int((self.results.groupby("replication")["divergent"].first() > 0).sum())
        verdict = "uniform" if self.calibrated else f"not uniform (a p-value is below {FALSE_ALARMS})"
        return "\n".join(
            [
                f"Simulation-based calibration, {count} data sets, ranks from 0 to {self.draws}",
                "",
                *aligned(columns),
                *([f"{divergent} data sets with divergent transitions"] if divergent else []),
                "",
                f"Ranks: {verdict}",
            ]
        )


def sbc(
    model: Model | str | PathLike[str],
    data: Any = None,
    *,
    family: str | None = None,
    replications: int = 200,
    draws: int = 99,
    thin: int = 10,
    warmup: int = 500,
    seed: int = 1,
    path: str | PathLike[str] | None = None,
    processes: int = 1,
    executor: Executor | None = None,
    progress: Count | None = None,
) -> Ranks:
    """Draw parameters from their priors and data from them, again and again, and sample each posterior.

    If sampler and likelihood are right, the rank of a true value among independent draws from its posterior
    is uniform (Talts et al. 2018). Priors are the spec's, and those of the set `weak` for what it leaves
    open.

    Parameters
    ----------
    model, data, family
        As for `glmmspec.fit`: the data give the covariates and groups; their responses are not used.
    replications
        How many data sets. They are made 32 at a time, of which those asked for are kept.
    draws, thin, warmup
        Of the one chain for each data set: how many draws are kept, the transitions from one to the next,
        which make them nearly independent, and those before the first.
    seed
        Data set i depends on `seed` and i alone.
    path, processes, executor
        As for `glmmspec.study`.
    progress
        Called with how many batches of 32 are done and how many there are.

    Raises
    ------
    SpecError, DataError
        If the spec or the data are wrong.
    FitError
        If a prior is flat, a weight is not 1, a prior allows responses too large to count to, or a number or
        the folder is not what it must be.
    """
    bound = as_model(model, family=family)
    design = bind(bound, data)
    priors = Priors.of(bound, design, "weak")
    check_numbers(
        replications=(replications, 2),
        draws=(draws, 1),
        thin=(thin, 1),
        warmup=(warmup, 1),
        seed=(seed, 0),
        processes=(processes, 1),
    )
    _check_proper(design, priors)
    work = RankedDataSets(str(bound), design, priors, priors, draws, thin, warmup, int(seed))
    return ranked(work, replications, path=path, processes=processes, executor=executor, progress=progress)


def ranked(work: RankedDataSets, replications: int, **how: Any) -> Ranks:
    """The ranks in as many data sets: see `sbc` and `gathered`."""
    results = gathered(work, -(-replications // BATCH), **how)
    return Ranks(results[results["replication"] < replications], work.draws)


def _check_proper(design: Design, priors: Priors) -> None:
    """Refuse what no data can be drawn from.

    Raises
    ------
    FitError
        If a prior is flat or a weight is not 1.
    """
    named = dict(zip(design.coefficients, priors.coefficients, strict=True))
    named |= {name: one.distribution for name, one in zip(design.components, priors.components, strict=True)}
    for name, prior in named.items():
        if prior == FLAT:
            raise FitError(
                f"no value of '{name}' can be drawn from a flat prior", hint="give it another in the spec"
            )
    if (design.weights != 1).any():
        raise FitError(
            "a response that counts other than once cannot be drawn from the model", hint="leave out weights"
        )
