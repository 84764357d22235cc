"""Random terms bound to data: a level and a multiplier per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from glmmspec.columns import Factor, Table, listed
from glmmspec.errors import DataError, DataWarning
from glmmspec.evaluate import check_magnitude, grouping, numbers
from glmmspec.expression import Call, Expression, Name, within_term
from glmmspec.ir import Model, RandomTerm


@dataclass(frozen=True, eq=False)
class RandomEffects:
    """One random term bound to data: never a matrix, only a level and a multiplier per row.

    Attributes
    ----------
    name
        The term as written, with the roles its columns took: `Female`, `0 + age | Female`.
    grouping
        The grouping's name, `Female` or `Site:Plot` (empty for one coefficient on a numeric column).
    levels
        The q level names, in order; an interaction's are joined by `:`.
    codes
        The level of each row, in [0, q).
    values
        What the effect is multiplied by in each row: 1 for an intercept.
    component
        Index of the variance component among `Design.components`.
    groups, multiplier
        What is evaluated for `codes` and `values`.
    """

    name: str
    grouping: str
    levels: tuple[str, ...]
    codes: Int[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    component: int
    groups: tuple[Expression, ...] = ()
    multiplier: Expression | None = None


_PROPORTIONAL = 1e-9
"""Relative rounding of multipliers that are one in two units."""

UNSEEN = -1
"""The code of a level that a term did not have when it was bound."""


def random_effects(term: RandomTerm, table: Table, component: int) -> RandomEffects:
    """Bind one random term.

    In a term of the `|` list a column's type decides: text, categories, truth values and declared
    factors group; numbers multiply, except that a lone column of whole numbers groups, for such
    columns are identifiers. In the lme4 notation the bar decides.

    Raises
    ------
    DataError
        If it is not clear which columns group, a grouping has one level, or the multiplier is not
        numeric or is 0 in every row.
    """
    groups, multiplier = _roles(term, table) if term.by_type else (term.factors, term.multiplier)
    values = np.ones(len(table)) if multiplier is None else _multiplier(multiplier, table)
    if not groups:
        name = str(multiplier)
        codes = np.zeros(len(table), dtype=np.int64)
        return RandomEffects(name, "", (name,), codes, values, component, multiplier=multiplier)
    factor = _grouping(groups, table)
    group_name = ":".join(within_term(group) for group in groups)
    if len(factor.levels) < 2:
        raise table.error(
            f"the grouping {group_name} has one level, '{factor.levels[0]}'",
            groups[0],
            hint="leave the term out: a variance needs two groups at least, and better many",
            code="G209",
        )
    name = group_name if multiplier is None else f"0 + {within_term(multiplier)} | {group_name}"
    return RandomEffects(name, group_name, factor.levels, factor.codes, values, component, groups, multiplier)


def new_levels(term: RandomEffects, table: Table) -> tuple[Int[np.ndarray, " n"], tuple[str, ...]]:
    """The level of each row of new data, `UNSEEN` for one that the term lacks, and each row's own name."""
    if not term.groups:
        return np.zeros(len(table), dtype=np.int64), term.levels * len(table)
    found = _grouping(term.groups, table)
    code_of = {level: code for code, level in enumerate(term.levels)}
    codes = np.array([code_of.get(level, UNSEEN) for level in found.levels], dtype=np.int64)
    return codes[found.codes], tuple(found.levels[code] for code in found.codes)


def new_multipliers(term: RandomEffects, table: Table) -> Float[np.ndarray, " n"]:
    """What the effect of each row of new data is multiplied by."""
    if term.multiplier is None:
        return np.ones(len(table))
    return numbers(term.multiplier, table, "the multiplier of a random term")


def _grouping(groups: Sequence[Expression], table: Table) -> Factor:
    """The interaction of the grouping factors; in new data, of the levels that are there."""
    return reduce(_interaction, (_levels_of(group, table) for group in groups))


def _levels_of(group: Expression, table: Table) -> Factor:
    if table.is_new and isinstance(group, Name):
        return table.as_found(group)
    return grouping(group, table)


