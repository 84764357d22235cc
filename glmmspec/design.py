"""A model bound to data: `Design`, all that the back ends know of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glmmspec.errors import GlmmSpecWarning
from glmmspec.family import Family


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
    """

    name: str
    grouping: str
    levels: tuple[str, ...]
    codes: Int[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    component: int


@dataclass(frozen=True, eq=False)
class Design:
    """The arrays of a model bound to data. n rows, p coefficients.

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
