"""The fixed-effect model matrix: built by formulaic from evaluated columns, named as in R."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from formulaic import ModelSpec, SimpleFormula
from formulaic.materializers import FactorValues, PandasMaterializer
from formulaic.parser.types import Factor as Variable
from formulaic.parser.types import Term
from jaxtyping import Bool, Float
from scipy import linalg

from glmmspec.columns import Factor, Table, listed
from glmmspec.evaluate import Basis, check_magnitude, evaluate, factor_of
from glmmspec.expression import Expression, Name
from glmmspec.faults import Faults
from glmmspec.ir import FixedTerm

RANK_TOLERANCE = 1e-7
"""A column counts as a combination of others if less than this part of its length is not (as R's lm)."""

_ROWS = 2**14
"""How many rows of the matrix are decomposed at a time."""

MAX_BYTES = 2**32
"""Most memory, in bytes, of a model matrix."""

# Stands between a factor and its level while formulaic keeps columns by name, so that none is lost.
_BETWEEN = "\x1f"


def fixed_effects(
    terms: tuple[FixedTerm, ...], table: Table, counted: Bool[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n p"], tuple[str, ...]]:
    """The model matrix of the fixed terms, and its columns' names as R names them.

    Parameters
    ----------
    counted
        Which rows have any weight and trials: the columns must be independent over these.

    Raises
    ------
    DataError
        If a factor has one level, two columns get one name, a column's numbers are too large or too small,
        or columns are linearly dependent.
    """
    x, names, variables = _model_matrix(terms, table)
    _check_names_differ(names, variables, table)
    for values, name, variable in zip(x.T, names, variables, strict=True):
        check_magnitude(values, f"the column {name} of the fixed effects", variable, table)
    if names:
        _check_rank(_triangle(x, counted), names, variables, table)
    return x, tuple(names)


def new_rows(terms: tuple[FixedTerm, ...], table: Table) -> Float[np.ndarray, "n p"]:
    """The rows of the same model matrix for new data, with the levels and transforms of the fit.

    Raises
    ------
    DataError
        If a factor has a level that it did not have there.
    """
    return _model_matrix(terms, table)[0]


def _model_matrix(
    terms: tuple[FixedTerm, ...], table: Table
) -> tuple[Float[np.ndarray, "n p"], list[str], list[Expression | None]]:
    """The matrix, and for each column its name and the last variable of its term.

    Factors are coded by treatment contrasts, or by full indicators where their margin is not in the
    model, as in R. Where R's coding would give aliased columns (`a:b` beside an intercept), the same
    space is spanned without them.
    """
    factors = dict.fromkeys(factor for term in terms for factor in term.factors)
    faults, columns = Faults(), {}
    for factor in factors:
        with faults.gathering():
            columns[str(factor)] = _encodable(factor, table)
    faults.raise_any()
    _check_size(terms, {name: _least_columns(values) for name, values in columns.items()}, table)
    spec = ModelSpec(
        formula=SimpleFormula([_formulaic_term(term) for term in terms]),
        na_action="ignore",
        output="numpy",
    )
    rows = pd.DataFrame(index=pd.RangeIndex(len(table)))
    matrix = PandasMaterializer(rows, context=columns).get_model_matrix(spec)
    x = np.ascontiguousarray(matrix.__wrapped__, dtype=np.float64)
    names: list[str] = []
    variables: list[Expression | None] = []
    for term, part in zip(terms, matrix.model_spec.structure, strict=True):
        names += [name.replace(_BETWEEN, "") for name in part.columns] if term.factors else ["(Intercept)"]
        variables += [term.factors[-1] if term.factors else None] * len(part.columns)
    return x, names, variables


def _formulaic_term(term: FixedTerm) -> Term:
    """A term of variables that formulaic looks up, so that it never evaluates their text."""
    if not term.factors:
        return Term([Variable("1", eval_method="literal")])
    return Term([Variable(str(factor), eval_method="lookup") for factor in term.factors])


def _encodable(expression: Expression, table: Table) -> FactorValues[Any]:
    """The values of a variable in the form formulaic codes."""
    value = evaluate(expression, table)
    if isinstance(value, Basis):
        return FactorValues(value.columns, kind="numerical", format="{name}{field}")
    if not isinstance(value, Factor) and value.dtype != bool:
        return FactorValues(value, kind="numerical")
    factor = factor_of(expression, value, table)
    if isinstance(expression, Name):
        table.note_words_among_numbers(expression)
    if len(factor.levels) < 2:
        raise table.error(
            f"factor {expression} has one level, {listed(factor.levels)}",
            expression,
            hint="take it out of the formula: it cannot have an effect",
            code="G207",
        )
    return FactorValues(
        factor.codes, kind="categorical", spans_intercept=True, encoder=_treatment_coding(factor)
    )


def _treatment_coding(factor: Factor) -> Callable[..., FactorValues[Any]]:
    """Indicators of the levels, of all but the first where formulaic asks for reduced rank."""

    def encode(values: Any, reduced_rank: bool, **_: Any) -> FactorValues[Any]:
        indicators = {
            level: (factor.codes == code).astype(np.float64)
            for code, level in enumerate(factor.levels)
            if code > 0 or not reduced_rank
        }
        return FactorValues(
            indicators, kind="categorical", format=f"{{name}}{_BETWEEN}{{field}}", encoded=True
        )

    return encode


def _least_columns(values: FactorValues[Any]) -> int:
    """The columns that a variable has at least: as many as levels but one, or those of a basis."""
    if values.__formulaic_metadata__.kind.value == "categorical":
        return int(values.max(initial=0))
    return len(values) if isinstance(values.__wrapped__, dict) else 1


def _check_size(terms: tuple[FixedTerm, ...], columns: dict[str, int], table: Table) -> None:
    """Refuse, before it is built, a matrix that cannot have full rank, or that is too large."""
    if table.is_new:
        return
    counts = [math.prod(columns[str(factor)] for factor in term.factors) for term in terms]
    total, rows = sum(counts), len(table)
    size = 8 * total * rows
    if total <= rows and size <= MAX_BYTES:
        return
    largest = terms[int(np.argmax(counts))]
    raise table.error(
        f"the fixed effects have {total:,} columns or more, {_too_many(total, rows, size)}",
        largest.factors[0] if largest.factors else None,
        hint=f"most are of {largest}: a factor of many levels may group, in the random part",
        code="G227",
    )


def _too_many(columns: int, rows: int, size: int) -> str:
    if columns > rows:
        return f"and there are {rows:,} rows"
    return f"which take {size / 2**30:.0f} GiB, and at most {MAX_BYTES / 2**30:.0f} are used"


def _check_names_differ(names: list[str], variables: list[Expression | None], table: Table) -> None:
    seen: set[str] = set()
    for name, variable in zip(names, variables, strict=True):
        if name in seen:
            raise table.error(
                f"two coefficients would be called '{name}'",
                variable,
                hint="rename a column or one of its levels",
                code="G220",
            )
        seen.add(name)


def _check_rank(
    triangle: Float[np.ndarray, "r p"],
    names: list[str],
    variables: list[Expression | None],
    table: Table,
) -> None:
    """Refuse columns that are, over the rows that count, zero or combinations of columns before them."""
    pivots = np.abs(np.diagonal(linalg.qr(triangle, mode="r", pivoting=True)[0]))
    if len(pivots) == len(names) and pivots[-1] > RANK_TOLERANCE:
        return
    aliases = dict(_aliases(triangle, names))
    if aliases:
        said = "; ".join(list(aliases.values())[:5])
        more = f"; and {len(aliases) - 5} more" if len(aliases) > 5 else ""
        raise table.error(
            f"the fixed effects are not all estimable: {said}{more}",
            variables[min(aliases)],
            hint="take these terms out of the formula, or merge levels",
            code="G208",
        )


def _triangle(x: Float[np.ndarray, "n p"], counted: Bool[np.ndarray, " n"]) -> Float[np.ndarray, "r p"]:
    """R of the QR decomposition of the rows that count, their columns scaled to unit length.

    Taken over some rows at a time, so that no copy of x is made. R has the lengths of x's columns, which are
    first scaled by the largest value, so that no square overflows or vanishes.
    """
    parts = [slice(first, first + _ROWS) for first in range(0, len(x), _ROWS)]
    largest = np.max([np.abs(x[part][counted[part]]).max(axis=0, initial=0) for part in parts], axis=0)
    scale = np.where(largest > 0, largest, 1)
    triangle = np.zeros((0, x.shape[1]))
    for part in parts:
        rows = x[part][counted[part]] / scale
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, rows]), mode="r"))
    lengths = np.linalg.norm(triangle, axis=0)
    return triangle / np.where(lengths > 0, lengths, 1)


def _aliases(triangle: Float[np.ndarray, "r p"], names: list[str]) -> Iterator[tuple[int, str]]:
    """Each column that adds nothing to those before it, and what it is a combination of."""
    kept: list[int] = []
    for column, name in enumerate(names):
        target = triangle[:, column]
        weights = np.linalg.lstsq(triangle[:, kept], target)[0] if kept else np.zeros(0)
        if np.linalg.norm(target - triangle[:, kept] @ weights) > RANK_TOLERANCE:
            kept.append(column)
        elif not target.any():
            yield column, f"'{name}' is 0 in every row"
        else:
            involved = [names[i] for i, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
            yield column, f"'{name}' is a combination of {listed(involved)}"