def check_distinct(model: Model, effects: Sequence[RandomEffects], counted: Bool[np.ndarray, " n"]) -> None:
    """Refuse two terms with the same grouping, and multipliers that are equal or in proportion.

    Parameters
    ----------
    counted
        Which rows have any weight and trials: what the others have does not count.

    Raises
    ------
    DataError
        Naming the two, whose variances no data could tell apart.
    """
    # Numbered by first appearance, equal groupings have equal codes whatever their levels' order.
    codes = [pd.factorize(effect.codes[counted])[0] for effect in effects] if len(effects) > 1 else []
    for i, first in enumerate(codes):
        for j, second in enumerate(codes[:i]):
            if not np.array_equal(first, second):
                continue
            ratio = _ratio(effects[i].values[counted], effects[j].values[counted])
            if ratio is not None:
                how = "the same" if ratio == 1 else f"in the proportion 1 : {ratio:.6g}"
                raise model.error(
                    f"the random terms '{effects[j].name}' and '{effects[i].name}' are {how} in every row",
                    span=model.random[i].factors[0].span,
                    hint="keep one of them",
                    kind=DataError,
                    code="G217",
                )


def _ratio(values: Float[np.ndarray, " n"], others: Float[np.ndarray, " n"]) -> float | None:
    """What times `others` are `values` in every row, or None."""
    largest = int(np.abs(others).argmax())
    ratio = float(values[largest] / others[largest]) if others[largest] else 0.0
    same = ratio != 0 and np.allclose(values, ratio * others, rtol=_PROPORTIONAL, atol=0)
    return ratio if same else None


def _roles(term: RandomTerm, table: Table) -> tuple[tuple[Expression, ...], Expression | None]:
    """The grouping factors and the multiplier among the factors of a term of the `|` list."""
    numeric = [factor for factor in term.factors if _is_numeric(factor, table)]
    groups = tuple(factor for factor in term.factors if factor not in numeric)
    if not numeric:
        return groups, None
    if len(term.factors) == 1:
        return _lone(numeric[0], table)
    if len(numeric) > 1 or not groups:
        first, last = numeric[0], term.factors[-1]
        raise table.error(
            f"it is not clear what groups in {term}: {listed(numeric)} are numeric",
            first,
            hint=f"declare which are factors (factor {first}), or write (0 + {last} | {first}) for a slope",
            code="G218",
        )
    return groups, numeric[0]


def _is_numeric(expression: Expression, table: Table) -> bool:
    if isinstance(expression, Name):
        return table.is_numeric(expression)
    return not (isinstance(expression, Call) and expression.function in ("factor", "relevel"))


def _lone(expression: Expression, table: Table) -> tuple[tuple[Expression, ...], Expression | None]:
    """A lone numeric column: identifiers that group if whole numbers, else one random coefficient."""
    if not isinstance(expression, Name):
        return (), expression
    if np.equal(np.mod(numbers(expression, table, "a random term"), 1), 0).all():
        return (expression,), None
    table.notes.append(
        DataWarning(
            f"'{expression.name}' holds numbers that are not whole: one random coefficient on it"
            f" (to group by its values, declare `factor {expression}`)"
        )
    )
    return (), expression


def _multiplier(expression: Expression, table: Table) -> Float[np.ndarray, " n"]:
    values = numbers(expression, table, "the multiplier of a random term")
    if not values.any():
        raise table.error(
            f"the multiplier {expression} of a random term is 0 in every row",
            expression,
            hint="leave the term out: its effects are nowhere",
            code="G216",
        )
    check_magnitude(values, f"the multiplier {expression} of a random term", expression, table)
    return values


def _interaction(first: Factor, second: Factor) -> Factor:
    """The combinations of levels that occur, in the order of the first factor, then of the second."""
    pairs = first.codes * len(second.levels) + second.codes
    present, codes = np.unique(pairs, return_inverse=True)
    levels = tuple(
        f"{first.levels[pair // len(second.levels)]}:{second.levels[pair % len(second.levels)]}"
        for pair in present.tolist()
    )
    return Factor(levels, codes)
