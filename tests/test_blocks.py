"""Partition and batches against a plain union of sets."""

import numpy as np
import pytest

from glmmspec.blocks import PADDING, batches, grouped_tables, partition
from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES


def random_design(seed: int, n: int, levels: tuple[int, ...], sparse: bool) -> Design:
    rng = np.random.default_rng(seed)
    terms = []
    for t, q in enumerate(levels):
        values = rng.choice([0.0, 1.0, 2.5], size=n) if sparse else np.ones(n)
        names = tuple(map(str, range(q)))
        terms.append(RandomEffects(f"t{t}", f"t{t}", names, rng.integers(0, q, n), values, t % 2))
    return Design(
        family=FAMILIES["poisson"],
        y=rng.poisson(1.0, n).astype(float),
        trials=np.ones(n),
        x=rng.normal(size=(n, 2)),
        coefficients=("a", "b"),
        weights=rng.random(n),
        offset=rng.normal(size=n),
        random=tuple(terms),
        components=("u", "v")[: len(levels)],
        rows=np.arange(n),
        n_dropped=0,
        data_hash="",
    )


def joined_sets(design: Design) -> list[set[int]]:
    """Blocks of effects by merging, row after row, the sets that the row's effects are in."""
    starts = np.cumsum([0, *(len(t.levels) for t in design.random)])
    blocks = [{j} for j in range(starts[-1])]
    for i in range(len(design.y)):
        carried = {
            int(start + t.codes[i])
            for start, t in zip(starts, design.random, strict=False)
            if t.values[i] != 0
        }
        touched = [b for b in blocks if b & carried]
        blocks = [b for b in blocks if not b & carried] + ([set().union(*touched)] if touched else [])
    return blocks


CASES = [
    (seed, n, levels, sparse)
    for seed, (n, levels) in enumerate(
        [(12, (30,)), (40, (30, 25)), (60, (20, 40, 15)), (5, (1, 1)), (9, (9,))]
    )
    for sparse in (False, True)
]


@pytest.mark.parametrize(("seed", "n", "levels", "sparse"), CASES)
def test_partition_is_the_union_of_sets(seed, n, levels, sparse):
    design = random_design(seed, n, levels, sparse)
    parts = partition(design)
    found = {frozenset(np.flatnonzero(parts.effect_block == b).tolist()) for b in range(parts.n_blocks)}
    assert found == {frozenset(b) for b in joined_sets(design)}
    assert partition(design, joint=True).n_blocks == 1


@pytest.mark.parametrize(("seed", "n", "levels", "sparse"), CASES)
@pytest.mark.parametrize("rows_per_batch", [1, 16, 2**15])
def test_batches_hold_every_row_and_effect_once(monkeypatch, seed, n, levels, sparse, rows_per_batch):
    monkeypatch.setattr("glmmspec.blocks._ROWS_PER_BATCH", rows_per_batch)
    design = random_design(seed, n, levels, sparse)
    parts = partition(design)
    rows, effects, blocks = [], [], []
    u = np.random.default_rng(1).normal(size=sum(levels))
    expected = design.offset + sum(
        term.values * u[parts.effects[:, t]] for t, term in enumerate(design.random)
    )
    for batch in batches(design, parts):
        real = batch.row != PADDING
        blocks += batch.block[batch.block != PADDING].tolist()
        rows += batch.row[real].tolist()
        effects += batch.effect[batch.effect != PADDING].tolist()
        block_u = np.where(batch.effect != PADDING, u[batch.effect], np.nan)
        by_codes = batch.offset + sum(
            np.where(
                batch.values[:, :, t] != 0,
                batch.values[:, :, t] * np.take_along_axis(block_u, batch.codes[:, :, t], axis=1),
                0,
            )
            for t in range(len(levels))
        )
        np.testing.assert_allclose(by_codes[real], expected[batch.row[real]])
        dense = batch.offset + np.einsum("bnq,bq->bn", batch.z(), np.nan_to_num(block_u))
        np.testing.assert_allclose(dense[real], expected[batch.row[real]])
        np.testing.assert_array_equal(batch.trials[~real], 0)
        np.testing.assert_array_equal(batch.successes[~real], 0)
        np.testing.assert_allclose(batch.successes[real], (design.weights * design.y)[batch.row[real]])
        np.testing.assert_array_equal(
            batch.component[batch.effect != PADDING],
            parts.effect_component[batch.effect[batch.effect != PADDING]],
        )
    assert sorted(rows) == list(range(n))
    assert sorted(effects) == list(range(sum(levels)))
    assert sorted(blocks) == list(range(parts.n_blocks))


def test_a_hundred_thousand_blocks_are_a_few_arrays():
    design = random_design(0, 300_000, (100_000,), sparse=False)
    parts = partition(design)
    made = list(batches(design, parts))
    assert parts.n_blocks == 100_000
    assert len({batch.x.shape for batch in made}) <= 8
    assert len(made) < 100


def test_blocks_that_differ_in_few_rows_are_one_batch():
    """Each shape is compiled; empty rows are computed, so that many of them are not filled in."""
    design = random_design(3, 400, (40,), sparse=False)
    parts = partition(design)
    assert np.unique(np.bincount(parts.row_block)).size > 5
    assert len(list(batches(design, parts))) == 1
    assert len(list(batches(design, parts, rows_to_fill=0))) > 2
    [batch] = batches(design, parts)
    assert batch.row.shape[1] == np.bincount(parts.row_block).max()


def test_tables_are_fewer_where_more_places_may_stay_empty():
    label = np.random.default_rng(4).integers(0, 445, 1322)
    few, many = list(grouped_tables(label, 445)), list(grouped_tables(label, 445, 2**12))
    assert len(few) > 1
    [(groups, table)] = many
    np.testing.assert_array_equal(groups, np.arange(445))
    for group, members in zip(groups, table, strict=True):
        np.testing.assert_array_equal(members[members != PADDING], np.flatnonzero(label == group))
