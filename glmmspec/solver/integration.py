"""How the blocks of a design are integrated: all effects together, or level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import FEW_TO_FILL, Batch, Partition, batches, partition, rounded_up
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.elimination import QUADRATURE_EFFECTS, Elimination, effect_counts, eliminations

_GIB = 2**30
_FEW = 200
_ROWS_OF_A_RULE = 2**14
"""Rows, empty ones among them, that cost less by rules than another shape costs to compile."""

HIGHEST_ORDER = 62
"""Of the rules of quadrature, in each dimension."""

_ORDER_IN_MEMORY = 17
_BYTES_PER_NODE = 128
"""Of each row and node of levels, in arrays that are in use at the same time, on two cores."""


@dataclass(frozen=True, eq=False)
class Group:
    """Blocks that are integrated in one way.

    Attributes
    ----------
    width
        Effects of the separator in each: those that are drawn, rounded up, or stand at nodes.
    by_rule
        Whether they stand at the nodes of a rule.
    """

    block: Int[np.ndarray, " B"]
    elimination: Elimination
    width: int
    by_rule: bool


@dataclass(frozen=True, eq=False)
class Integration:
    """A design and its blocks, and what the options say of their integrals.

    Attributes
    ----------
    blocks
        The blocks that count.
    """

    design: Design
    parts: Partition
    options: SolverOptions
    blocks: Int[np.ndarray, " B"]
    _groups: dict[bytes, list[Group]] = field(default_factory=dict)
    _batches: dict[int, Sequence[Batch]] = field(default_factory=dict)

    @classmethod
    def of(cls, design: Design, options: SolverOptions) -> Integration:
        """With the blocks that the options ask for.

        Raises
        ------
        FitError
            If the matrices of a block do not fit in memory.
        """
        parts = partition(design, joint=options.blocks == "joint")
        made = cls(design, parts, options, np.arange(parts.n_blocks))
        check_block_size(made.batches, options.memory)
        return made

    @cached_property
    def batches(self) -> Sequence[Batch]:
        """All blocks, batched."""
        return list(batches(self.design, self.parts, self.blocks))

    def sample(self, rows: int) -> Integration:
        """With blocks of about so many rows, evenly spaced; with all if a component had few effects."""
        step = max(1, len(self.design.y) // rows)
        chosen = self.blocks[::step]
        there = np.isin(self.parts.effect_block, chosen)
        effects = np.bincount(self.parts.effect_component[there], minlength=len(self.design.components))
        if len(chosen) == len(self.blocks) or effects.min() < _FEW:
            return self
        return Integration(self.design, self.parts, self.options, chosen)

    def batches_of(self, group: Group) -> Sequence[Batch]:
        """The blocks of a group of `groups`, batched."""
        rule_alone = group.by_rule and not group.elimination.levels
        if len(group.block) == len(self.blocks) and not rule_alone:
            return self.batches
        if id(group) not in self._batches:
            rows = int(self._rows[group.block].sum())
            to_fill = max(_ROWS_OF_A_RULE - rows, rows // 2) if rule_alone else FEW_TO_FILL
            made = list(batches(self.design, self.parts, group.block, rows_to_fill=to_fill))
            self._batches[id(group)] = made
        return self._batches[id(group)]

    def groups(self, variances: Float[np.ndarray, " K"]) -> list[Group]:
        """The blocks by the cheapest way to integrate them, with the effects of variance 0 left out.

        Raises
        ------
        FitError
            If quadrature is asked for, and a block is beyond it.
        """
        active = np.array([variances[term.component] > 0 for term in self.design.random])
        if active.tobytes() in self._groups:
            return self._groups[active.tobytes()]
        counts = effect_counts(self.design, self.parts)
        found = [
            group
            for elimination, block in self._assigned(counts, active)
            for group in self._by_width(elimination, block, counts)
        ]
        drawn = [group.width for group in found if not group.by_rule and group.elimination.separator]
        if self.options.integration == "quadrature" and drawn:
            width = max(drawn)
            raise FitError(
                f"quadrature takes at most {QUADRATURE_EFFECTS} effects at a level, and {width} stand"
                " together in a block of this model",
                hint="leave integration to auto, which draws them",
            )
        self._groups[active.tobytes()] = found
        return found

    def _assigned(
        self, counts: Int[np.ndarray, "T blocks"], active: Bool[np.ndarray, " T"]
    ) -> Iterator[tuple[Elimination, Int[np.ndarray, " B"]]]:
        """Eliminations, each with the blocks for which its predicted cost is the lowest."""
        candidates = self._candidates(active)
        drawn = self.options.integration != "quadrature"
        costs = np.array([c.cost(counts, rules_allowed=self._rules_allowed, drawn=drawn) for c in candidates])
        if self.options.blocks == "conditional" and len(candidates) > 1:
            costs[0] = np.inf
        # Of equal ones that which serves most blocks well, so that there are few groups.
        order = np.argsort(costs.sum(axis=1), kind="stable")
        best = order[np.argmin(costs[order], axis=0)]
        best[self._rows == 0] = 0  # an effect that no row carries
        for index in np.unique(best):
            block = self.blocks[best[self.blocks] == index]
            if len(block):
                yield candidates[index], block

    def _candidates(self, active: Bool[np.ndarray, " T"]) -> list[Elimination]:
        """The eliminations that the options allow and memory can hold; first the one without levels."""
        whole, *with_levels = eliminations(self.design, active)
        if not self._levels_allowed:
            return [whole]
        largest = self._rows[self.blocks].max()
        fitting = [c for c in with_levels if largest <= self._most_rows(c)]
        if self._draws_meant and self.options.blocks == "auto":
            fitting = [c for c in fitting if c.separator]
        return [whole, *fitting]

    def _by_width(
        self,
        elimination: Elimination,
        block: Int[np.ndarray, " B"],
        counts: Int[np.ndarray, "T blocks"],
    ) -> Iterator[Group]:
        size = elimination.separator_sizes(counts)[block]
        by_rule = elimination.by_rule(counts, self._rules_allowed)[block]
        width = np.where(by_rule, size, rounded_up(size))
        for key in np.unique(np.stack([width, by_rule]), axis=1).T:
            chosen = (width == key[0]) & (by_rule == key[1])
            for some in self._split(block[chosen], elimination):
                yield Group(some, elimination, int(key[0]), bool(key[1]))

    def _split(self, block: Int[np.ndarray, " B"], elimination: Elimination) -> list[Int[np.ndarray, " b"]]:
        """Blocks with levels, in parts whose rows and nodes fit in memory."""
        if not elimination.levels:
            return [block]
        part = np.cumsum(self._rows[block]) // self._most_rows(elimination)
        return np.split(block, np.flatnonzero(np.diff(part)) + 1)

    @cached_property
    def _rows(self) -> Int[np.ndarray, " blocks"]:
        """Rows of each block."""
        return np.bincount(self.parts.row_block, minlength=self.parts.n_blocks)

    def _most_rows(self, elimination: Elimination) -> int:
        """Rows whose nodes fit in memory, with rules of an order that is seldom exceeded."""
        nodes = _ORDER_IN_MEMORY ** sum(map(len, elimination.levels))
        return max(1, int(self.options.memory * _GIB / (_BYTES_PER_NODE * nodes)))

    def highest_order(self, variances: Float[np.ndarray, " K"]) -> int:
        """The largest order of rules whose refinement fits in memory."""
        order = HIGHEST_ORDER
        for group in self.groups(variances):
            depth = sum(map(len, group.elimination.levels))
            nodes = self.options.memory * _GIB / (_BYTES_PER_NODE * max(1, self._rows[group.block].sum()))
            if depth:
                order = min(order, int(max(1.0, nodes) ** (1 / depth) / 1.5))
        return order

    @property
    def _levels_allowed(self) -> bool:
        """Whether some effects may be integrated by quadrature below others."""
        options = self.options
        return (
            options.integration != "importance"
            and options.proposal == "laplace"
            and options.blocks in ("auto", "conditional")
        )

    @property
    def _draws_meant(self) -> bool:
        """Whether the options speak of draws, and leave it open what is integrated how."""
        options = self.options
        spoken = options.draws is not None or options.points == "random"
        return options.integration == "auto" and spoken

    @property
    def _rules_allowed(self) -> bool:
        """Whether separators may stand at the nodes of a rule: not where the options speak of draws."""
        options = self.options
        if options.integration != "auto":
            return options.integration == "quadrature"
        return not self._draws_meant and options.proposal == "laplace" and options.blocks != "joint"


def check_block_size(batches: Sequence[Batch], memory: float) -> None:
    """Refuse blocks whose dense matrices would not fit in `memory` GiB.

    Raises
    ------
    FitError
        Naming the size of the largest block and what it would take.
    """
    largest = max(batches, key=lambda b: b.component.shape[1])
    n_blocks = len(largest.block)
    n_effects = largest.component.shape[1]
    needed = 8 * n_blocks * n_effects * 4 * n_effects / _GIB
    if needed > memory:
        raise FitError(
            f"a block of {n_effects} joined random effects needs {needed:.1f} GiB,"
            f" and the budget is {memory:g} GiB",
            hint="raise it with solver memory = ..., or group the data into smaller blocks",
        )
