"""Conditional blocks: a separator's effects drawn, the pieces that are left integrated in every draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING, Batch, Partition, member_table
from glmmspec.design import Design
from glmmspec.solver.axes import log_volume
from glmmspec.solver.coordinates import Point
from glmmspec.solver.fitted import Drawn, FittedProposal
from glmmspec.solver.hermite import Rule, finer
from glmmspec.solver.integral import EffectDraws, EffectMoments
from glmmspec.solver.joint_modes import JointModes
from glmmspec.solver.kernel import Draws, Effects, Level, Nodes, Root, Rows
from glmmspec.solver.piece_effects import EffectSums, drawn_nodes, effect_sums
from glmmspec.solver.piece_modes import piece_modes
from glmmspec.solver.pieces import PieceTree
from glmmspec.solver.weighted_sample import DRAWS_PER_CHUNK, Layout, WeightedSample, chunk_size, size_of
from glmmspec.solver.zero_variance import zero_variance_score

_JOINT_DRAWS = 4096
_MOST_VALUES = 2**25
_FEW_ROWS = 2**12
_FEW_DRAWS = 32
"""The modes of pieces of so few rows are found for so many draws together, whatever the order of rules."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What a conditional sample is made of, apart from its draws.

    Attributes
    ----------
    batches
        The blocks, as they are without levels.
    """

    design: Design
    parts: Partition
    batches: Sequence[Batch]
    tree: PieceTree
    centre: Point
    modes: JointModes
    mesh: Mesh | None
    single: bool

    def chunk(self, levels: Sequence[Sequence[int]], order: int) -> int:
        """Draws of the separators in one kernel call."""
        rows = sum(bucket.row.size for bucket in self.tree.buckets)
        return chunk_size(rows * order ** sum(map(len, levels)))

    def effects_at(self, index: Int[np.ndarray, "J Q"]) -> Effects:
        """Membership and drift of some effects."""
        real = index != PADDING
        component = self.parts.effect_component[index]
        names = np.arange(len(self.centre.variances))
        members = np.where(real[:, :, None], component[:, :, None] == names, False)
        drift = np.where(real[:, :, None], self.modes.drift[index], 0.0)
        return Effects.of(members, drift)

    def rows_at(self, row: Int[np.ndarray, "J R"], own: Sequence[int]) -> Rows:
        """Rows of pieces whose own effects are of the terms `own`."""
        design, real = self.design, row != PADDING
        z = np.stack([np.where(real, design.random[t].values[row], 0.0) for t in own], axis=2)
        slope = design.x[row].copy()
        for t, term in enumerate(design.random):
            slope += term.values[row][:, :, None] * self.modes.drift[self.parts.effects[row, t]]
        return Rows.of(
            slope=np.where(real[:, :, None], slope, 0.0),
            base=np.where(real, design.x[row] @ self.centre.beta + design.offset[row], 0.0),
            successes=np.where(real, (design.weights * design.y)[row], 0.0),
            trials=np.where(real, (design.weights * design.trials)[row], 0.0),
            codes=self.tree.codes[row],
            values=self.tree.values(design, row),
            own=z,
        )


class ConditionalSample(WeightedSample):
    """Blocks whose separators are drawn, or stand at the nodes of a rule, with `levels` of pieces below.

    Parameters
    ----------
    separators
        Values of the separators' effects at the centre's beta; 0 for padded ones.
    constant
        -log q of each, or of a rule the logarithm of the node's weight times their number.
    replicates
        How many independent sets the draws fall into; 1 for a rule.
    order
        Nodes of each level's rule, in each dimension.
    source
        What the separators were drawn from.
    by_finer_rule
        Where they stand at the nodes of a rule: the same by a finer one.
    """

    def __init__(
        self,
        setting: Setting,
        levels: Sequence[Sequence[int]],
        separators: Float[np.ndarray, "B Q m"],
        constant: Float[np.ndarray, "B m"],
        *,
        replicates: int,
        order: int,
        source: Drawn | None = None,
        by_finer_rule: Callable[[], ConditionalSample] | None = None,
    ) -> None:
        self._setting = setting
        self.source = source
        self._finer = by_finer_rule or partial(
            ConditionalSample,
            setting,
            levels,
            separators,
            constant,
            replicates=replicates,
            order=finer(order),
        )
        tree = setting.tree
        chunk = setting.chunk(levels, order)
        layout = Layout.of(separators.shape[2], replicates, chunk, devices=size_of(setting.mesh))
        with jax.enable_x64(True):
            built = _LevelBuilder(setting, levels, order)
            above = separators.T.reshape(separators.shape[2], -1)
            children = tuple(built.children(0, above, separators.shape[2]))
            root = Root(
                setting.centre.beta,
                setting.effects_at(tree.separator),
                None,
                tuple(level for level, _ in children),
            )
        draws = Draws(
            layout.spread(separators, 2, 0.0).transpose(1, 2, 0),
            layout.spread(constant, 1, -np.inf).T,
            tuple(_spread(nodes, layout) for _, nodes in children),
        )
        super().__init__(root, draws, layout, setting.design.family, single=setting.single, mesh=setting.mesh)
        self.is_exact = by_finer_rule is not None
        self.block = tree.block
        self.effect = member_table(setting.parts.effect_block, setting.parts.n_blocks, tree.block)

    @classmethod
    def by_rule(
        cls,
        setting: Setting,
        levels: Sequence[Sequence[int]],
        mode: Float[np.ndarray, "B Q"],
        scale: Float[np.ndarray, "B Q Q"],
        *,
        order: int,
    ) -> ConditionalSample:
        """Separators of at most two effects at the nodes of a rule; those of none are at one place."""
        rule = Rule.of(order, mode.shape[1])
        separators = mode[:, :, None] + np.matmul(scale, rule.nodes)
        weight = log_volume(scale)[:, None] + rule.log_weights + np.log(len(rule.log_weights))
        if (setting.tree.separator == PADDING).all():
            separators, weight = np.zeros((*mode.shape, 1)), np.zeros((len(mode), 1))
        again = partial(cls.by_rule, setting, levels, mode, scale, order=finer(order))
        return cls(setting, levels, separators, weight, replicates=1, order=order, by_finer_rule=again)

    @property
    def has_rules(self) -> bool:
        """Yes, of the levels."""
        return True

    def refined(self) -> ConditionalSample:
        """With finer rules of the levels, at the same draws, or if there are none at nodes of finer rules."""
        return self._finer()

    def fitted(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> FittedProposal | None:
        """A proposal fitted to the separators as they are weighted at given parameters."""
        if self.source is None:
            return None
        flat = self.log_weights(beta, variances).reshape(len(self.block), -1)
        return self.source.fitted(*self.drawn(), flat)

    def effect_moments(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> EffectMoments:
        """mean = sum W E[u | v],  slope = drift + Cov(u, g), with the pieces integrated out."""
        sums = self._effect_sums(beta, variances)
        groups = self.group_sums(beta, variances)
        n, n_parameters = len(self._setting.modes.mode), groups.score.shape[2]
        first = np.zeros((n, self.layout.groups))
        square, crossed = np.zeros(n), np.zeros((n, n_parameters))
        for index, part in sums:
            real = index != PADDING
            first[index[real]] = part.first[real]
            square[index[real]] = part.square[real]
            crossed[index[real]] = part.crossed[real]
        block = np.repeat(np.arange(len(self.block)), self.effect.shape[1]).reshape(self.effect.shape)
        mean = first.sum(axis=1)[self.effect]
        gradient = groups.score.sum(axis=1)
        slope = crossed[self.effect] - mean[:, :, None] * gradient[block]
        slope[:, :, : self._setting.modes.drift.shape[1]] += self._setting.modes.drift[self.effect]
        deviation = first[self.effect] - mean[:, :, None] * groups.weight[block]
        variance = np.maximum(square[self.effect] - mean**2, 0)
        return EffectMoments(mean, variance, deviation, slope)

    def _effect_sums(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[tuple[Int[np.ndarray, "J Q"], EffectSums]]:
        """By level, for effects numbered as in the design."""
        weights, family = self._weights(beta, variances), self._setting.design.family.name
        with jax.enable_x64(True):
            parts = [
                effect_sums(family, self.root, chunk, part, beta, variances)
                for chunk, part in zip(self.chunks, weights, strict=True)
            ]
        levels = [
            EffectSums(
                self._by_group(np.concatenate([part.first for part in level], axis=2)),
                np.sum([part.square for part in level], axis=0),
                np.sum([part.crossed for part in level], axis=0),
            )
            for level in zip(*parts, strict=True)
        ]
        return list(zip(self._indices(), levels, strict=True))

    def _by_group(self, by_part: Float[np.ndarray, "J Q parts"]) -> Float[np.ndarray, "J Q G"]:
        return np.asarray(by_part.reshape(*by_part.shape[:2], self.layout.groups, -1).sum(axis=3))

    def effect_draws(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> EffectDraws:
        """Each separator's draw several times, each time with nodes of the pieces drawn by their shares.

        A rule of order M has the moments of a piece up to degree 2 M - 1, and so have its nodes.
        """
        copies = max(1, min(_JOINT_DRAWS, _MOST_VALUES // self.effect.size) // self.n_draws)
        weights = self._weights(beta, variances)
        real = self.effect != PADDING
        local = self._numbers()
        flat = np.zeros((int(real.sum()), self.n_draws, copies))
        rng = np.random.default_rng([int(self.block[0]), len(self.block), self.n_draws])
        family, parts = self._setting.design.family.name, []
        with jax.enable_x64(True):
            for chunk in self.chunks:
                parts.append(drawn_nodes(family, self.root, chunk, beta, variances, copies, rng))
        for level, index in enumerate(self._indices()):
            values = [part[level].transpose(0, 1, 4, 2, 3) for part in parts]
            gathered = self.layout.gathered(values).reshape(*index.shape, copies, self.n_draws)
            # An effect that no row carries is a block of its own, though the piece has it too.
            mine = (index != PADDING) & (local[index] != PADDING)
            flat[local[index[mine]]] = gathered[mine].transpose(0, 2, 1)
        shares = self._gathered(weights).reshape(len(self.block), self.n_draws) / copies
        effects = np.where(real[:, :, None, None], flat[local[self.effect]], 0.0)
        return EffectDraws(np.repeat(shares, copies, axis=1), effects.reshape(*self.effect.shape, -1))

    def zero_variance_score(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], component: int
    ) -> float:
        """dl/dnu_t at nu_t = 0, for a component t that is held at 0, over draws of all effects."""
        draws = self.effect_draws(beta, variances)
        real = self.effect != PADDING
        local = self._numbers()
        flat, of_block = draws.effects[real], np.zeros(self._setting.parts.n_blocks, dtype=np.int64)
        of_block[self.block] = np.arange(len(self.block))
        total = 0.0
        for batch in self._setting.batches:
            there = batch.effect != PADDING
            effects = np.where(there[:, :, None], flat[local[batch.effect]], 0.0)
            weights = draws.weights[of_block[batch.block]] * (batch.block != PADDING)[:, None]
            mine = EffectDraws(weights, effects)
            total += zero_variance_score(batch, self._setting.design.family, mine, beta, component)
        return total

    def _numbers(self) -> Int[np.ndarray, " q"]:
        """Where each of the design's effects stands among those of these blocks; `PADDING` for others."""
        real = self.effect != PADDING
        numbers = np.full(len(self._setting.modes.mode), PADDING, dtype=np.int64)
        numbers[self.effect[real]] = np.arange(int(real.sum()))
        return numbers

    def _weights(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[Float[np.ndarray, "G e B"]]:
        """Normalised weights of the separators' draws, by chunk."""
        log_weights = [np.asarray(part[1]) for part in self._evaluated(beta, variances)]
        top = np.max([part.max(axis=(0, 1)) for part in log_weights], axis=0)
        weights = [np.exp(part - top) for part in log_weights]
        total = np.sum([part.sum(axis=(0, 1)) for part in weights], axis=0)
        return [part / total for part in weights]

    def _indices(self) -> list[Int[np.ndarray, "J Q"]]:
        """The design's numbers of the effects of the root, and of each level and bucket below."""
        tree = self._setting.tree
        last = [tree.effects[-1][bucket.piece] for bucket in tree.buckets]
        return [tree.separator, *tree.effects[:-1], *last]


def _at_once(draws: int, rows: int) -> int:
    """Draws in which modes are found together: for few rows one number serves rules of any order above."""
    if rows > _FEW_ROWS or draws >= DRAWS_PER_CHUNK:
        return draws
    return _FEW_DRAWS


def _spread(nodes: Nodes, layout: Layout) -> Nodes:
    """Modes and scales in the draws' places."""
    fixed = nodes.scale.shape[2:4] == (1, 1) and nodes.mode.shape[1:3] != (1, 1)
    scale = nodes.scale if fixed else layout.spread(np.asarray(nodes.scale), 2, None)
    return nodes._replace(
        mode=layout.spread(np.asarray(nodes.mode), 1, None),
        scale=scale,
        children=tuple(_spread(child, layout) for child in nodes.children),
    )


@dataclass(frozen=True, eq=False)
class _LevelBuilder:
    """Makes the levels, and puts their rules where the integrands are."""

    setting: Setting
    levels: Sequence[Sequence[int]]
    order: int

    def children(
        self, depth: int, above: Float[np.ndarray, "d E"], n_draws: int
    ) -> Iterator[tuple[Level, Nodes]]:
        """The level below `depth`, given the values of all effects above it, draw after draw."""
        tree = self.setting.tree
        rule = Rule.of(self.order, len(self.levels[depth]))
        if depth == len(self.levels) - 1:
            for bucket in tree.buckets:
                effects = tree.effects[depth][bucket.piece]
                rows = jax.device_put(self.setting.rows_at(bucket.row, self.levels[depth]))
                mode, scale = self._at_modes(rows, effects, above)
                shape = (n_draws, -1, len(effects))
                nodes = Nodes(
                    mode.reshape(len(mode), *shape),
                    scale.reshape(*scale.shape[:2], *shape),
                    rule.nodes,
                    rule.log_weights,
                    (),
                )
                parent = tree.parents[depth][bucket.piece].astype(np.int32)
                yield Level(self.setting.effects_at(effects), parent, rows, ()), nodes
            return
        mode, root = self._regressed(depth, above)
        effects = mode[:, :, :, None] + np.matmul(root, rule.nodes)[:, :, None, :]
        own = effects.transpose(2, 3, 1, 0).reshape(-1, mode.shape[0] * mode.shape[1])
        listed = np.concatenate([np.repeat(above, rule.nodes.shape[1], axis=0), own], axis=1)
        below = tuple(self.children(depth + 1, listed, n_draws))
        nodes = Nodes(
            mode.transpose(1, 2, 0).reshape(mode.shape[1], n_draws, -1, len(mode)),
            root.transpose(1, 2, 0)[:, :, None, None],
            rule.nodes,
            rule.log_weights,
            tuple(nodes for _, nodes in below),
        )
        parent = tree.parents[depth].astype(np.int32)
        children = tuple(level for level, _ in below)
        yield Level(self.setting.effects_at(tree.effects[depth]), parent, None, children), nodes

    def _at_modes(
        self, rows: Rows, effects: Int[np.ndarray, "J Q"], above: Float[np.ndarray, "d E"]
    ) -> tuple[Float[np.ndarray, "Q d J"], Float[np.ndarray, "Q Q d J"]]:
        """Mode and scale of each piece of the last level in every draw."""
        setting = self.setting
        prior = 1 / setting.centre.variances[setting.parts.effect_component[effects.T]]
        start, family = setting.modes.mode[effects.T], setting.design.family.name
        each = min(_at_once(len(above), rows.base.size), chunk_size(max(1, rows.base.size // 4)))
        modes, scales = [], []
        for first in range(0, len(above), each):
            part = above[first : first + each]
            padded = np.pad(part, ((0, each - len(part)), (0, 0)), mode="edge")
            mode, scale = piece_modes(family, rows, prior, padded, start)
            modes.append(np.asarray(mode)[:, : len(part)])
            scales.append(np.asarray(scale)[:, :, : len(part)])
        return np.concatenate(modes, axis=1), np.concatenate(scales, axis=2)

    def _regressed(
        self, depth: int, above: Float[np.ndarray, "d E"]
    ) -> tuple[Float[np.ndarray, "J Q d"], Float[np.ndarray, "J Q Q"]]:
        """Mean and root of the covariance of an upper level's pieces given all above, near the joint mode.

        E[u | v] = u* + S_uv S_vv^-1 (v - v*), with the covariance S of the normal approximation there.
        """
        setting, tree = self.setting, self.setting.tree
        effects = tree.effects[depth]
        own = effects.shape[1]
        block, listed, given = self._path(depth)
        joint = setting.modes.covariance(tree.block[block], np.concatenate([effects, given], axis=1))
        cross, upper = joint[:, :own, own:], joint[:, own:, own:]
        slope = np.linalg.solve(upper, cross.transpose(0, 2, 1)).transpose(0, 2, 1)
        covariance = joint[:, :own, :own] - np.matmul(slope, cross.transpose(0, 2, 1))
        away = np.where(
            given[:, :, None] == PADDING, 0.0, above.T[listed] - setting.modes.mode[given][:, :, None]
        )
        mean = setting.modes.mode[effects][:, :, None] + np.matmul(slope, away)
        return mean, np.linalg.cholesky(covariance)

    def _path(
        self, depth: int
    ) -> tuple[Int[np.ndarray, " J"], Int[np.ndarray, "J A"], Int[np.ndarray, "J A"]]:
        """Of each piece: its block, and the effects above it, as listed and as numbered in the design."""
        tree = self.setting.tree
        ancestor = np.arange(len(tree.effects[depth]))
        listed, given = [], []
        for level in range(depth, 0, -1):
            ancestor = tree.parents[level][ancestor]
            upper = tree.effects[level - 1]
            first = tree.separator.size + sum(e.size for e in tree.effects[: level - 1])
            listed.append(first + ancestor[:, None] + len(upper) * np.arange(upper.shape[1]))
            given.append(upper[ancestor])
        block = tree.parents[0][ancestor]
        width = tree.separator.shape[1]
        listed.append(block[:, None] + len(tree.separator) * np.arange(width))
        given.append(tree.separator[block])
        return block, np.concatenate(listed, axis=1), np.concatenate(given, axis=1)
