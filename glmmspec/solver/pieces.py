"""Where rows and effects of some blocks stand when they are integrated level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glmmspec.blocks import FEW_TO_FILL, PADDING, Partition, grouped_tables
from glmmspec.design import Design
from glmmspec.solver.elimination import Elimination


@dataclass(frozen=True, eq=False)
class Bucket:
    """Pieces of the last level with like numbers of rows.

    Attributes
    ----------
    piece
        Each one's place in its level.
    row
        Their rows, `PADDING` where there are fewer.
    """

    piece: Int[np.ndarray, " J"]
    row: Int[np.ndarray, "J R"]


@dataclass(frozen=True, eq=False)
class PieceTree:
    """The effects of B blocks: those drawn, and by level those of each piece.

    Attributes
    ----------
    block
        The blocks.
    separator
        Effects drawn in each block, `PADDING` where there are fewer.
    effects
        Of each level, the effects of its pieces.
    parents
        Of each level, the place of each piece's parent: in the level above, at the top in `block`.
    buckets
        The pieces of the last level.
    codes, terms
        For each row of the design, where the effects above its piece stand in one list of the separators'
        and the upper levels', in each the first effects of all pieces first; and of which terms they are.
    """

    block: Int[np.ndarray, " B"]
    separator: Int[np.ndarray, "B Q"]
    effects: tuple[Int[np.ndarray, "J Q"], ...]
    parents: tuple[Int[np.ndarray, " J"], ...]
    buckets: tuple[Bucket, ...]
    codes: Int[np.ndarray, "n T"]
    terms: tuple[int, ...]

    @classmethod
    def of(
        cls,
        design: Design,
        parts: Partition,
        block: Int[np.ndarray, " B"],
        elimination: Elimination,
        width: int,
        rows_to_fill: int = FEW_TO_FILL,
    ) -> PieceTree:
        """For blocks with separators of at most `width` effects; `rows_to_fill` empty rows save buckets."""
        local = np.full(parts.n_blocks, PADDING)
        local[block] = np.arange(len(block))
        rows = np.flatnonzero(local[parts.row_block] != PADDING)
        starts = design.effect_starts
        outer = np.concatenate(
            [np.zeros(0, dtype=np.int64)]
            + [np.arange(starts[t], starts[t + 1]) for t in elimination.separator]
        )
        outer = outer[local[parts.effect_block[outer]] != PADDING]
        separator = np.full((len(block), width), PADDING)
        order = np.argsort(local[parts.effect_block[outer]], kind="stable")
        owner = local[parts.effect_block[outer[order]]]
        slot = np.arange(len(owner)) - np.searchsorted(owner, owner)
        separator[owner, slot] = outer[order]
        place = np.full(int(starts[-1]), PADDING)
        place[outer[order]] = slot * len(block) + owner
        listed = len(block) * width
        effects, parents = [], []
        above, upper = local[parts.row_block], list(elimination.separator)
        for level in elimination.levels:
            levels, first, piece = np.unique(
                design.random[level[0]].codes[rows], return_index=True, return_inverse=True
            )
            effects.append(np.stack([starts[t] + levels for t in level], axis=1))
            parents.append(above[rows[first]])
            above = np.full(len(design.y), PADDING)
            above[rows] = piece
            if level is not elimination.levels[-1]:
                place[effects[-1].T] = listed + np.arange(effects[-1].size).reshape(effects[-1].T.shape)
                listed += effects[-1].size
                upper += level
        codes = np.zeros((len(design.y), len(upper)), dtype=np.int64)
        for column, t in enumerate(upper):
            codes[rows, column] = place[parts.effects[rows, t]]
        # A term of value 0 may point into a block that is not here.
        codes = np.maximum(codes, 0)
        buckets = tuple(
            Bucket(piece, np.where(table == PADDING, PADDING, rows[table]))
            for piece, table in grouped_tables(above[rows], len(effects[-1]), rows_to_fill)
        )
        return cls(block, separator, tuple(effects), tuple(parents), buckets, codes, tuple(upper))

    def values(self, design: Design, row: Int[np.ndarray, "J R"]) -> Float[np.ndarray, "J R T"]:
        """The multipliers of the effects above some rows; 0 in padded rows."""
        shape = (*row.shape, len(self.terms))
        stacked = [np.where(row == PADDING, 0.0, design.random[t].values[row]) for t in self.terms]
        return np.stack(stacked, axis=2) if stacked else np.zeros(shape)
