"""Data that break fits: the table that tests run, and that docs/hard-data.md shows.

    python -m tests.hard_data

fits every case and writes what happens into the page.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import glmmspec as gs
from tests.hard_data_answers import (
    Answer,
    by_generalized_least_squares,
    by_quadrature,
    same_as,
    without_random_effects,
)

PAGE = Path(__file__).parent.parent / "docs" / "hard-data.md"
GROUPS, ROWS = 20, 6


@dataclass(frozen=True)
class Refused:
    """The kind of error that is expected, and what its first line says."""

    kind: type[gs.GlmmSpecError]
    says: str


@dataclass(frozen=True)
class Estimated:
    """Where the right estimates come from, and what must be warned of (nothing else may be)."""

    answer: Callable[[gs.Fit], Answer]
    warns: str = ""


@dataclass(frozen=True)
class Case:
    """One row of the page: the data, the model fitted to them, what must happen, and why that is right."""

    name: str
    spec: str
    data: Callable[[], pd.DataFrame]
    expected: Refused | Estimated
    why: str


@dataclass(frozen=True)
class Outcome:
    """What happened: a fit with its warnings, or an error."""

    fit: gs.Fit | None
    error: gs.GlmmSpecError | None
    warnings: tuple[warnings.WarningMessage, ...]

    def __str__(self) -> str:
        """As the page tells it."""
        if self.error is not None:
            said = _without_place(self.error.message)
            return f"{type(self.error).__name__}: {said}"
        assert self.fit is not None
        params, se = self.fit.params(), self.fit.se()
        shown = [
            f"{name} {value:.4g}" + (f" ({se[name]:.2g})" if np.isfinite(se[name]) else "")
            for name, value in params.items()
        ]
        return "; ".join(
            [", ".join(shown[:4]) + (", ..." if len(shown) > 4 else ""), *map(str, self.fit.warnings)]
        )


@cache
def outcome(case: Case) -> Outcome:
    """Fit a case, once."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            return Outcome(gs.fit(case.spec, case.data()), None, tuple(said))
        except gs.GlmmSpecError as error:
            return Outcome(None, error, tuple(said))


def _without_place(message: str) -> str:
    return message.splitlines()[0]


def base(
    family: str, seed: int = 1, *, variance: float = 0.8, level: float = 0.3, trials: int = 4
) -> pd.DataFrame:
    """20 groups `g` of 6 rows, crossed with 6 `h`; a row's response in `y`, its trials in `m`."""
    rng = np.random.default_rng(seed)
    g, h = np.repeat(np.arange(GROUPS), ROWS), np.tile(np.arange(ROWS), GROUPS)
    x = rng.normal(size=len(g))
    eta = (
        level
        + 0.5 * x
        + rng.normal(scale=variance**0.5, size=GROUPS)[g]
        + rng.normal(scale=0.4, size=ROWS)[h]
    )
    p = 1 / (1 + np.exp(-eta))
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.binomial(trials, p)
    columns = {"y": y, "m": trials, "x": x, "g": _names("g", g), "h": _names("h", h)}
    return pd.DataFrame({**columns, "k": _names("k", g), "row": _names("r", np.arange(len(g)))})


def _names(letter: str, codes: np.ndarray) -> list[str]:
    return [f"{letter}{code:03d}" for code in codes]


def group(frame: pd.DataFrame) -> np.ndarray:
    """The number of each row's group."""
    return frame.g.str[1:].astype(int).to_numpy()


BINOMIAL, POISSON, BINARY = base("binomial"), base("poisson"), base("binomial", trials=1)
ODD = np.arange(len(BINOMIAL)) % 2 == 1


def of(frame: pd.DataFrame, **columns: object) -> Callable[[], pd.DataFrame]:
    """The frame with other columns."""
    return lambda: frame.assign(**columns)


def binomial(fixed: str = "x", random: str = "g", more: str = "") -> str:
    return f"family binomial\nproportion(y, m) ~ {fixed} | {random}\n{more}"


def bernoulli(fixed: str = "x", random: str = "g", more: str = "") -> str:
    return f"family bernoulli\ny ~ {fixed} | {random}\n{more}"


def poisson(fixed: str = "x", random: str = "g", more: str = "") -> str:
    return f"family poisson\ny ~ {fixed} | {random}\n{more}"


SEPARATED = "the responses are separated: the likelihood rises for ever along"
ALIKE = r"the variance of g runs to infinity: within its groups the responses are nearly all alike"
BOUNDARY = "the variance of g is estimated as 0, on the boundary"

