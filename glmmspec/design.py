"""A model bound to data: `Design`, all that the back ends know of the data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from glmmspec import html, tables
from glmmspec.columns import Encoding, Table
from glmmspec.effects import RandomEffects, check_distinct, random_effects
from glmmspec.errors import DataError, GlmmSpecWarning, did_you_mean_or_list
from glmmspec.evaluate import check_magnitude, numbers
from glmmspec.family import FAMILIES, Family
from glmmspec.faults import Faults
from glmmspec.ir import Model
from glmmspec.matrix import fixed_effects
from glmmspec.response import response
from glmmspec.selection import select

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
        Names of the variance components, none of them also that of a coefficient.
    rows
        Positions in the data frame of the n rows used, in order.
    n_dropped
        Rows left out for missing values, as `missing drop` asks.
    data_hash
        SHA-256 (hex) of the values used: equal for equal data, whatever file they came from.
    notes
        What the reader should know of how the data were used.
    data
        The columns the model reads, in the rows used, which keep their labels.
    encoding
        How they were read: levels, and what transforms took from them.
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
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    encoding: Encoding = field(default_factory=Encoding)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameter names in their one order: coefficients, then variance components."""
        return self.coefficients + self.components

    def __repr__(self) -> str:
        terms = (
            f"{term.name}, {len(term.levels)} effects of variance {self.components[term.component]}"
            for term in self.random
        )
        return "\n".join(
            [
                self._size,
                f"Coefficients: {', '.join(self.coefficients)}",
                *(f"Random term: {term}" for term in terms),
                *(f"Warning: {note}" for note in self.notes),
            ]
        )

    @property
    def _size(self) -> str:
        left_out = f" ({self.n_dropped} rows with missing values left out)" if self.n_dropped else ""
        return f"{len(self.y)} observations{left_out}; family {self.family.name}"

    def _repr_html_(self) -> str:
        x, random = self.x, self.random
        fixed = [
            ["coefficient", *self.coefficients],
            ["least", *(f"{value:.4g}" for value in x.min(axis=0))],
            ["mean", *(f"{value:.4g}" for value in x.mean(axis=0))],
            ["largest", *(f"{value:.4g}" for value in x.max(axis=0))],
        ]
        terms = [
            ["random term", *(term.name for term in random)],
            ["variance", *(self.components[term.component] for term in random)],
            ["effects", *(str(len(term.levels)) for term in random)],
        ]
        return html.block(
            html.lines([self._size]),
            html.table(fixed),
            html.table(terms, left=(0, 1)),
            html.lines((f"Warning: {note}" for note in self.notes), muted=True),
        )

    @property
    def counts(self) -> Bool[np.ndarray, " n"]:
        """Which rows say anything of the parameters: those with trials and a weight above 0."""
        return np.asarray(self.weights * self.trials > 0)

    @property
    def effect_starts(self) -> Int[np.ndarray, " T+1"]:
        """Where each term's effects start, numbered through the terms in order; last, the number of all."""
        return np.cumsum([0, *(len(term.levels) for term in self.random)])


def bind(model: Model, data: Any = None) -> Design:
    """Bind a model to data: a data frame (or what `tables.as_frame` takes), by default the data it names.

    Raises
    ------
    DataError
        If the data cannot be read or do not fit the model: an unknown column, a missing or infinite
        value, a response outside the family's support, a factor or grouping with one level,
        linearly dependent fixed effects, ... The message names the column and its first such row,
        and the error holds all that is wrong.
    """
    frame = tables.resolve(model) if data is None else tables.as_frame(data)
    label = f"data '{model.data.name}'" if data is None and model.data is not None else "the data"
    table = select(model, frame, label)
    faults = Faults()
    counted = np.ones(len(table), dtype=bool)
    with faults.gathering():
        y, trials = response(model, table)
        weights = _weights(model, table)
        counted = weights * trials > 0
    with faults.gathering():
        offset = _offset(model, table)
    if not counted.any():
        raise table.error(
            "no row has both trials and a weight above 0",
            model.response.arguments[0],
            hint="check the response and the weights: no row would count",
            code="G219",
        )
    with faults.gathering():
        x, coefficients = fixed_effects(model.fixed, table, counted)
    with faults.gathering():
        random = _random_terms(model, table, counted)
    faults.raise_any()
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
        components=_component_names(model, coefficients),
        rows=_frozen(table.rows, np.int64),
        n_dropped=len(frame) - len(table),
        data_hash="",
        notes=tuple(table.notes),
        data=table.frame,
        encoding=table.encoding,
    )
    return replace(design, data_hash=_hash(design))


def _weights(model: Model, table: Table) -> Float[np.ndarray, " n"]:
    if model.weights is None:
        return np.ones(len(table))
    weights = numbers(model.weights, table, "the weights")
    if (weights < 0).any():
        first = np.argmax(weights < 0)
        raise table.error(
            f"the weight in {table.row(first)} is {weights[first]:g}, below 0",
            model.weights,
            hint="a weight is a number from 0 up: how often the row counts",
            code="G219",
        )
    if not weights.any():
        raise table.error("all weights are 0", model.weights, hint="no row would count", code="G219")
    check_magnitude(weights, "the weights", model.weights, table)
    return weights


def _offset(model: Model, table: Table) -> Float[np.ndarray, " n"]:
    if model.offset is None:
        return np.zeros(len(table))
    offset = numbers(model.offset, table, "the offset")
    check_magnitude(offset, "the offset", model.offset, table)
    return offset


def _random_terms(model: Model, table: Table, counted: Bool[np.ndarray, " n"]) -> tuple[RandomEffects, ...]:
    components = [component.name for component in model.components]
    faults, terms = Faults(), []
    for written in model.random:
        with faults.gathering():
            terms.append(random_effects(written, table, components.index(written.component)))
    faults.raise_any()
    check_distinct(model, terms, counted)
    weighing = "" if counted.all() else " of a weight above 0"
    for written, term in zip(model.random, terms, strict=True):
        rows = int(counted.sum())
        if model.family == "bernoulli" and len(np.unique(term.codes[counted])) == rows:
            raise table.error(
                f"the grouping {term.grouping} has as many levels as there are rows{weighing} ({rows}):"
                " the variance of such effects cannot be estimated from Bernoulli data",
                written.factors[0],
                hint="group by something that is repeated",
                code="G210",
            )
    return tuple(
        replace(term, codes=_frozen(term.codes, np.int32), values=_frozen(term.values)) for term in terms
    )


def _component_names(model: Model, coefficients: tuple[str, ...]) -> tuple[str, ...]:
    """The components' names; `var(x)` where a coefficient is called x too, as in `y ~ year | year`."""
    names = (component.name for component in model.components)
    return tuple(f"var({name})" if name in coefficients else name for name in names)


def _check_priors(model: Model, coefficients: tuple[str, ...]) -> None:
    for prior in model.priors:
        if prior.target == "coefficient" and prior.name not in coefficients:
            raise model.error(
                f"prior on unknown coefficient '{prior.name}'",
                hint=did_you_mean_or_list(prior.name, ("fixed", *coefficients)),
                span=prior.span,
                kind=DataError,
                code="G221",
            )


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
