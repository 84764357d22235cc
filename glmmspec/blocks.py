"""The independent blocks of a design, batched by size.

Two random effects are joined when one row carries both; the connected components of that graph
are blocks, over which the likelihood is a product. Blocks of like size are stacked and padded
to one shape, so that a million blocks of one effect cost a few arrays and no Python objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from glmmspec.design import Design

PADDING = -1
"""What stands in an index array where a padded row, effect or block has no counterpart."""

_ROWS_PER_BATCH = 2**15
FEW_TO_FILL = 2**10
"""Empty rows that cost less, in every draw, than a table more costs to compile."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Blocks of like size, padded to B blocks of N rows and Q effects; T random terms.

    A padded row has no successes and no trials, so that it adds exactly 0 to a log-likelihood;
    a padded effect is `PADDING` in `component` and no row points to it with a non-zero value.

    Attributes
    ----------
    block
        Index of each block, `PADDING` for a padded one.
    row, effect
        Index of each row in the design and of each effect among all effects.
    x, offset
        Fixed-effect matrix and offset.
    successes, trials
        weight * y and weight * trials: what multiplies eta and the cumulant.
    codes, values
        For each row and term, the effect's position in the block, and its multiplier.
    component
        Variance component of each effect.
    """

    block: Int[np.ndarray, " B"]
    row: Int[np.ndarray, "B N"]
    effect: Int[np.ndarray, "B Q"]
    x: Float[np.ndarray, "B N p"]
    offset: Float[np.ndarray, "B N"]
    successes: Float[np.ndarray, "B N"]
    trials: Float[np.ndarray, "B N"]
    codes: Int[np.ndarray, "B N T"]
    values: Float[np.ndarray, "B N T"]
    component: Int[np.ndarray, "B Q"]

    def z(self) -> Float[np.ndarray, "B N Q"]:
        """The random-effect matrix of each block, dense."""
        n_blocks, n_rows, n_terms = self.codes.shape
        dense = np.zeros((n_blocks, n_rows, self.component.shape[1]))
        block, row = np.ogrid[:n_blocks, :n_rows]
        for t in range(n_terms):
            np.add.at(dense, (block, row, self.codes[:, :, t]), self.values[:, :, t])
        return dense

    def z_times(self, effects: Float[np.ndarray, "B Q *p"]) -> Float[np.ndarray, "B N *p"]:
        """Z u, each row's effects looked up."""
        wider = (slice(None), slice(None)) + (None,) * (effects.ndim - 2)
        total = np.zeros((*self.row.shape, *effects.shape[2:]))
        block = np.arange(len(self.row))[:, None]
        for t in range(self.codes.shape[2]):
            total += self.values[:, :, t][wider] * effects[block, self.codes[:, :, t]]
        return total

    def z_transposed_times(self, rows: Float[np.ndarray, "B N *p"]) -> Float[np.ndarray, "B Q *p"]:
        """Z'r, each row's value added to its effects."""
        n_blocks, n_effects = self.component.shape
        columns = rows.reshape(*self.row.shape, -1)
        total = np.zeros((n_blocks * n_effects, columns.shape[2]))
        for t in range(self.codes.shape[2]):
            at = self._places(self.codes[:, :, t], n_effects)
            for column in range(columns.shape[2]):
                weights = (self.values[:, :, t] * columns[:, :, column]).ravel()
                total[:, column] += np.bincount(at, weights, minlength=len(total))
        return total.reshape(n_blocks, n_effects, *rows.shape[2:])

    def z_products(self, weights: Float[np.ndarray, "B N"]) -> Float[np.ndarray, "B Q Q"]:
        """Z' diag(w) Z, from the pairs of effects that rows carry."""
        n_blocks, n_effects = self.component.shape
        total = np.zeros(n_blocks * n_effects**2)
        n_terms = self.codes.shape[2]
        for s in range(n_terms):
            for t in range(n_terms):
                pair = self.codes[:, :, s] * n_effects + self.codes[:, :, t]
                product = (self.values[:, :, s] * self.values[:, :, t] * weights).ravel()
                total += np.bincount(self._places(pair, n_effects**2), product, minlength=len(total))
        return total.reshape(n_blocks, n_effects, n_effects)

    def _places(self, codes: Int[np.ndarray, "B N"], size: int) -> Int[np.ndarray, " rows"]:
        return (codes + (np.arange(len(codes)) * size)[:, None]).ravel()


