"""What to think of before a fit: a model that can be fitted, and may not be what is meant."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glmmspec.blocks import partition
from glmmspec.columns import kind, listed
from glmmspec.design import Design, RandomEffects
from glmmspec.errors import DataError, GlmmSpecError
from glmmspec.expression import Call, Expression, Name
from glmmspec.functions import names
from glmmspec.ir import Model, RandomTerm

FEW_GROUPS = 5
"""A variance from fewer groups than this is hardly known."""

MANY_LEVELS = 20
"""A fixed factor of so many levels is asked whether it should group."""

ROWS_PER_LEVEL = 3
"""And one of fewer levels, with fewer rows for each than this."""

LARGE_BLOCK = 100
"""Effects in one block: importance sampling in so many dimensions takes many draws."""

_LARGEST_PROGRAMME = 10**6
"""Cells of the model matrix up to which separation is looked for: it takes a linear programme."""


def advice(model: Model, design: Design) -> Iterator[GlmmSpecError]:
    """What is doubtful about a model bound to data, never raised: each with a place, code and remedy."""
    for written, term in zip(model.random, design.random, strict=True):
        if term.groups:
            yield from _of_grouping(model, design, written, term)
    yield from _of_factors(model, design)
    yield from _of_separation(model, design)
    yield from _of_blocks(model, design)


def of_few_groups(term: RandomEffects) -> str | None:
    """What is to be said of a variance from few groups; None if these are not few."""
    if not term.groups or len(term.levels) >= FEW_GROUPS:
        return None
    return f"the variance of {term.grouping} comes from {len(term.levels)} groups, and will hardly be known"


def block_sizes(design: Design) -> list[int]:
    """The number of random effects in each independent block: what an integral costs."""
    sizes: list[int] = np.bincount(partition(design).effect_block).tolist()
    return sizes


def _of_grouping(
    model: Model, design: Design, written: RandomTerm, term: RandomEffects
) -> Iterator[GlmmSpecError]:
    def doubt(message: str, code: str, hint: str) -> GlmmSpecError:
        return model.error(message, span=written.factors[0].span, hint=hint, kind=DataError, code=code)

    count, rows = len(term.levels), len(design.y)
    measured = [group for group in term.groups if _is_measured(group, design)]
    if measured:
        yield doubt(
            f"the grouping {measured[0]} looks like a measurement: its numbers are not whole",
            "G301",
            "group by an identifier",
        )
    elif count == rows:
        yield doubt(
            f"every group of {term.grouping} has one row: its effects model overdispersion",
            "G306",
            "if that is not meant, group by something that is repeated",
        )
    few = of_few_groups(term)
    if few is not None:
        yield doubt(few, "G303", f"think of {term.grouping} as a fixed factor")
    extreme = _extreme_groups(design, term)
    if term.multiplier is None and count < rows and 4 * len(extreme) >= 3 * count:
        yield doubt(
            f"in {len(extreme)} of {count} groups of {term.grouping} the responses are all at one end:"
            f" {listed(term.levels[code] for code in extreme)}",
            "G302",
            "check their coding: they tell that an effect is large, and not how large",
        )


def _is_measured(group: object, design: Design) -> bool:
    """True for a column of numbers that are not whole."""
    if not isinstance(group, Name) or kind(design.data[group.name]) != "number":
        return False
    values = design.data[group.name].to_numpy(dtype=np.float64)
    return bool((np.mod(values, 1) != 0).any())


def _extreme_groups(design: Design, term: RandomEffects) -> list[int]:
    """The codes of the groups in which nothing, or everything that could, was a success."""
    successes = np.bincount(term.codes, weights=design.y)
    extreme = successes == 0
    if design.family.link == "logit":
        extreme |= successes == np.bincount(term.codes, weights=design.trials)
    codes: list[int] = np.flatnonzero(extreme).tolist()
    return codes


def _of_factors(model: Model, design: Design) -> Iterator[GlmmSpecError]:
    for factor in dict.fromkeys(factor for term in model.fixed for factor in term.factors):
        count = _level_count(factor, model, design)
        sparse = count >= FEW_GROUPS and len(design.y) < ROWS_PER_LEVEL * count
        if count >= MANY_LEVELS or sparse:
            yield model.error(
                f"the factor {factor} has {count} levels among the fixed terms, each with a coefficient",
                span=factor.span,
                hint="if they are a sample of many, let them group",
                kind=DataError,
                code="G304",
            )


def _level_count(variable: Expression, model: Model, design: Design) -> int:
    """The number of levels of a fixed variable, 0 if it is no factor."""
    if isinstance(variable, Call) and variable.function in ("factor", "relevel"):
        return len(design.encoding.levels.get(names(variable)[0].name, ()))
    declared = {*(part.column for part in model.levels), *(part.column for part in model.factors)}
    if isinstance(variable, Name) and variable.name not in declared:
        # A column of numbers has levels where it also groups.
        return 0 if kind(design.data[variable.name]) == "number" else _levels_of(variable, design)
    return _levels_of(variable, design)


def _levels_of(variable: Expression, design: Design) -> int:
    return len(design.encoding.levels.get(str(variable), ()))


def _of_separation(model: Model, design: Design) -> Iterator[GlmmSpecError]:
    from glmmspec.solver.separation import separating_direction

    if not design.x.size or design.x.size > _LARGEST_PROGRAMME:
        return
    direction = separating_direction(design)
    if direction is not None:
        along = [name for name, sign in zip(design.coefficients, direction, strict=True) if sign]
        yield model.error(
            f"the responses are separated: estimates run to infinity along {listed(along)}",
            span=model.response.arguments[0].span,
            hint="drop or merge levels: some combination of these columns predicts them without error",
            kind=DataError,
            code="G305",
        )


def _of_blocks(model: Model, design: Design) -> Iterator[GlmmSpecError]:
    largest = max(block_sizes(design))
    if largest > LARGE_BLOCK:
        yield model.error(
            f"one block has {largest} random effects that cannot be integrated apart",
            span=model.random[0].factors[0].span,
            hint="watch the Monte Carlo errors, and give more draws if they are large",
            kind=DataError,
            code="G307",
        )
