"""The data sets and models that every program fits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import glmmspec as gs


@dataclass(frozen=True)
class Case:
    """One model of Bernoulli or binomial counts with random intercepts.

    Attributes
    ----------
    name
        What the tables call it; shipped data have their name in tests/reference/mle.json.
    n_rows
        The number of rows, by which slow programs leave a case out.
    frame
        Gives the data.
    fixed
        The right side of the formula without its random terms.
    groups
        The grouping factors, those with more levels first.
    response
        The column of 0 and 1, or of successes; then there are `failures` and `trials` too.
    factors
        Columns of numbers that are factors among the fixed effects.
    """

    name: str
    n_rows: int
    frame: Callable[[], pd.DataFrame]
    fixed: str
    groups: tuple[str, ...]
    response: str = "y"
    failures: str = ""
    trials: str = ""
    factors: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return "binomial" if self.failures else "bernoulli"

    @property
    def left(self) -> str:
        """The left side of the formula, as R and glmmspec write it."""
        return f"cbind({self.response}, {self.failures})" if self.failures else self.response

    @property
    def bars(self) -> str:
        """The right side with its random terms, as lme4 writes it."""
        return " + ".join([self.fixed, *(f"(1|{group})" for group in self.groups)])

    def spec(self, data: str) -> str:
        """The model in glmmspec's language, of the data in a file."""
        declared = [f"factor {name}" for name in (*self.factors, *self.groups)]
        head = [f'data "{data}"', f"family {self.family}", *declared]
        return "\n".join([*head, f"{self.left} ~ {self.fixed} | {', '.join(self.groups)}"])


def _cbpp() -> pd.DataFrame:
    frame = gs.load_data("cbpp")
    return frame.assign(failures=frame["size"] - frame["incidence"])


def _crossed() -> pd.DataFrame:
    """Every person answers every item, as in lme4's VerbAgg: 316 persons, 24 items of a 3 x 2 x 2 design."""
    rng = np.random.default_rng([20261125, 316, 24])
    person, item = (index.ravel() for index in np.indices((316, 24)))
    behaviour, situation, mode = (item // 2) % 3, (item // 6) % 2, (item // 12) % 2
    score = rng.standard_normal(316)
    eta = 0.4 - 0.9 * behaviour - 0.8 * situation + 0.6 * mode + 0.3 * score[person]
    eta += 1.3 * rng.standard_normal(316)[person] + 0.5 * rng.standard_normal(24)[item]
    return pd.DataFrame(
        {
            "y": (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(int),
            "behaviour": np.array(["curse", "scold", "shout"])[behaviour],
            "situation": np.array(["other", "self"])[situation],
            "mode": np.array(["do", "want"])[mode],
            "score": score[person],
            "person": person + 1,
            "item": item + 1,
        }
    )


def one_intercept(n: int) -> pd.DataFrame:
    """n rows of 0 and 1 in groups of 10, a covariate of each kind, a random intercept of variance 1."""
    rng = np.random.default_rng([20261125, n])
    group = np.repeat(np.arange(n // 10), 10)
    x1, x2 = rng.standard_normal(n), rng.integers(0, 2, n)
    eta = -0.5 + 0.8 * x1 - 0.6 * x2 + rng.standard_normal(n // 10)[group]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    return pd.DataFrame({"y": y, "x1": x1, "x2": x2, "group": group + 1})


def _simulated(name: str, n: int) -> Case:
    return Case(name, n, functools.partial(one_intercept, n), "x1 + x2", ("group",))


CASES = {
    case.name: case
    for case in (
        Case(
            "salamander",
            360,
            functools.partial(gs.load_data, "salamander"),
            "0 + Cross",
            ("Female", "Male"),
            response="Mate",
        ),
        Case(
            "cbpp",
            56,
            _cbpp,
            "period",
            ("herd",),
            response="incidence",
            failures="failures",
            trials="size",
            factors=("period",),
        ),
        Case("crossed", 7584, _crossed, "behaviour + situation + mode + score", ("person", "item")),
        _simulated("10^4 rows", 10**4),
        _simulated("10^5 rows", 10**5),
        _simulated("10^6 rows", 10**6),
    )
}

QUICK = ("salamander", "cbpp", "10^4 rows")
