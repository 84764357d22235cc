"""Draws of some blocks' effects, weighted at any parameters by the kernel, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float

from glmmspec.family import Family
from glmmspec.solver.integral import GroupSums, Moments, WeightedDraws
from glmmspec.solver.kernel import Arithmetic, Draws, Level, Nodes, Root, Sums, weighted_sums
from glmmspec.solver.mesh import placed, sharded_sums
from glmmspec.solver.points import REPLICATES
from glmmspec.solver.threads import in_threads

_ELEMENTS_PER_CHUNK = 2**19
"""Rows times draws (and nodes) of one kernel call: a call has its price, and cache a size."""

DRAWS_PER_CHUNK = 512
"""At most."""

PARTS = 16
"""Parts of a chunk where draws stand last: sums over a part's draws are then over so many at a time."""


@dataclass(frozen=True)
class Layout:
    """How m draws, R replicates one after another, lie in chunks.

    They fall into G groups of `each` draws, the replicates, or where each draw is one at most 16 groups of
    many. A chunk has one or several parts of `part` draws, each of one group; groups are filled up with draws
    of weight 0 where that takes it.
    """

    draws: int
    replicates: int
    groups: int
    each: int
    part: int
    parts_per_chunk: int

    @classmethod
    def of(
        cls,
        draws: int,
        replicates: int,
        chunk: int,
        *,
        devices: int = 1,
        parts: int = 1,
        filled: bool = False,
    ) -> Layout:
        """Chunks of at most `chunk` draws on each device, of `parts` parts or more if they can be.

        As few draws as can be are filled up, or with `filled` as many as make all chunks that large.
        """
        groups = replicates if replicates <= REPLICATES else REPLICATES
        each = -(-draws // groups)
        groups = -(-draws // each)
        # Not more than are a group's in the first round, so that shapes repeat when there are more.
        most = max(1, min(DRAWS_PER_CHUNK // REPLICATES, chunk // parts)) * devices
        part = most if filled else -(-each // -(-each // most))
        part = -(-part // devices) * devices
        n_parts = groups * -(-each // part)
        fitting = range(1, max(1, chunk * devices // part) + 1)
        return cls(draws, replicates, groups, each, part, max(k for k in fitting if n_parts % k == 0))

    @property
    def padded(self) -> int:
        """Draws of a group with those that fill it up."""
        return -(-self.each // self.part) * self.part

    @property
    def n_chunks(self) -> int:
        """How many chunks."""
        return self.groups * self.padded // (self.part * self.parts_per_chunk)

    def spread(self, values: np.ndarray, axis: int, fill: float | None) -> np.ndarray:
        """The m values along an axis in their places; the others are `fill`, or copies of the last."""
        n = self.groups * self.each - self.draws

        def filled(array: np.ndarray, at: int, lacking: int) -> np.ndarray:
            width = [(0, 0)] * array.ndim
            width[at] = (0, lacking)
            if not lacking:
                return array
            return (
                np.pad(array, width, mode="edge")
                if fill is None
                else np.pad(array, width, constant_values=fill)
            )

        whole = filled(values, axis, n)
        shape = (*whole.shape[:axis], self.groups, self.each, *whole.shape[axis + 1 :])
        grouped = filled(whole.reshape(shape), axis + 1, self.padded - self.each)
        return grouped.reshape(*whole.shape[:axis], -1, *whole.shape[axis + 1 :])

    def chunk(self, index: int) -> slice:
        """Where a chunk lies among the values in their places."""
        size = self.part * self.parts_per_chunk
        return slice(index * size, (index + 1) * size)

    def gathered(self, chunks: Sequence[np.ndarray]) -> np.ndarray:
        """Values by draw, shape (..., R, m / R), from those of the chunks, shapes (..., G', e)."""
        flat = np.concatenate([part.reshape(*part.shape[:-2], -1) for part in chunks], axis=-1)
        by_group = flat.reshape(*flat.shape[:-1], self.groups, self.padded)[..., : self.each]
        of_draws = by_group.reshape(*flat.shape[:-1], -1)[..., : self.draws]
        return of_draws.reshape(*flat.shape[:-1], self.replicates, self.draws // self.replicates)


def chunk_size(rows: int) -> int:
    """Draws per kernel call over so many rows (and nodes): a power of two, so that shapes repeat."""
    fitting = max(1, _ELEMENTS_PER_CHUNK // rows)
    return min(DRAWS_PER_CHUNK, 1 << (fitting.bit_length() - 1))


def size_of(mesh: Mesh | None) -> int:
    """How many devices share the draws."""
    return 1 if mesh is None else int(mesh.size)


class WeightedSample:
    """Draws from a density free of psi, reweighted at any psi (Geyer 1994).

    Parameters
    ----------
    root
        The blocks, constant over draws.
    draws
        All draws in their places (`Layout.spread`), without an axis of groups. Modes and scales have an axis
        of nodes of levels between after that of the draws.
    blocks_last
        Whether blocks stand last in the arrays, or draws.
    mesh
        The devices that share the draws of each chunk; by default where JAX computes.
    """

    def __init__(
        self,
        root: Root,
        draws: Draws,
        layout: Layout,
        family: Family,
        *,
        blocks_last: bool = True,
        single: bool = False,
        mesh: Mesh | None = None,
    ) -> None:
        self.layout = layout
        self._family = family
        self._how = Arithmetic(family.name, single, _all_zero_or_one(root), blocks_last)
        self._last: tuple[tuple[np.ndarray, np.ndarray], list[tuple[Sums, Any, Any]]] | None = None
        parts = (_cut(draws, layout, i, blocks_last) for i in range(layout.n_chunks))
        self._mesh = mesh
        with jax.enable_x64(True):
            if mesh is None:
                self.root = jax.device_put(root)
                self.chunks = [jax.device_put(part) for part in parts]
            else:
                self.root = root
                self.chunks = list(parts)
                self._placed = placed(root, self.chunks, mesh)

    def drawn(self) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """The draws at beta = origin, and log q of each."""
        effects = self._gathered([chunk.effects for chunk in self.chunks])
        constant = self._gathered([chunk.constant for chunk in self.chunks])
        return effects.reshape(*effects.shape[:2], -1), -constant.reshape(len(constant), -1)

    @property
    def shared(self) -> bool:
        """Whether several devices compute each value together."""
        return self._mesh is not None

    def moments(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Moments:
        """log L_b = log mean w, gradient = sum W g, Hessian = sum W (H + g g') - gradient gradient'."""
        sums = self._merged(beta, variances)
        weight = sums.weight.sum(axis=0)
        gradient = (sums.score.sum(axis=1) / weight).T
        hessian = (sums.second.sum(axis=2) / weight).T
        hessian -= gradient[:, :, None] * gradient[:, None, :]
        return Moments(sums.log_max + np.log(weight / self.layout.draws), gradient, hessian)

    def group_sums(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> GroupSums:
        """The sums behind the moments, normalised."""
        sums = self._merged(beta, variances)
        total = sums.weight.sum(axis=0)
        return GroupSums((sums.weight / total).T, (sums.score / total).T, (sums.second / total).T)

    def weighted_draws(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> WeightedDraws:
        """Log weights and scores at given parameters."""
        scores = self._gathered([part[2] for part in self._evaluated(beta, variances)])
        return WeightedDraws(self.log_weights(beta, variances), scores)

    def log_weights(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> Float[np.ndarray, "B R m"]:
        """Log weights at given parameters."""
        return self._gathered([part[1] for part in self._evaluated(beta, variances)])

    @property
    def n_draws(self) -> int:
        """Draws per block."""
        return self.layout.draws

    def _gathered(self, chunks: Sequence[Any]) -> np.ndarray:
        """By block, and then by draw, what the kernel has in its order."""
        to_draws = (-1, -3, -2) if self._how.blocks_last else (-3, -1, -2)
        return self.layout.gathered([np.moveaxis(np.asarray(part), to_draws, (0, -2, -1)) for part in chunks])

    def _evaluated(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[tuple[Sums, Any, Any]]:
        """The kernel's results on all chunks; those of the last point are kept, since all is asked of it."""
        if self._last is None or not all(map(np.array_equal, self._last[0], (beta, variances))):

            def evaluated(chunk: Draws) -> tuple[Sums, Any, Any]:
                with jax.enable_x64(True):
                    sums, *of_draws = weighted_sums(self._how, self.root, chunk, beta, variances)
                return Sums(*map(np.asarray, sums)), *of_draws

            if self._mesh is None:
                parts = in_threads(evaluated, self.chunks)
            else:
                parts = list(self._on_mesh(self._mesh, beta, variances))
            self._last = (beta.copy(), variances.copy()), parts
        return self._last[1]

    def _on_mesh(
        self, mesh: Mesh, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> Iterator[tuple[Sums, Any, Any]]:
        """Chunk after chunk, in one order on all devices."""
        with jax.enable_x64(True):
            for root, chunk in self._placed:
                sums, log_weights, scores = sharded_sums(self._how, root, chunk, beta, variances, mesh=mesh)
                yield Sums(*map(np.asarray, sums)), log_weights, scores

    def _merged(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Sums:
        """The sums by group over all chunks, brought to one scale."""
        parts = [part[0] for part in self._evaluated(beta, variances)]
        log_max = np.max([part.log_max for part in parts], axis=0)
        scales = [np.exp(part.log_max - log_max) for part in parts]

        def by_group(values: Sequence[np.ndarray]) -> np.ndarray:
            scaled = [v * s for v, s in zip(values, scales, strict=True)]
            stacked = np.concatenate(scaled, axis=-2)
            shape = (*stacked.shape[:-2], self.layout.groups, -1, len(log_max))
            return np.asarray(stacked.reshape(shape).sum(axis=-2))

        return Sums(log_max, *(by_group([part[i] for part in parts]) for i in range(1, 4)))


def _all_zero_or_one(level: Root | Level) -> bool:
    """Whether every row there and below has 0 trials or 1."""
    here = level.rows is None or bool(np.isin(np.asarray(level.rows.trials), (0, 1)).all())
    return here and all(map(_all_zero_or_one, level.children))


def _cut(draws: Draws, layout: Layout, index: int, blocks_last: bool) -> Draws:
    """One chunk of the draws, as `layout` has it."""
    where = layout.chunk(index)
    groups, each = layout.parts_per_chunk, layout.part

    def grouped(values: np.ndarray) -> np.ndarray:
        if blocks_last:
            return values[..., where, :].reshape(*values.shape[:-2], groups, each, values.shape[-1])
        return values[..., where].reshape(*values.shape[:-1], groups, each).swapaxes(-1, -2)

    def nodes(values: Nodes) -> Nodes:
        size, _, between, n_pieces = values.mode.shape
        mode = values.mode[:, where].reshape(size, groups, each * between, n_pieces)
        scale = values.scale if values.scale.shape[2] == 1 else values.scale[:, :, where]
        shape = (1, -1) if values.scale.shape[2] == 1 else (groups, -1)
        scale = scale.reshape(size, size, *shape, n_pieces)
        return values._replace(mode=mode, scale=scale, children=tuple(map(nodes, values.children)))

    return Draws(grouped(draws.effects), grouped(draws.constant), tuple(map(nodes, draws.nodes)))