SLOPES = "g, h, s = (0 + x | g)"
TWO_UNITS = "a = (0 + x | g), b = (0 + z | g)"

CASES = (
    Case(
        "complete separation: y is 1 where x > 0, and else 0",
        bernoulli(),
        of(BINARY, y=(BINARY.x > 0).astype(int)),
        Refused(gs.FitError, rf"{SEPARATED} x \(\+\)"),
        "Whatever the effects of groups, a larger slope makes every row more likely: there is no maximum.",
    ),
    Case(
        "quasi-complete separation: all successes where z is 1",
        binomial("x + z"),
        of(BINOMIAL, z=ODD * 1, y=np.where(ODD, 4, BINOMIAL.y)),
        Refused(gs.FitError, rf"{SEPARATED} z \(\+\)"),
        "The coefficient of z has no maximum; the other rows tell nothing of it.",
    ),
    Case(
        "the same with crossed effects, which are drawn",
        bernoulli("x + z", "g, h"),
        of(BINARY, z=ODD * 1, y=np.where(ODD, 1, BINARY.y)),
        Refused(gs.FitError, rf"{SEPARATED} z \(\+\)"),
        "As above: the direction raises the likelihood at every value of the effects.",
    ),
    Case(
        "separation, but for rows without trials",
        binomial("x + z"),
        of(
            BINOMIAL,
            z=ODD * 1,
            y=np.where(ODD, 4, BINOMIAL.y) * (group(BINOMIAL) > 3),
            m=4 * (group(BINOMIAL) > 3),
        ),
        Refused(gs.FitError, rf"{SEPARATED} z \(\+\)"),
        "A row without trials has no likelihood to fall.",
    ),
    Case(
        "counts that are all 0",
        poisson(),
        of(POISSON, y=0),
        Refused(gs.FitError, rf"{SEPARATED} \(Intercept\) \(-\)"),
        "The lower the rate, the more likely are zeros.",
    ),
    Case(
        "counts that are all 0 where z is 1",
        poisson("x + z"),
        of(POISSON, z=ODD * 1, y=np.where(ODD, 0, POISSON.y)),
        Refused(gs.FitError, rf"{SEPARATED} z \(-\)"),
        "The rate where z is 1 has no lower end.",
    ),
    Case(
        "five groups all 0, five all 1, ten mixed",
        binomial(),
        of(BINOMIAL, y=np.where(group(BINOMIAL) < 5, 0, np.where(group(BINOMIAL) < 10, 4, BINOMIAL.y))),
        Estimated(by_quadrature),
        "The ten mixed groups bound the variance; the others pull it up.",
    ),
    Case(
        "every group all 0 or all 1",
        binomial(),
        of(BINOMIAL, y=group(BINOMIAL) % 2 * 4),
        Refused(gs.FitError, ALIKE),
        "The larger the variance, the more likely is such a sample of groups.",
    ),
    Case(
        "counts that are 0 in all groups but six",
        poisson(),
        of(POISSON, y=np.where(group(POISSON) < 14, 0, POISSON.y)),
        Estimated(by_quadrature),
        "Six groups tell how high rates are; zeros tell that the others are low, and not how low.",
    ),
    Case(
        "one binary observation in each group",
        bernoulli(random="row"),
        of(BINARY),
        Refused(gs.DataError, r"the grouping row has as many levels as there are rows \(120\)"),
        "The likelihood has each row's mean probability alone: a larger variance looks like smaller slopes.",
    ),
    Case(
        "one binary observation in each group, once rows of weight 0 are left out",
        bernoulli(random="k", more="weights w"),
        of(BINARY, k=_names("k", np.arange(120) // 2), w=np.arange(120) % 2),
        Refused(
            gs.DataError, r"the grouping k has as many levels as there are rows of a weight above 0 \(60\)"
        ),
        "Rows of weight 0 do not count.",
    ),
    Case(
        "one observation of several trials in each group",
        binomial(random="row"),
        of(BINOMIAL),
        Estimated(by_quadrature),
        "Such effects are overdispersion, which trials show.",
    ),
    Case(
        "one count in each group",
        poisson(random="row"),
        of(POISSON),
        Estimated(by_quadrature),
        "The same: a Poisson variance is known from the mean.",
    ),
    Case(
        "one group",
        poisson(),
        of(POISSON, g="only"),
        Refused(gs.DataError, "the grouping g has one level, 'only'"),
        "Its one effect is not told from the intercept, and has no variance.",
    ),
    Case(
        "two groups that are alike",
        binomial(),
        of(BINOMIAL, g=np.where(ODD, "a", "b")),
        Estimated(without_random_effects, BOUNDARY),
        "At variance 0 the model is a generalized linear model: the estimates are its.",
    ),
    Case(
        "a variance that is truly 0: trials",
        binomial(),
        lambda: base("binomial", 7, variance=0.0),
        Estimated(without_random_effects, BOUNDARY),
        "The same. At least half of such data have their maximum at 0.",
    ),
    Case(
        "a variance that is truly 0: counts",
        poisson(),
        lambda: base("poisson", 2, variance=0.0),
        Estimated(without_random_effects, BOUNDARY),
        "The same.",
    ),
    Case(
        "counts of 10^7",
        poisson(),
        lambda: base("poisson", level=16.0),
        Estimated(by_quadrature),
        "With effects as good as known, the intercept's error is that of a mean of 20 of them.",
    ),
    Case(
        "counts of 10^7, with crossed effects",
        poisson(random="g, h"),
        lambda: base("poisson", level=16.0),
        Estimated(by_generalized_least_squares),
        "Logarithms of such counts are normal with variance 1/y: a linear mixed model.",
    ),
    Case(
        "10^6 trials in each row",
        binomial(),
        lambda: base("binomial", trials=10**6),
        Estimated(by_quadrature),
        "The same as for counts of 10^7.",
    ),
    Case(
        "an offset of 700",
        binomial(more="offset o"),
        of(BINOMIAL, o=700.0),
        Estimated(same_as(binomial(), of(BINOMIAL), np.eye(3), [-700, 0, 0])),
        "The intercept is lower by 700, and nothing else changes; e^700 is near the end of double precision.",
    ),
    Case(
        "an offset of -700, for counts",
        poisson(more="offset o"),
        of(POISSON, o=-700.0),
        Estimated(same_as(poisson(), of(POISSON), np.eye(3), [700, 0, 0])),
        "The intercept is higher by 700.",
    ),
    Case(
        "an offset of 700, for counts, with crossed effects",
        poisson(random="g, h", more="offset o"),
        of(POISSON, o=700.0),
        Estimated(same_as(poisson(random="g, h"), of(POISSON), np.eye(4), [-700, 0, 0, 0])),
        "The intercept is lower by 700, on the same draws.",
    ),
    Case(
        "an offset of 700 that no intercept takes up",
        binomial("0 + x", more="offset o"),
        of(BINOMIAL, o=700.0),
        Refused(
            gs.FitError,
            "the variance of g runs to infinity: its effects make up for fixed effects and an offset",
        ),
        "Only effects of -700 in every group could undo it: a variance of 490,000.",
    ),
    Case(
        "an offset of 700 in one row, of counts, with crossed effects",
        poisson(random="g, h", more="offset o"),
        of(POISSON, o=np.where(np.arange(120) == 3, 700.0, 0.0)),
        Refused(
            gs.FitError,
            r"the rate of row 4 is e\^681 by its fixed effects and offset \(700\), and its count is",
        ),
        "Such a rate is no count that could be made: the offset is wrong.",
    ),
    Case(
        "an offset of 700, for counts, that no intercept takes up",
        poisson("0 + x", more="offset o"),
        of(POISSON, o=700.0),
        Refused(gs.FitError, r"the rate of row \d+ is e\^\d{3} by its fixed effects and offset \(700\)"),
        "The same, in every row.",
    ),
    Case(
        "counts of 10^15, with crossed effects",
        poisson(random="g, h"),
        lambda: base("poisson", level=34.0),
        Refused(gs.FitError, "the likelihood cannot be computed in double precision"),
        "In double precision a log-likelihood near 10^15 is known to a tenth: there is no maximum to find.",
    ),
    Case(
        "an offset of 700 in one row, of failures and successes",
        binomial(more="offset o"),
        of(BINOMIAL, o=np.where(np.arange(120) == 3, 700.0, 0.0)),
        Estimated(by_quadrature),
        "The row's likelihood is e^-700 times its failures, but as good as constant in the parameters.",
    ),
    Case(
        "weights of 0 in every other row",
        poisson(more="weights w"),
        of(POISSON, w=ODD * 1),
        Estimated(same_as(poisson(), lambda: POISSON[ODD], np.eye(3))),
        "A weight of 0 leaves its row out.",
    ),
    Case(
        "weights of 10^6",
        binomial(more="weights w"),
        of(BINOMIAL, w=10**6),
        Estimated(by_quadrature),
        "Slopes are known to 10^-4, and the intercept no better than 20 groups allow.",
    ),
    Case(
        "a weight of 10^6 in one row",
        binomial(more="weights w"),
        of(BINOMIAL, w=np.where(np.arange(120) == 3, 10**6, 1)),
        Estimated(by_quadrature),
        "That row's linear predictor is known, and bounds its group's effect.",
    ),
    Case(
        "collinear columns",
        poisson("x + z"),
        of(POISSON, z=2 * POISSON.x),
        Refused(gs.DataError, "the fixed effects are not all estimable: 'z' is a combination of 'x'"),
        "Any share of the effect could be given to either.",
    ),
    Case(
        "nearly collinear columns: z is x and a millionth of noise",
        binomial("x + z"),
        of(BINOMIAL, z=BINOMIAL.x + 1e-6 * POISSON.y),
        Estimated(
            same_as(
                binomial("x + y2"),
                of(BINOMIAL, y2=POISSON.y),
                [[1, 0, 0, 0], [0, 1, -1e6, 0], [0, 0, 1e6, 0], [0, 0, 0, 1]],
            )
        ),
        "The same model in other columns, whose coefficients and errors are near 10^5: large, and right.",
    ),
    Case(
        "a column times 10^8",
        binomial(),
        of(BINOMIAL, x=1e8 * BINOMIAL.x),
        Estimated(same_as(binomial(), of(BINOMIAL), np.diag([1, 1e-8, 1]))),
        "The coefficient in another unit.",
    ),
    Case(
        "a column times 10^-8",
        poisson(),
        of(POISSON, x=1e-8 * POISSON.x),
        Estimated(same_as(poisson(), of(POISSON), np.diag([1, 1e8, 1]))),
        "The same.",
    ),
    Case(
        "random slopes on a column times 10^8, with crossed effects",
        poisson(random="s = (0 + x | g), h"),
        of(POISSON, x=1e8 * POISSON.x),
        Estimated(same_as(poisson(random="s = (0 + x | g), h"), of(POISSON), np.diag([1, 1e-8, 1e-16, 1]))),
        "The slopes' variance goes with the square of the unit.",
    ),
    Case(
        "random slopes on a column times 10^-8, beside intercepts, with crossed effects",
        poisson(random=SLOPES),
        of(POISSON, x=1e-8 * POISSON.x),
        Estimated(
            same_as(poisson(random=SLOPES), of(POISSON), np.diag([1, 1e8, 1, 1, 1e16])),
            "the variance of s is estimated as 0, on the boundary",
        ),
        "The same, down to the last digits: the search for the maximum knows no unit.",
    ),
    Case(
        "a column times 10^200",
        poisson(),
        of(POISSON, x=1e200 * POISSON.x),
        Refused(gs.DataError, r"the column x of the fixed effects: the largest number is \S+e\+200 in size"),
        "The variance of its coefficient, 10^-400 or so, is not a number in double precision.",
    ),
    Case(
        "one grouping twice, under two names",
        poisson(random="g, k"),
        of(POISSON),
        Refused(gs.DataError, "the random terms 'g' and 'k' are the same in every row"),
        "The likelihood knows the sum of the two variances only.",
    ),
    Case(
        "random slopes on one column in two units",
        poisson(random=TWO_UNITS),
        of(POISSON, z=2 * POISSON.x),
        Refused(
            gs.DataError, r"the random terms '0 \+ x \| g' and '0 \+ z \| g' are in the proportion 1 : 2"
        ),
        "The likelihood knows a + 4 b only.",
    ),
    Case(
        "a grouping that is also a fixed factor",
        binomial("x + g"),
        of(BINOMIAL),
        Estimated(without_random_effects, r"the variance of g\S* is estimated as 0"),
        "Fixed effects take up all that differs between groups: nothing is left for a variance.",
    ),
)


def table() -> str:
    """The page's table."""
    rows = [f"| {c.name} | {_model(c)} | {cell(outcome(c))} | {c.why} |" for c in CASES]
    heading = ["| data | model | what happens | why that is right |", "|---|---|---|---|"]
    return "\n".join([*heading, *rows]) + "\n"


def cell(text: object) -> str:
    """A text in a table, where a bar would end the cell."""
    return str(text).replace("|", "\\|")


def _model(case: Case) -> str:
    family, formula, *more = case.spec.splitlines()
    return f"{family.split()[1]}: `{cell('; '.join([formula, *more]))}`"


_TABLE = re.compile(r"^\| data \|.*?(?=^\n|\Z)", re.MULTILINE | re.DOTALL)


def rows(page: str) -> list[list[str]]:
    """The cells of the page's table."""
    [shown] = _TABLE.findall(page)
    return [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in shown.splitlines()[2:]]


if __name__ == "__main__":
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text()))
