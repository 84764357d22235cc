"""Importance sampling of the integrals of a batch of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import cycle
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from glmmspec.blocks import PADDING, Batch
from glmmspec.family import Family
from glmmspec.solver.integral import Moments, WeightedDraws, normalised
from glmmspec.solver.kernel import Draws, Rows, Sums, weighted_sums, zero_variance_scores

_ELEMENTS_PER_CHUNK = 2**18
"""Rows times draws of one kernel call: few enough that its intermediate arrays stay in cache."""

_DRAWS_PER_CHUNK = 512


class _ChunkValues(NamedTuple):
    """What the kernel gives for one chunk of draws."""

    sums: Sums
    log_weights: Float[np.ndarray, "B c"]
    scores: Float[np.ndarray, "B P c"]


class ImportanceSample:
    """MCLA of one batch: draws from a density free of psi, reweighted at any psi (Geyer 1994).

    Parameters
    ----------
    effects
        The draws, at beta = `origin`; those of padded effects, and of effects with variance 0, are 0.
    log_density
        log q of each draw, over the effects that vary.
    varies
        Which components vary; the others have variance 0 and derivative 0.
    drift, origin
        Draws follow beta, by drift (beta - origin): the integral is the same for any translation
        of the draws, and its approximation far better where they stay with the posterior mode. By
        default they do not move.
    replicates
        How many independent sets the m draws fall into, one after another.
    devices
        Where to compute, the chunks of draws by turns; by default where JAX does.
    """

    def __init__(
        self,
        batch: Batch,
        family: Family,
        effects: Float[np.ndarray, "B Q m"],
        log_density: Float[np.ndarray, "B m"],
        *,
        varies: np.ndarray,
        replicates: int,
        drift: Float[np.ndarray, "B Q p"] | None = None,
        origin: Float[np.ndarray, " p"] | None = None,
        chunk: int | None = None,
        devices: Sequence[jax.Device | None] = (None,),
    ) -> None:
        self._batch = batch
        self._family = family
        self._replicates = replicates
        self._n_draws = int(effects.shape[2])
        p = batch.x.shape[2]
        origin = np.zeros(p) if origin is None else origin
        drift = np.zeros((*batch.component.shape, p)) if drift is None else drift
        self._last: tuple[tuple[np.ndarray, np.ndarray], list[_ChunkValues]] | None = None
        with jax.enable_x64(True):
            rows = _rows(batch, _membership(batch, varies), drift, origin)
            chunks = _chunks(batch, effects, log_density, origin, chunk or _chunk_size(batch))
            on_devices = list(zip(chunks, cycle(devices), strict=False))
            self._rows = [jax.device_put(rows, device) for device in devices]
            self._chunks = [jax.device_put(part, device) for part, device in on_devices]

    @property
    def batch(self) -> Batch:
        """The blocks."""
        return self._batch

    @property
    def n_draws(self) -> int:
        """Draws per block."""
        return self._n_draws

    def moments(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> Moments:
        """log L_b = log mean w and its derivatives, as the identities of `_moments` give them."""
        sums = reduce(_merged, (part.sums for part in self._evaluated(beta, variances)))
        return _moments(Rows(*map(np.asarray, self._rows[0])), sums, self._n_draws, variances)

    def weighted_draws(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> WeightedDraws:
        """Log weights and scores at given parameters."""
        parts = self._evaluated(beta, variances)
        shape = (self._replicates, self._n_draws // self._replicates)
        log_weights = np.concatenate([p.log_weights for p in parts], axis=-1)[..., : self._n_draws]
        scores = np.concatenate([p.scores for p in parts], axis=-1)[..., : self._n_draws]
        return WeightedDraws(
            log_weights.reshape(*log_weights.shape[:-1], *shape), scores.reshape(*scores.shape[:-1], *shape)
        )

    def effects(self, beta: Float[np.ndarray, " p"]) -> Float[np.ndarray, "B Q m"]:
        """The draws of the effects at given coefficients."""
        drawn = np.concatenate([np.asarray(chunk.effects) for chunk in self._chunks], axis=-1)
        drift, origin = np.asarray(self._rows[0].drift), np.asarray(self._rows[0].origin)
        return np.asarray(drawn[..., : self._n_draws] + (drift @ (beta - origin))[:, :, None])

    @property
    def drift(self) -> Float[np.ndarray, "B Q p"]:
        """du/dbeta, by which the draws follow the coefficients."""
        return np.asarray(self._rows[0].drift)

    def _evaluated(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[_ChunkValues]:
        """The kernel's results on all chunks; those of the last point are kept, since all is asked of it."""
        if self._last is None or not all(map(np.array_equal, self._last[0], (beta, variances))):
            with jax.enable_x64(True):
                pending = [
                    weighted_sums(self._family.name, rows, chunk, beta, variances)
                    for rows, chunk in self._with_rows()
                ]
            parts = [
                _ChunkValues(Sums(*map(np.asarray, sums)), np.asarray(log_weights), np.asarray(scores))
                for sums, log_weights, scores in pending
            ]
            self._last = (beta.copy(), variances.copy()), parts
        return self._last[1]

    def zero_variance_score(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], component: int
    ) -> float:
        """dl/dnu_t at nu_t = 0, for a component t that is held at 0."""
        of_component = self._batch.component == component
        weights = normalised(self.weighted_draws(beta, variances).log_weights)
        weights = weights.reshape(len(weights), -1)
        size = self._chunks[0].constant.shape[1]
        weights = np.pad(weights, ((0, 0), (0, -self._n_draws % size)))
        with jax.enable_x64(True):
            z = self._batch.z() * of_component[:, None, :]
            return sum(
                float(zero_variance_scores(self._family.name, rows, chunk, part, z, beta).sum())
                for (rows, chunk), part in zip(
                    self._with_rows(), np.split(weights, len(self._chunks), axis=1), strict=True
                )
            )

    def _with_rows(self) -> Iterator[tuple[Rows, Draws]]:
        """Each chunk of draws, with the rows on its device."""
        return zip(cycle(self._rows), self._chunks, strict=False)