@dataclass(frozen=True, eq=False)
class Partition:
    """The assignment of a design's rows and effects to blocks.

    Attributes
    ----------
    row_block
        Block of each row. A row that carries no effect is in block 0: it multiplies that block's
        integral by a constant.
    effect_block
        Block of each effect; effects are numbered through the terms in order.
    effect_component
        Variance component of each effect.
    effects
        Effect of each row and term.
    """

    n_blocks: int
    row_block: Int[np.ndarray, " n"]
    effect_block: Int[np.ndarray, " q"]
    effect_component: Int[np.ndarray, " q"]
    effects: Int[np.ndarray, "n T"]


def partition(design: Design, *, joint: bool = False) -> Partition:
    """Split a design into its independent blocks, or take all of it as one (`joint`)."""
    sizes = [len(term.levels) for term in design.random]
    starts = design.effect_starts
    effects = np.stack(
        [start + term.codes for start, term in zip(starts, design.random, strict=False)], axis=1
    )
    carried = np.stack([term.values != 0 for term in design.random], axis=1)
    n_effects = int(starts[-1])
    labels = np.zeros(n_effects, dtype=np.int64) if joint else _connected(effects, carried, n_effects)
    first = np.argmax(carried, axis=1)
    rows = np.arange(len(effects))
    row_block = np.where(carried[rows, first], labels[effects[rows, first]], 0)
    return Partition(
        n_blocks=int(labels.max()) + 1,
        row_block=row_block,
        effect_block=labels,
        effect_component=np.repeat([term.component for term in design.random], sizes),
        effects=effects,
    )


def _connected(
    effects: Int[np.ndarray, "n T"], carried: Int[np.ndarray, "n T"], n_effects: int
) -> Int[np.ndarray, " q"]:
    """The component of each effect in the graph that joins the effects a row carries, in a chain."""
    tails, heads = [], []
    last = np.full(len(effects), PADDING)
    for t in range(effects.shape[1]):
        joins = carried[:, t] & (last != PADDING)
        tails.append(last[joins])
        heads.append(effects[joins, t])
        last = np.where(carried[:, t], effects[:, t], last)
    tail, head = np.concatenate(tails), np.concatenate(heads)
    graph = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(n_effects, n_effects))
    return connected_components(graph.tocsr(), directed=False)[1].astype(np.int64)


