"""A model bound to data: `Design`, all that the back ends know of the data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from glmmspec import tables
from glmmspec.columns import Table, kind, listed
from glmmspec.effects import RandomEffects, check_distinct, random_effects
from glmmspec.errors import DataError, DataWarning, GlmmSpecWarning, did_you_mean_or_list
from glmmspec.evaluate import numbers
from glmmspec.expression import Call, Expression, Name, Operation
from glmmspec.family import FAMILIES, Family
from glmmspec.ir import FactorColumn, Levels, Model
from glmmspec.matrix import fixed_effects
from glmmspec.response import response

__all__ = ["Design", "RandomEffects", "bind"]


@dataclass(frozen=True, eq=False)
class Design:
    """The arrays of a model bound to data. n rows, p coefficients. The arrays are read-only.

    Attributes
    ----------
    family
        The response family.
    y, trials
        Response as counts of successes (or events), and trials: ones unless binomial.
    x, coefficients
        Fixed-effect model matrix of full column rank, and its columns' names as R names them.
    weights, offset
        Relevance weights (>= 0) and offset of each row.
    random
        The random terms, in the model's order.
    components
        Names of the variance components.
    rows
        Positions in the data frame of the n rows used, in order.
    n_dropped
        Rows left out for missing values, as `missing drop` asks.
    data_hash
        SHA-256 (hex) of the values used: equal for equal data, whatever file they came from.
    notes
        What the reader should know of how the data were used.
    """

    family: Family
    y: Float[np.ndarray, " n"]
    trials: Float[np.ndarray, " n"]
    x: Float[np.ndarray, "n p"]
    coefficients: tuple[str, ...]
    weights: Float[np.ndarray, " n"]
    offset: Float[np.ndarray, " n"]
    random: tuple[RandomEffects, ...]
    components: tuple[str, ...]
    rows: Int[np.ndarray, " n"]
    n_dropped: int
    data_hash: str
    notes: tuple[GlmmSpecWarning, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameter names in their one order: coefficients, then variance components."""
        return self.coefficients + self.components


def bind(model: Model, data: Any = None) -> Design:
    """Bind a model to data: a data frame (or what `tables.as_frame` takes), by default the data it names.

    Raises
    ------
    DataError
        If the data cannot be read or do not fit the model: an unknown column, a missing or infinite
        value, a response outside the family's support, a factor or grouping with one level,
        linearly dependent fixed effects, ... The message names the column and its first such row.
    SpecError
        If the model makes no sense whatever the data.
    """
    frame = tables.resolve(model) if data is None else tables.as_frame(data)
    label = f"data '{model.data.name}'" if data is None and model.data is not None else "the data"
    columns = _used_columns(model, frame, label)
    used, n_dropped, notes = _rows_to_use(model, frame[columns], label)
    table = Table(model, frame[columns] if n_dropped == 0 else frame[columns].iloc[used], used)
    y, trials = response(model, table)
    weights = _weights(model, table)
    offset = np.zeros(len(table)) if model.offset is None else numbers(model.offset, table, "the offset")
    x, coefficients = fixed_effects(model.fixed, table)
    random = _random_terms(model, table)
    _check_priors(model, coefficients)
    design = Design(
        family=FAMILIES[model.family],
        y=_frozen(y),
        trials=_frozen(trials),
        x=_frozen(x),
        coefficients=coefficients,
        weights=_frozen(weights),
        offset=_frozen(offset),
        random=random,
        components=tuple(component.name for component in model.components),
        rows=_frozen(used, np.int64),
        n_dropped=n_dropped,
        data_hash="",
        notes=(*notes, *_declared_in_vain(model, columns), *table.notes),
    )
    return replace(design, data_hash=_hash(design))


def _expressions(model: Model) -> list[Expression]:
    """Every expression that is evaluated on the data."""
    return [
        *model.response.arguments,
        *(factor for term in model.fixed for factor in term.factors),
        *(factor for term in model.random for factor in term.factors),
        *(term.multiplier for term in model.random if term.multiplier is not None),
        *(part for part in (model.weights, model.offset) if part is not None),
    ]


def _names(expression: Expression) -> list[Name]:
    """The columns an expression is about; a call's arguments after the first are settings."""
    match expression:
        case Name():
            return [expression]
        case Operation():
            return [name for operand in expression.operands for name in _names(operand)]
        case Call():
            return [name for argument in expression.arguments[:1] for name in _names(argument)]
    return []


