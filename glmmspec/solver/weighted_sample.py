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
from glmmspec.solver.kernel import Draws, Level, Root, Sums, weighted_sums
from glmmspec.solver.mesh import placed, sharded_sums
from glmmspec.solver.points import REPLICATES
from glmmspec.solver.threads import in_threads

_ELEMENTS_PER_CHUNK = 2**18
"""Rows times draws (and nodes) of one kernel call: few enough that its arrays stay in cache."""

_DRAWS_PER_CHUNK = 512


@dataclass(frozen=True)
class Layout:
    """How m draws, R replicates one after another, lie in chunks.

    They fall into G groups of `each` draws, the replicates, or where each draw is one at most 16 groups of
    many. A chunk has `part` draws of one group, or all of several; groups are filled up with draws of
    weight 0 where that takes it.
    """

    draws: int
    replicates: int
    groups: int
    each: int
    part: int
    groups_per_chunk: int

    @classmethod
    def of(cls, draws: int, replicates: int, chunk: int, devices: int = 1) -> Layout:
        """Chunks of at most `chunk` draws on each device; with several, of one group, in equal parts."""
        groups = replicates if replicates <= REPLICATES else REPLICATES
        each = -(-draws // groups)
        groups = -(-draws // each)
        part = -(-each // -(-each // (chunk * devices)))
        together = 1
        if devices > 1:
            part = -(-part // devices) * devices
        while devices == 1 and part == each and groups % (2 * together) == 0 and 2 * together * each <= chunk:
            together *= 2
        return cls(draws, replicates, groups, each, part, together)

    @property
    def padded(self) -> int:
        """Draws of a group with those that fill it up."""
        return -(-self.each // self.part) * self.part

    @property
    def n_chunks(self) -> int:
        """How many chunks."""
        return self.groups * self.padded // (self.part * self.groups_per_chunk)

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
        size = self.part * self.groups_per_chunk
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
    return min(_DRAWS_PER_CHUNK, 1 << (fitting.bit_length() - 1))


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
        All draws in their places (`Layout.spread`), in one group.
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
        single: bool = False,
        mesh: Mesh | None = None,
    ) -> None:
        self.root = root
        self.layout = layout
        self._family = family
        self._single = single
        self._unit = _all_zero_or_one(root)
        self._last: tuple[tuple[np.ndarray, np.ndarray], list[tuple[Sums, Any, Any]]] | None = None
        parts = (_cut(draws, layout, i) for i in range(layout.n_chunks))
        self._mesh = mesh
        with jax.enable_x64(True):
            if mesh is None:
                self.chunks = [jax.device_put(part) for part in parts]
            else:
                self.chunks = list(parts)
                self._placed = placed(root, self.chunks, mesh)

    def drawn(self) -> tuple[Float[np.ndarray, "B Q m"], Float[np.ndarray, "B m"]]:
        """The draws at beta = origin, and log q of each."""
        effects = self.layout.gathered([np.asarray(chunk.effects) for chunk in self.chunks])
        constant = self.layout.gathered([np.asarray(chunk.constant) for chunk in self.chunks])
        return effects.reshape(*effects.shape[:2], -1), -constant.reshape(len(constant), -1)

    @property
    def shared(self) -> bool:
        """Whether several devices compute each value together."""
        return self._mesh is not None

    def moments(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Moments:
        """log L_b = log mean w, gradient = sum W g, Hessian = sum W (H + g g') - gradient gradient'."""
        sums = self._merged(beta, variances)
        weight = sums.weight.sum(axis=1)
        gradient = sums.score.sum(axis=1) / weight[:, None]
        hessian = sums.second.sum(axis=1) / weight[:, None, None]
        hessian -= gradient[:, :, None] * gradient[:, None, :]
        return Moments(sums.log_max + np.log(weight / self.layout.draws), gradient, hessian)

    def group_sums(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> GroupSums:
        """The sums behind the moments, normalised."""
        sums = self._merged(beta, variances)
        total = sums.weight.sum(axis=1)[:, None]
        return GroupSums(
            sums.weight / total, sums.score / total[:, :, None], sums.second / total[:, :, None, None]
        )

    def weighted_draws(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> WeightedDraws:
        """Log weights and scores at given parameters."""
        parts = self._evaluated(beta, variances)
        log_weights, scores = (
            self.layout.gathered([np.asarray(part[which]) for part in parts]) for which in (1, 2)
        )
        return WeightedDraws(log_weights, scores)

    def _evaluated(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[tuple[Sums, Any, Any]]:
        """The kernel's results on all chunks; those of the last point are kept, since all is asked of it."""
        if self._last is None or not all(map(np.array_equal, self._last[0], (beta, variances))):
            family, how = self._family.name, {"single": self._single, "unit": self._unit}

            def evaluated(chunk: Draws) -> tuple[Sums, Any, Any]:
                with jax.enable_x64(True):
                    sums, *of_draws = weighted_sums(family, self.root, chunk, beta, variances, **how)
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
                sums, log_weights, scores = sharded_sums(
                    self._family.name,
                    root,
                    chunk,
                    beta,
                    variances,
                    mesh=mesh,
                    single=self._single,
                    unit=self._unit,
                )
                yield Sums(*map(np.asarray, sums)), log_weights, scores

    def _merged(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Sums:
        """The sums by group over all chunks, brought to one scale."""
        parts = [part[0] for part in self._evaluated(beta, variances)]
        log_max = np.max([part.log_max for part in parts], axis=0)
        scales = [np.exp(part.log_max - log_max) for part in parts]

        def by_group(values: Sequence[np.ndarray]) -> np.ndarray:
            scaled = [v * s.reshape(-1, *[1] * (v.ndim - 1)) for v, s in zip(values, scales, strict=True)]
            stacked = np.concatenate(scaled, axis=1)
            per_group = stacked.shape[1] // self.layout.groups
            shape = (len(log_max), self.layout.groups, per_group, *stacked.shape[2:])
            return np.asarray(stacked.reshape(shape).sum(axis=2))

        return Sums(log_max, *(by_group([part[i] for part in parts]) for i in range(1, 4)))


def _all_zero_or_one(level: Root | Level) -> bool:
    """Whether every row there and below has 0 trials or 1."""
    here = level.rows is None or bool(np.isin(np.asarray(level.rows.trials), (0, 1)).all())
    return here and all(map(_all_zero_or_one, level.children))


def _cut(draws: Draws, layout: Layout, index: int) -> Draws:
    """One chunk of the draws, as `layout` has it."""
    where = layout.chunk(index)
    shape = (layout.groups_per_chunk, layout.part)

    def grouped(values: np.ndarray) -> np.ndarray:
        return values[..., where].reshape(*values.shape[:-1], *shape)

    def nodes(values: Any) -> Any:
        scale = values.scale if values.scale.shape[3] == 1 else values.scale[:, :, :, where]
        return values._replace(
            mode=values.mode[:, :, where], scale=scale, children=tuple(map(nodes, values.children))
        )

    return Draws(
        grouped(draws.effects[:, :, 0]), grouped(draws.constant[:, 0]), tuple(map(nodes, draws.nodes))
    )
