"""How a fit would integrate the blocks of a design, told without a fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from jaxtyping import Int

from glmmspec.design import Design
from glmmspec.options import SolverOptions
from glmmspec.solver.draw_plan import DrawPlan
from glmmspec.solver.elimination import Elimination, effect_counts
from glmmspec.solver.integration import Integration
from glmmspec.solver.sampling import most_draws


@dataclass(frozen=True)
class Method:
    """Blocks that are integrated in one way.

    Attributes
    ----------
    blocks, largest
        How many they are, and the most effects in one.
    drawn
        The random terms whose effects are drawn.
    by_rule
        Those whose effects are integrated by quadrature, level by level: given what is drawn, and
        given the levels before.
    """

    blocks: int
    largest: int
    drawn: tuple[str, ...]
    by_rule: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Forecast:
    """How the first round of a fit goes about it; a variance of 0 later leaves less to integrate."""

    methods: tuple[Method, ...]
    plan: DrawPlan

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return any(method.drawn for method in self.methods)

    @property
    def rules(self) -> bool:
        """Whether anything is integrated by quadrature."""
        return any(method.by_rule for method in self.methods)


def forecast(design: Design, options: SolverOptions) -> Forecast:
    """The methods of a fit with all variances positive, and its plan of draws and nodes.

    How many draws the tolerance takes is known after the first round only: that depends on how far
    the posterior of the effects is from normal, which the estimate decides.

    Raises
    ------
    FitError
        If a fit would be refused: for memory, or since quadrature is asked for and impossible.
    """
    integration = Integration.of(design, options)
    variances = np.ones(len(design.components))
    plan = DrawPlan.of(options, most_draws(integration), integration.highest_order(variances))
    counts = effect_counts(design, integration.parts)
    found = [
        (_terms(design, group.elimination, group.by_rule, counts[:, group.block]), group.block)
        for group in integration.groups(variances)
    ]
    # Groups also differ in width and are cut to fit in memory, which a reader need not know.
    found.sort(key=lambda each: each[0])
    methods = [
        _method(counts, terms, [block for _, block in same])
        for terms, same in groupby(found, key=lambda each: each[0])
    ]
    return Forecast(tuple(methods), plan)


_Terms = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


def _terms(design: Design, elimination: Elimination, by_rule: bool, counts: Int[np.ndarray, "T B"]) -> _Terms:
    """The terms that are drawn, and those of each level, of which some block has an effect."""
    there = counts.sum(axis=1) > 0

    def names(terms: Iterable[int]) -> tuple[str, ...]:
        return tuple(design.random[t].name for t in terms if there[t])

    separator = names(elimination.separator)
    levels: Iterator[tuple[str, ...]] = map(names, elimination.levels)
    if by_rule:
        return (), tuple(level for level in (separator, *levels) if level)
    return separator, tuple(levels)


def _method(
    counts: Int[np.ndarray, "T blocks"], terms: _Terms, blocks: list[Int[np.ndarray, " B"]]
) -> Method:
    block = np.concatenate(blocks)
    return Method(len(block), int(counts[:, block].sum(axis=0).max()), *terms)
