"""The response bound to data: counts of successes or events, and trials."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.columns import Factor, Table, listed
from glmmspec.evaluate import Basis, evaluate, numbers
from glmmspec.expression import Expression, number_text
from glmmspec.family import FAMILIES
from glmmspec.ir import Model, Response

Counts = Float[np.ndarray, " n"]

_BERNOULLI = "family bernoulli takes 0 and 1, true and false, or a factor of two levels"


def response(model: Model, table: Table) -> tuple[Counts, Counts]:
    """The response y and the number of trials of each row, which is 1 unless the family has trials.

    Raises
    ------
    DataError
        If it is not numeric where it must be, or a row is outside the family's support.
    """
    arguments = model.response.arguments
    if FAMILIES[model.family].has_trials:
        return _successes_and_trials(model.response, table)
    y = _zero_one(arguments[0], table) if model.family == "bernoulli" else _counts(arguments[0], table)
    return y, np.ones(len(table))


def _successes_and_trials(response: Response, table: Table) -> tuple[Counts, Counts]:
    successes, other = (_counts(argument, table) for argument in response.arguments)
    if response.form == "cbind":
        return successes, successes + other
    _require(
        successes <= other,
        successes,
        response.arguments[0],
        table,
        "is more than its number of trials",
        "proportion(successes, trials) takes both as counts; with failures, write cbind(successes, failures)",
    )
    return successes, other


def _counts(expression: Expression, table: Table) -> Counts:
    values = numbers(expression, table, "the response")
    _require(
        (values >= 0) & (np.mod(values, 1) == 0),
        values,
        expression,
        table,
        "is not a whole number from 0 up",
        "give counts, not rates: exposure goes into an offset, trials into cbind or proportion",
    )
    return values


def _zero_one(expression: Expression, table: Table) -> Counts:
    """0 and 1, true and false, or a factor of two levels, of which the second is the success."""
    value = evaluate(expression, table)
    if isinstance(value, Factor):
        return _successes(value, expression, table)
    if isinstance(value, Basis):
        raise table.error(f"the response {expression} has several columns", expression, code="G225")
    y = value.astype(np.float64, copy=False)
    _require((y == 0) | (y == 1), y, expression, table, "is neither 0 nor 1", _BERNOULLI)
    return y


def _successes(factor: Factor, expression: Expression, table: Table) -> Counts:
    if len(factor.levels) != 2:
        raise table.error(
            f"the response {expression} must have two levels, and has {listed(factor.levels)}",
            expression,
            hint=_BERNOULLI,
            code="G206",
        )
    return factor.codes.astype(np.float64)


def _require(
    valid: Bool[np.ndarray, " n"],
    values: Counts,
    expression: Expression,
    table: Table,
    fault: str,
    remedy: str,
) -> None:
    """Refuse the first row that is not valid, with its value."""
    if not valid.all():
        first = np.argmin(valid)
        value = number_text(float(values[first]))
        raise table.error(
            f"the response is outside its family's support: {expression} = {value} {fault}"
            f" ({table.row(first)})",
            expression,
            hint=remedy,
            code="G205",
        )