def grouped_tables(
    label: Int[np.ndarray, " members"], n_groups: int, to_fill: int = FEW_TO_FILL
) -> Iterator[tuple[Int[np.ndarray, " J"], Int[np.ndarray, "J R"]]]:
    """Groups of like size, and the members of each in a table: few tables where few places stay empty."""
    grouping = _Grouping.of(label, n_groups)
    like = _merged(rounded_up(grouping.sizes), max(to_fill, len(label) // 2))
    for size in np.unique(like):
        members = np.flatnonzero(like == size)
        yield members, grouping.table(members, _width(grouping.sizes[members]))


def _merged(sizes: Int[np.ndarray, " B"], spare: int) -> Int[np.ndarray, " B"]:
    """Sizes with the smallest raised to larger ones that occur, while that adds at most `spare` in all."""
    sizes = sizes.copy()
    for size, larger in pairwise(np.unique(sizes)):
        filled = int((sizes == size).sum() * (larger - size))
        if filled > spare:
            break
        spare -= filled
        sizes[sizes == size] = larger
    return sizes


def member_table(
    label: Int[np.ndarray, " members"], n_groups: int, groups: Int[np.ndarray, " B"]
) -> Int[np.ndarray, "B width"]:
    """The members of some groups, `PADDING` where one has fewer than another."""
    grouping = _Grouping.of(label, n_groups)
    return grouping.table(groups, int(grouping.sizes[groups].max(initial=0)))


def batches(
    design: Design,
    parts: Partition,
    chosen: Int[np.ndarray, " blocks"] | None = None,
    *,
    rows_to_fill: int = FEW_TO_FILL,
) -> Iterator[Batch]:
    """Blocks of a partition (by default all) as batches, each of at most about 32,768 padded rows.

    Blocks are together whose sizes are the same rounded up (to 1, 2, 3, 4, 6, 8, 12, ...), so that few
    shapes, and few compilations, serve any number of them; a batch may be filled up with empty blocks, so
    that data of nearly as many groups take the same shapes. Sizes that differ in rows alone are
    made one where that takes at most `rows_to_fill` empty ones.
    """
    rows = _Grouping.of(parts.row_block, parts.n_blocks)
    effects = _Grouping.of(parts.effect_block, parts.n_blocks)
    data = _RowData.of(design, parts, effects.positions(parts.effect_block))
    shapes = np.stack([rounded_up(rows.sizes), rounded_up(effects.sizes)], axis=1)
    chosen = np.arange(parts.n_blocks) if chosen is None else chosen
    for n_effects in np.unique(shapes[chosen, 1]):
        alike = chosen[shapes[chosen, 1] == n_effects]
        shapes[alike, 0] = _merged(shapes[alike, 0], rows_to_fill)
    for n_rows, n_effects in np.unique(shapes[chosen], axis=0):
        members = chosen[(shapes[chosen] == (n_rows, n_effects)).all(axis=1)]
        width = _width(rows.sizes[members])
        per_batch = min(_in_steps(len(members)), max(1, _ROWS_PER_BATCH // width))
        for start in range(0, len(members), per_batch):
            block = np.full(per_batch, PADDING)
            taken = members[start : start + per_batch]
            block[: len(taken)] = taken
            yield data.batch(block, rows.table(block, width), effects.table(block, n_effects))


@dataclass(frozen=True, eq=False)
class _RowData:
    """What each row of the design brings to its block."""

    x: Float[np.ndarray, "n p"]
    offset: Float[np.ndarray, " n"]
    successes: Float[np.ndarray, " n"]
    trials: Float[np.ndarray, " n"]
    codes: Int[np.ndarray, "n T"]
    values: Float[np.ndarray, "n T"]
    effect_component: Int[np.ndarray, " q"]

    @classmethod
    def of(cls, design: Design, parts: Partition, position: Int[np.ndarray, " q"]) -> _RowData:
        values = np.stack([term.values for term in design.random], axis=1)
        return cls(
            x=design.x,
            offset=design.offset,
            successes=design.weights * design.y,
            trials=design.weights * design.trials,
            # A zero-valued term may point into another block, where positions mean nothing here.
            codes=np.where(values != 0, position[parts.effects], 0),
            values=values,
            effect_component=parts.effect_component,
        )

    def batch(
        self, block: Int[np.ndarray, " B"], row: Int[np.ndarray, "B N"], effect: Int[np.ndarray, "B Q"]
    ) -> Batch:
        real = row != PADDING
        return Batch(
            block=block,
            row=row,
            effect=effect,
            x=self.x[row] * real[:, :, None],
            offset=self.offset[row] * real,
            successes=self.successes[row] * real,
            trials=self.trials[row] * real,
            codes=self.codes[row] * real[:, :, None],
            values=self.values[row] * real[:, :, None],
            component=np.where(effect != PADDING, self.effect_component[effect], PADDING),
        )


def _width(sizes: Int[np.ndarray, " B"]) -> int:
    """Rows that hold the largest of some blocks; if they are many a multiple of 4, to be read in quarters."""
    largest = max(1, int(sizes.max()))
    return largest if largest < 32 else -(-largest // 4) * 4


def _in_steps(count: int) -> int:
    """A count, from 16 on rounded up to the next multiple of an eighth of the power of two below it."""
    step = 1 << max(0, count.bit_length() - 4)
    return -(-count // step) * step


def rounded_up(sizes: Int[np.ndarray, " B"]) -> Int[np.ndarray, " B"]:
    """Each size rounded up to the next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ..."""
    steps = np.unique([2**k * f // 2 for k in range(62) for f in (2, 3)])
    return np.asarray(steps[np.searchsorted(steps, np.maximum(sizes, 1))])


@dataclass(frozen=True, eq=False)
class _Grouping:
    """Members (rows or effects) sorted by the block they belong to."""

    order: Int[np.ndarray, " members"]
    starts: Int[np.ndarray, " blocks"]
    sizes: Int[np.ndarray, " blocks"]

    @classmethod
    def of(cls, label: Int[np.ndarray, " members"], n_blocks: int) -> _Grouping:
        sizes = np.bincount(label, minlength=n_blocks)
        return cls(np.argsort(label, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def positions(self, label: Int[np.ndarray, " members"]) -> Int[np.ndarray, " members"]:
        """The place of each member in its block."""
        position = np.empty_like(self.order)
        position[self.order] = np.arange(len(self.order)) - self.starts[label[self.order]]
        return position

    def table(self, block: Int[np.ndarray, " B"], width: int) -> Int[np.ndarray, "B width"]:
        """The members of each block, padded to `width`."""
        slots = np.arange(width)
        inside = (block != PADDING)[:, None] & (slots < self.sizes[block][:, None])
        at = np.where(inside, self.starts[block][:, None] + slots, 0)
        return np.where(inside, self.order[at], PADDING)