def _chunk_size(batch: Batch) -> int:
    """Draws per kernel call: a power of two, so that shapes repeat between data sets."""
    fitting = max(1, _ELEMENTS_PER_CHUNK // batch.successes.size)
    return max(8, min(_DRAWS_PER_CHUNK, 1 << (fitting.bit_length() - 1)))


def _membership(batch: Batch, varies: np.ndarray) -> Float[np.ndarray, "B Q K"]:
    """1 where an effect varies and belongs to a component."""
    real = (batch.component != PADDING) & varies[batch.component]
    return np.asarray(real[:, :, None] * (batch.component[:, :, None] == np.arange(len(varies))), dtype=float)


def _rows(
    batch: Batch,
    members: Float[np.ndarray, "B Q K"],
    drift: Float[np.ndarray, "B Q p"],
    origin: Float[np.ndarray, " p"],
) -> Rows:
    slope = batch.x + np.matmul(batch.z(), drift)
    return Rows(
        x=jnp.asarray(batch.x),
        offset=jnp.asarray(batch.offset),
        successes=jnp.asarray(batch.successes),
        trials=jnp.asarray(batch.trials),
        codes=jnp.asarray(batch.codes, dtype=jnp.int32),
        values=jnp.asarray(batch.values),
        members=jnp.asarray(members),
        drift=jnp.asarray(drift),
        slope=jnp.asarray(slope),
        linear=jnp.asarray(np.einsum("bnp,bn->bp", slope, batch.successes)),
        origin=jnp.asarray(origin),
    )


def _chunks(
    batch: Batch,
    effects: Float[np.ndarray, "B Q m"],
    log_density: Float[np.ndarray, "B m"],
    origin: Float[np.ndarray, " p"],
    size: int,
) -> list[Draws]:
    """The draws in chunks of one size, the last filled up with draws of weight 0."""
    weighted = np.einsum("bnq,bn->bq", batch.z(), batch.successes)
    constant = np.einsum("bq,bqm->bm", weighted, effects) - log_density
    constant += (batch.successes * (batch.x @ origin + batch.offset)).sum(axis=1)[:, None]
    n_draws = effects.shape[2]
    lacking = -n_draws % size
    padded = Draws(
        effects=np.pad(effects, ((0, 0), (0, 0), (0, lacking))),
        constant=np.pad(constant, ((0, 0), (0, lacking)), constant_values=-np.inf),
    )
    return [
        Draws(*(jnp.asarray(part[..., start : start + size]) for part in padded))
        for start in range(0, n_draws, size)
    ]


def _merged(a: Sums, b: Sums) -> Sums:
    """The sums over two sets of draws, brought to a common scale."""
    log_max = np.maximum(a.log_max, b.log_max)
    left, right = np.exp(a.log_max - log_max), np.exp(b.log_max - log_max)

    def add(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        axes = (slice(None),) + (None,) * (x.ndim - 1)
        return np.asarray(left[axes] * x + right[axes] * y)

    return Sums(log_max, *(add(x, y) for x, y in zip(a[1:], b[1:], strict=True)))


def _moments(rows: Rows, sums: Sums, n_draws: int, variances: Float[np.ndarray, " K"]) -> Moments:
    """Normalise the sums: W = w / sum w, and

    gradient = sum W g
    Hessian  = sum W H + sum W g g' - gradient gradient'

    where sum W H is, for beta, -slope' diag(a sum W c'') slope - drift'D^-1 drift; for nu_t,
    q_t / (2 nu_t^2) - (sum W S_t) / nu_t^3, with sum W S_t taken back from the gradient; and for both,
    drift_t' (sum W u_t) / nu_t^2.
    """
    p = rows.x.shape[2]
    gradient = sums.score / sums.weight[:, None]
    hessian = sums.outer / sums.weight[:, None, None] - gradient[:, :, None] * gradient[:, None, :]
    curvature = rows.trials * sums.curvature / sums.weight[:, None]
    hessian[:, :p, :p] -= np.matmul(rows.slope.transpose(0, 2, 1), rows.slope * curvature[:, :, None])
    precision = rows.members @ (1 / variances)
    hessian[:, :p, :p] -= np.matmul(rows.drift.transpose(0, 2, 1), rows.drift * precision[:, :, None])
    mean_effects = sums.effects / sums.weight[:, None]
    crossed = np.matmul(
        (rows.drift * mean_effects[:, :, None]).transpose(0, 2, 1), rows.members / variances**2
    )
    hessian[:, :p, p:] += crossed
    hessian[:, p:, :p] += crossed.transpose(0, 2, 1)
    counts = rows.members.sum(axis=1)
    mean_squares = 2 * variances**2 * gradient[:, p:] + counts * variances
    component = np.arange(p, p + len(variances))
    hessian[:, component, component] += counts / (2 * variances**2) - mean_squares / variances**3
    return Moments(sums.log_max + np.log(sums.weight / n_draws), gradient, hessian)