def _used_columns(model: Model, frame: pd.DataFrame, label: str) -> list[str]:
    """The columns the model uses, in its order; a name the data lack is an error where it stands."""
    names = [name for expression in _expressions(model) for name in _names(expression)]
    declared = [Name(part.column, span=part.span) for part in _declarations(model)]
    for name in (*names, *declared):
        if name.name not in frame.columns:
            raise model.error(
                f"unknown column '{name.name}' in {label}",
                span=name.span,
                hint=did_you_mean_or_list(name.name, frame.columns),
                kind=DataError,
            )
    return list(dict.fromkeys(name.name for name in names))


def _rows_to_use(
    model: Model, frame: pd.DataFrame, label: str
) -> tuple[Int[np.ndarray, " n"], int, list[DataWarning]]:
    """Positions of the rows without missing values, how many have some, and what to say of them."""
    missing = {name: _missing(frame[name]) for name in frame.columns}
    dropped = np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *missing.values()])
    n_dropped = int(dropped.sum())
    found = ", ".join(
        f"'{name}' ({mask.sum()}, the first in row {np.argmax(mask) + 1})"
        for name, mask in missing.items()
        if mask.any()
    )
    if n_dropped and model.missing == "fail":
        raise DataError(f"missing values in {found}", hint="`missing drop` in the spec leaves such rows out")
    if n_dropped == len(frame):
        raise DataError(f"{label} have no row" + (" without missing values" if n_dropped else "s"))
    notes = [DataWarning(f"{n_dropped} of {len(frame)} rows are left out: missing values in {found}")]
    return np.flatnonzero(~dropped), n_dropped, notes if n_dropped else []


def _missing(series: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where a column has no value: null, None, or a number that is NaN."""
    missing = series.isna().to_numpy(dtype=bool)
    if kind(series) == "number":
        missing = missing | np.isnan(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return missing


def _weights(model: Model, table: Table) -> Float[np.ndarray, " n"]:
    if model.weights is None:
        return np.ones(len(table))
    weights = numbers(model.weights, table, "the weights")
    if (weights < 0).any():
        first = np.argmax(weights < 0)
        raise table.error(f"the weight in {table.row(first)} is {weights[first]:g}, below 0", model.weights)
    if not weights.any():
        raise table.error("all weights are 0", model.weights)
    return weights


def _random_terms(model: Model, table: Table) -> tuple[RandomEffects, ...]:
    components = [component.name for component in model.components]
    terms = [random_effects(term, table, components.index(term.component)) for term in model.random]
    check_distinct(terms)
    for term in terms:
        if model.family == "bernoulli" and len(term.levels) == len(table):
            raise DataError(
                f"the grouping {term.grouping} has as many levels as there are rows ({len(table)}):"
                " the variance of such effects cannot be estimated from Bernoulli data",
                hint="group by something that is repeated",
            )
    return tuple(
        replace(term, codes=_frozen(term.codes, np.int32), values=_frozen(term.values)) for term in terms
    )


def _check_priors(model: Model, coefficients: tuple[str, ...]) -> None:
    for prior in model.priors:
        if prior.target == "coefficient" and prior.name not in coefficients:
            raise model.error(
                f"prior on unknown coefficient '{prior.name}'",
                hint=did_you_mean_or_list(prior.name, coefficients),
                span=prior.span,
                kind=DataError,
            )


def _declared_in_vain(model: Model, used: list[str]) -> list[DataWarning]:
    unused = dict.fromkeys(part.column for part in _declarations(model) if part.column not in used)
    return [DataWarning(f"declared, but not in the model: {listed(unused)}")] if unused else []


def _declarations(model: Model) -> list[Levels | FactorColumn]:
    return [*model.levels, *model.factors]


def _frozen(values: np.ndarray[Any, Any], dtype: type[np.generic] = np.float64) -> np.ndarray[Any, Any]:
    """A read-only copy, so that neither the caller's data nor a back end can change a design."""
    copy = np.array(values, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def _hash(design: Design) -> str:
    """SHA-256 of the shape and bytes of every array, and of the names that give them meaning."""
    digest = hashlib.sha256()
    arrays = [design.y, design.trials, design.x, design.weights, design.offset]
    names: list[object] = [design.coefficients]
    for term in design.random:
        arrays += [term.codes, term.values]
        names += [term.name, term.levels, term.component]
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    digest.update(repr(names).encode())
    return digest.hexdigest()
