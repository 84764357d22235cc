"""Which effects may be integrated given others: against all sequences of groupings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest

from glmmspec.design import Design, RandomEffects
from glmmspec.solver import elimination
from glmmspec.solver.elimination import MOST_LEVELS, eliminations
from tests.solver import designs


def of_groupings(*codes: np.ndarray) -> Design:
    """A design with an intercept in the levels of each."""
    design = designs.groups("bernoulli", seed=1, n_groups=len(codes[0]) // 4, per_group=4, variance=1.0)
    terms = tuple(
        RandomEffects(f"g{i}", f"g{i}", tuple(map(str, range(code.max() + 1))), code, np.ones(len(code)), i)
        for i, code in enumerate(codes)
    )
    return replace(design, random=terms, components=tuple(f"g{i}" for i in range(len(codes))))


def test_all_chains_of_nested_groupings_are_found() -> None:
    """Five groupings, of which some are nested and one is twice there with its levels in another order."""
    rows = np.arange(240)
    codes = (rows // 60, rows // 20, 11 - rows // 20, rows // 4, rows % 12)

    def is_nested(inner: int, outer: int) -> bool:
        return len(set(zip(codes[inner], codes[outer], strict=True))) == codes[inner].max() + 1

    expected = {
        chain
        for length in range(1, MOST_LEVELS + 1)
        for chain in permutations(range(5), length)
        if all(is_nested(inner, outer) for outer, inner in pairwise(chain))
    } - {(2, 1), (2, 1, 3), (0, 2, 1)}  # the two that are alike stand in one order
    whole, *found = eliminations(of_groupings(*codes), np.ones(5, dtype=bool))
    assert (whole.separator, whole.levels) == ((0, 1, 2, 3, 4), ())
    assert [e.levels for e in found] == sorted(
        {tuple((i,) for i in chain) for chain in expected}, key=lambda levels: (len(levels), levels)
    )
    assert all({*e.separator, *(t for [t] in e.levels)} == set(range(5)) for e in found)


def test_each_pair_of_groupings_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each triple: of 1000 groupings, the most that are read, there are 166 million."""
    asked: list[bool] = []
    nested = elimination._nested
    monkeypatch.setattr(elimination, "_nested", lambda *codes: asked.append(True) or nested(*codes))
    rng = np.random.default_rng(1)
    codes = [rng.permutation(np.arange(400) % 40) for _ in range(30)]
    assert len(eliminations(of_groupings(*codes), np.ones(30, dtype=bool))) == 31
    assert len(asked) == 30 * 29 // 2
