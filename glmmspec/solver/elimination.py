"""Which effects of a block are drawn, and which are integrated out given those.

Two effects of one grouping never meet in a row. Given all other effects, those of a grouping are
therefore independent pieces of one effect each (or two: an intercept and a slope); and given the
effects of a third, so are those of a grouping nested in another, level by level. Effects of
groupings that are left are the separator: drawn, or if they are at most two in a block, integrated
by quadrature as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import Partition
from glmmspec.design import Design

QUADRATURE_EFFECTS = 2
"""Effects that one rule of quadrature is taken over at most."""

MOST_LEVELS = 3
"""Rules of quadrature inside each other at most."""

_SOME_ROWS = 1000
"""Rows that tell most groupings that are not nested from those that may be."""

_NODES = 9
_DRAWS = 2048
_DOUBLING = 10
"""Predicted costs: nodes in a dimension; draws of few effects, and how many more effects double them."""


@dataclass(frozen=True)
class Elimination:
    """Terms, by number: those of the separator, and those of each level below it from the top down.

    Without levels all effects are drawn (or integrated) together.
    """

    separator: tuple[int, ...]
    levels: tuple[tuple[int, ...], ...]

    def separator_sizes(self, counts: Int[np.ndarray, "T blocks"]) -> Int[np.ndarray, " blocks"]:
        """Effects of the separator in each block, from those of each term."""
        return np.asarray(counts[list(self.separator)].sum(axis=0))

    def by_rule(
        self, counts: Int[np.ndarray, "T blocks"], rules_allowed: bool
    ) -> Bool[np.ndarray, " blocks"]:
        """In which blocks the separator takes no draws: where it has no effect, and if allowed, few.

        Without levels a rule is taken over all effects of a block, those that are held at 0 too.
        """
        size = self.separator_sizes(counts) if self.levels else counts.sum(axis=0)
        empty = (size == 0) & (len(self.levels) > 0)
        return np.asarray(empty | ((size <= QUADRATURE_EFFECTS) & rules_allowed))

    def cost(
        self, counts: Int[np.ndarray, "T blocks"], *, rules_allowed: bool, drawn: bool
    ) -> Float[np.ndarray, " blocks"]:
        """Predicted evaluations of each row of a block: draws times nodes.

        `rules_allowed` says whether a small separator may stand at the nodes of a rule, `drawn` whether any
        may be drawn.
        """
        size = self.separator_sizes(counts)
        draws = _DRAWS * 2.0 ** (size / _DOUBLING) if drawn else np.full(len(size), np.inf)
        small = self.by_rule(counts, rules_allowed)
        outer = np.where(small, float(_NODES) ** np.where(small, size, 0), draws)
        return np.asarray(outer * float(_NODES) ** sum(map(len, self.levels)))


def effect_counts(design: Design, parts: Partition) -> Int[np.ndarray, "T blocks"]:
    """How many effects of each term lie in each block."""
    starts = design.effect_starts
    return np.stack(
        [
            np.bincount(parts.effect_block[start:stop], minlength=parts.n_blocks)
            for start, stop in pairwise(starts)
        ]
    )


def eliminations(design: Design, active: Bool[np.ndarray, " T"]) -> list[Elimination]:
    """All that the design allows, of the terms that are active; first the one without levels."""
    groupings = list(_groupings(design, active))
    eligible = [
        terms
        for terms in groupings
        if len(terms) <= QUADRATURE_EFFECTS and any((design.random[t].values != 0).all() for t in terms)
    ]
    found = [Elimination(tuple(np.flatnonzero(active).tolist()), ())]
    for levels in _chains(design, eligible):
        inside = {t for level in levels for t in level}
        separator = tuple(t for t in np.flatnonzero(active).tolist() if t not in inside)
        found.append(Elimination(separator, levels))
    return found


def _groupings(design: Design, active: Bool[np.ndarray, " T"]) -> Iterator[tuple[int, ...]]:
    """The active terms, those of one grouping together."""
    left = np.flatnonzero(active).tolist()
    while left:
        codes = design.random[left[0]].codes
        same = tuple(t for t in left if np.array_equal(design.random[t].codes, codes))
        yield same
        left = [t for t in left if t not in same]


def _chains(design: Design, groupings: Sequence[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Groupings of which each is nested in the one before it, up to `MOST_LEVELS`; first one, then two."""
    codes = [design.random[terms[0]].codes for terms in groupings]
    sizes = [len(design.random[terms[0]].levels) for terms in groupings]
    everything = range(len(groupings))
    inside = [
        [j for j in everything if (sizes[i], i) < (sizes[j], j) and _nested(codes[j], codes[i])]
        for i in everything
    ]
    chains: list[tuple[int, ...]] = [(i,) for i in everything]
    for _ in range(MOST_LEVELS):
        yield from (tuple(groupings[i] for i in chain) for chain in chains)
        chains = [(*chain, j) for chain in chains for j in inside[chain[-1]]]


def _nested(inner: Int[np.ndarray, " n"], outer: Int[np.ndarray, " n"]) -> bool:
    """Whether each level of one grouping lies in a single level of another."""
    return all(_is_function(outer[:rows], inner[:rows]) for rows in (_SOME_ROWS, None))


def _is_function(values: Int[np.ndarray, " n"], codes: Int[np.ndarray, " n"]) -> bool:
    """Whether each code has one value."""
    of_code = np.zeros(int(codes.max()) + 1, dtype=values.dtype)
    of_code[codes] = values
    return bool(np.array_equal(of_code[codes], values))
