"""How the blocks of a design are integrated: all effects together, or level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import Batch, Partition, batches, partition, rounded_up
from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.elimination import QUADRATURE_EFFECTS, Elimination, effect_counts, eliminations

_GIB = 2**30


@dataclass(frozen=True, eq=False)
class Group:
    """Blocks that are integrated in one way.

    Attributes
    ----------
    width
        Effects that are drawn, or stand at nodes, in each; rounded up if they are drawn.
    by_rule
        Whether they stand at the nodes of a rule.
    """

    block: Int[np.ndarray, " B"]
    elimination: Elimination
    width: int
    by_rule: bool


@dataclass(frozen=True, eq=False)
class Integration:
    """A design and its blocks, and what the options say of their integrals."""

    design: Design
    parts: Partition
    options: SolverOptions

    @classmethod
    def of(cls, design: Design, options: SolverOptions) -> Integration:
        """With the blocks that the options ask for.

        Raises
        ------
        FitError
            If the matrices of a block do not fit in memory.
        """
        made = cls(design, partition(design, joint=options.blocks == "joint"), options)
        check_block_size(made.batches, options.memory)
        return made

    @cached_property
    def batches(self) -> Sequence[Batch]:
        """All blocks, batched."""
        return list(batches(self.design, self.parts))

    def batches_of(self, group: Group) -> Sequence[Batch]:
        """The blocks of a group, batched."""
        if len(group.block) == self.parts.n_blocks:
            return self.batches
        return list(batches(self.design, self.parts, group.block))

    def groups(self, variances: Float[np.ndarray, " K"]) -> list[Group]:
        """The blocks by the cheapest way to integrate them, with the effects of variance 0 left out.

        Raises
        ------
        FitError
            If quadrature is asked for, and a block is beyond it.
        """
        active = np.array([variances[term.component] > 0 for term in self.design.random])
        counts = effect_counts(self.design, self.parts)
        found = [
            group
            for elimination, block in self._assigned(counts, active)
            for group in self._by_width(elimination, block, counts, active)
        ]
        if self.options.integration == "quadrature" and not all(group.by_rule for group in found):
            width = max(group.width for group in found if not group.by_rule)
            raise FitError(
                f"quadrature takes at most {QUADRATURE_EFFECTS} effects at a level, and {width} stand together"
                " in a block of this model",
                hint="leave integration to auto, which draws them",
            )
        return found

    def _assigned(
        self, counts: Int[np.ndarray, "T blocks"], active: Bool[np.ndarray, " T"]
    ) -> Iterator[tuple[Elimination, Int[np.ndarray, " B"]]]:
        """Eliminations, each with the blocks for which its predicted cost is the lowest."""
        candidates = eliminations(self.design, active)
        if not self._levels_allowed:
            candidates = candidates[:1]
        elif self.options.blocks == "conditional" and len(candidates) > 1:
            candidates = candidates[1:]
        drawn = self.options.integration != "quadrature"
        costs = np.array(
            [c.cost(counts, by_rule=self._by_rule(c, active), drawn=drawn) for c in candidates]
        )
        # Of equal ones that which serves most blocks well, so that there are few groups.
        order = np.argsort(costs.sum(axis=1), kind="stable")
        best = order[np.argmin(costs[order], axis=0)]
        for index in np.unique(best):
            yield candidates[index], np.flatnonzero(best == index)

    def _by_width(
        self,
        elimination: Elimination,
        block: Int[np.ndarray, " B"],
        counts: Int[np.ndarray, "T blocks"],
        active: Bool[np.ndarray, " T"],
    ) -> Iterator[Group]:
        size = elimination.separator_sizes(counts)[block]
        by_rule = (size <= QUADRATURE_EFFECTS) & self._by_rule(elimination, active)
        width = np.where(by_rule, size, rounded_up(size))
        for key in np.unique(np.stack([width, by_rule]), axis=1).T:
            chosen = (width == key[0]) & (by_rule == key[1])
            yield Group(block[chosen], elimination, int(key[0]), bool(key[1]))

    @property
    def _levels_allowed(self) -> bool:
        """Whether some effects may be integrated by quadrature below others."""
        options = self.options
        return (
            options.integration != "importance"
            and options.proposal == "laplace"
            and options.blocks in ("auto", "conditional")
        )

    def _by_rule(self, elimination: Elimination, active: Bool[np.ndarray, " T"]) -> bool:
        """Whether a separator may stand at the nodes of a rule: not where the options speak of its draws.

        Without levels a rule is taken over all effects of a block, as it is.
        """
        options = self.options
        if not elimination.levels and not active.all():
            return False
        if options.integration != "auto":
            return options.integration == "quadrature"
        draws_meant = options.draws is not None or options.points == "random"
        return not draws_meant and options.proposal == "laplace" and options.blocks != "joint"


def check_block_size(batches: Sequence[Batch], memory: float) -> None:
    """Refuse blocks whose dense matrices would not fit in `memory` GiB.

    Raises
    ------
    FitError
        Naming the size of the largest block and what it would take.
    """
    largest = max(batches, key=lambda b: b.component.shape[1])
    n_blocks, n_rows = largest.row.shape
    n_effects = largest.component.shape[1]
    needed = 8 * n_blocks * n_effects * (2 * n_rows + 4 * n_effects) / _GIB
    if needed > memory:
        raise FitError(
            f"a block of {n_effects} joined random effects needs {needed:.1f} GiB,"
            f" and the budget is {memory:g} GiB",
            hint="raise it with solver memory = ..., or group the data into smaller blocks",
        )
