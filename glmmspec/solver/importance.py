"""All effects of each block drawn together: importance sampling, or the nodes of a rule."""

from __future__ import annotations

from functools import partial

import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float, Int

from glmmspec.blocks import PADDING, Batch
from glmmspec.family import Family
from glmmspec.solver.axes import log_volume
from glmmspec.solver.coordinates import Point
from glmmspec.solver.fitted import Drawn, FittedProposal
from glmmspec.solver.hermite import Rule, finer
from glmmspec.solver.integral import EffectDraws, EffectMoments, normalised
from glmmspec.solver.kernel import Draws, Effects, Root, Rows
from glmmspec.solver.modes import Modes, free_effects
from glmmspec.solver.proposal import scale_of_covariance
from glmmspec.solver.weighted_sample import PARTS, Layout, WeightedSample, chunk_size, size_of
from glmmspec.solver.zero_variance import zero_variance_score

_DENSE = 4
"""Effects of a block whose matrix Z costs less than to look up those of each row."""

_FEW_ROWS = 2**11
_NODES_AT_ONCE = 4
"""In each dimension, of a rule for few rows."""


class ImportanceSample(WeightedSample):
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
    chunk, filled
        Draws of a kernel call, by default as many as stay in cache; see `Layout`.
    source
        What they were drawn from, if a proposal may be fitted to them.
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
        filled: bool = False,
        single: bool = False,
        mesh: Mesh | None = None,
        source: Drawn | None = None,
    ) -> None:
        self.batch = batch
        self.source = source
        p = batch.x.shape[2]
        origin = np.zeros(p) if origin is None else origin
        self.drift = np.zeros((*batch.component.shape, p)) if drift is None else drift
        chunk = chunk or chunk_size(batch.successes.size)
        blocks_last = len(batch.block) >= min(chunk, effects.shape[2])
        parts = 1 if blocks_last else PARTS
        layout = Layout.of(
            effects.shape[2], replicates, chunk, devices=size_of(mesh), parts=parts, filled=filled
        )
        root = _root(batch, membership(batch, varies), self.drift, origin, blocks_last=blocks_last)
        drawn = layout.spread(effects, 2, 0.0).transpose((1, 2, 0) if blocks_last else (1, 0, 2))
        constant = layout.spread(-log_density, 1, -np.inf).transpose((1, 0) if blocks_last else (0, 1))
        draws = Draws(drawn, constant, ())
        super().__init__(root, draws, layout, family, blocks_last=blocks_last, single=single, mesh=mesh)

    @property
    def block(self) -> Int[np.ndarray, " B"]:
        """Index of each block."""
        return self.batch.block

    @property
    def effect(self) -> Int[np.ndarray, "B Q"]:
        """Index of each effect."""
        return self.batch.effect

    @property
    def is_exact(self) -> bool:
        """Never."""
        return False

    @property
    def has_rules(self) -> bool:
        """No."""
        return False

    def refined(self) -> ImportanceSample | None:
        """There is no quadrature."""
        return None

    def effects(self, beta: Float[np.ndarray, " p"]) -> Float[np.ndarray, "B Q m"]:
        """The draws of the effects at given coefficients."""
        return np.asarray(self.drawn()[0] + self._moved(beta)[:, :, None])

    def fitted(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> FittedProposal | None:
        """A proposal fitted to the draws as they are weighted at given parameters; None if too few."""
        if self.source is None:
            return None
        log_weights = self.log_weights(beta, variances)
        return self.source.fitted(*self.drawn(), log_weights.reshape(len(self.block), -1))

    def _moved(self, beta: Float[np.ndarray, " p"]) -> Float[np.ndarray, "B Q"]:
        return np.asarray(self.drift @ (beta - np.asarray(self.root.origin)))

    def effect_moments(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> EffectMoments:
        """mean = sum W u,  slope = drift + sum W (u - mean) g, as draws drift with beta."""
        drawn = self.weighted_draws(beta, variances)
        by_draw = normalised(drawn.log_weights)
        n_blocks, n_parameters = drawn.scores.shape[:2]
        weights = by_draw.reshape(n_blocks, -1)
        effects = self.effects(beta)
        mean = np.einsum("bqm,bm->bq", effects, weights)
        deviations = (effects - mean[:, :, None]) * weights[:, None, :]
        variance = np.einsum("bqm,bqm->bq", deviations, effects - mean[:, :, None])
        of_replicate = deviations.reshape(*mean.shape, *by_draw.shape[1:]).sum(axis=3)
        scores = drawn.scores.reshape(n_blocks, n_parameters, -1)
        slope = np.matmul(deviations, scores.transpose(0, 2, 1))
        slope[:, :, : self.drift.shape[2]] += self.drift
        return EffectMoments(mean, np.maximum(variance, 0), of_replicate, slope)

    def effect_draws(self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]) -> EffectDraws:
        """The draws themselves."""
        weights = normalised(self.log_weights(beta, variances))
        return EffectDraws(weights.reshape(len(weights), -1), self.effects(beta))

    def zero_variance_score(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"], component: int
    ) -> float:
        """dl/dnu_t at nu_t = 0, for a component t that is held at 0."""
        draws = self.effect_draws(beta, variances)
        return zero_variance_score(self.batch, self._family, draws, beta, component)


class NodeSample(ImportanceSample):
    """Adaptive Gauss-Hermite quadrature of blocks of one or two effects (Pinheiro and Bates 1995).

    The nodes u = u* + L x about the mode at the centre, L L' the inverse negative Hessian there, stay as
    draws would; w = |L| w_k exp(x'x / 2) takes the place of 1 / (m q).
    """

    def __init__(
        self,
        batch: Batch,
        family: Family,
        modes: Modes,
        centre: Point,
        drift: Float[np.ndarray, "B Q p"] | None,
        order: int,
        *,
        single: bool = False,
        mesh: Mesh | None = None,
    ) -> None:
        rule = Rule.of(order, batch.component.shape[1])
        scale = scale_of_covariance(np.linalg.inv(modes.precision))
        real = (batch.block != PADDING)[:, None]
        free = free_effects(batch, centre.variances)
        effects = (modes.effects[:, :, None] + np.matmul(scale, rule.nodes)) * free[:, :, None]
        # In the dimension of an effect that is held at 0 the weights are those of a distribution.
        density = np.matmul(~free, np.square(rule.nodes) + np.log(2 * np.pi)) / 2
        weight = log_volume(scale)[:, None] + rule.log_weights - density + np.log(len(rule.log_weights))
        at_once = _NODES_AT_ONCE ** batch.component.shape[1]
        # Where compiling takes longer than computing, one kernel serves rules of any order.
        small = batch.successes.size <= _FEW_ROWS and len(batch.block) >= at_once
        super().__init__(
            batch,
            family,
            np.where(real[:, :, None], effects, 0.0),
            np.where(real, -weight, 0.0),
            varies=centre.variances > 0,
            replicates=1,
            drift=drift,
            origin=centre.beta,
            chunk=at_once if small else None,
            filled=small,
            single=single,
            mesh=mesh,
        )
        self._finer = partial(
            NodeSample, batch, family, modes, centre, drift, finer(order), single=single, mesh=mesh
        )

    @property
    def is_exact(self) -> bool:
        """Always."""
        return True

    @property
    def has_rules(self) -> bool:
        """Yes."""
        return True

    def refined(self) -> NodeSample:
        """By a finer rule about the same modes."""
        return self._finer()


def membership(batch: Batch, varies: np.ndarray) -> Float[np.ndarray, "B Q K"]:
    """1 where an effect varies and belongs to a component."""
    real = (batch.component != PADDING) & varies[batch.component]
    return np.asarray(real[:, :, None] * (batch.component[:, :, None] == np.arange(len(varies))), dtype=float)


def _root(
    batch: Batch,
    members: Float[np.ndarray, "B Q K"],
    drift: Float[np.ndarray, "B Q p"],
    origin: Float[np.ndarray, " p"],
    *,
    blocks_last: bool,
) -> Root:
    n_blocks, n_effects = batch.component.shape
    dense = blocks_last and n_effects <= _DENSE
    codes, values = batch.codes * n_blocks + np.arange(n_blocks)[:, None, None], batch.values
    if dense:
        codes, values = codes[:, :, :0], values[:, :, :0]
    rows = Rows.of(
        slope=batch.x + batch.z_times(drift),
        base=batch.x @ origin + batch.offset,
        successes=batch.successes,
        trials=batch.trials,
        codes=codes,
        values=values,
        own=batch.z() if dense else None,
    )
    return Root(origin, Effects.of(members, drift), rows, ())
