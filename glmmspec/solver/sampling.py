"""Drawing: from parameters to the approximate likelihood whose proposals are centred there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import PADDING, Batch
from glmmspec.errors import FitError
from glmmspec.options import SolverOptions
from glmmspec.solver.conditional import ConditionalSample, Setting
from glmmspec.solver.coordinates import Point
from glmmspec.solver.importance import ImportanceSample, NodeSample
from glmmspec.solver.integral import BlockIntegrals
from glmmspec.solver.integration import Group, Integration
from glmmspec.solver.joint_modes import JointModes
from glmmspec.solver.likelihood import Likelihood, log_constant
from glmmspec.solver.modes import Modes, mode_drift, posterior_modes
from glmmspec.solver.pieces import PieceTree
from glmmspec.solver.points import draws_per_replicate, unit_cube_points
from glmmspec.solver.proposal import (
    RADIAL_DIMENSIONS,
    Proposal,
    laplace_proposal,
    mixture_proposal,
    scale_of_covariance,
    t_proposal,
)

_GIB = 2**30


@dataclass(frozen=True)
class Effort:
    """How much is computed: draws of each block, of one of the seed's random streams; nodes of each rule."""

    draws: int
    order: int
    stream: int


def sampled_likelihood(
    integration: Integration, centre: Point, varies: Bool[np.ndarray, " K"], effort: Effort
) -> Likelihood:
    """Draw each block's effects from a proposal built at `centre`, or put the nodes of rules there.

    Draws from the laplace proposal, and nodes, follow beta; those from R's mixture stay, as R's do.

    Parameters
    ----------
    varies
        Which variances the likelihood is a function of; the others are held at those of `centre`.
    effort
        Draws are rounded up to whole replicates.
    """
    integrals: list[BlockIntegrals] = []
    for group in integration.groups(centre.variances):
        made = _Sampler(integration, group, centre, effort)
        integrals += made.by_levels() if group.elimination.levels else made.whole()
    held = np.where(varies, 0.0, centre.variances)
    design = integration.design
    return Likelihood(integrals, varies, held, log_constant(design), len(design.coefficients))


@dataclass(frozen=True, eq=False)
class _Sampler:
    """Samples of one group of blocks."""

    integration: Integration
    group: Group
    centre: Point
    effort: Effort

    @property
    def _options(self) -> SolverOptions:
        return self.integration.options

    def whole(self) -> Iterator[BlockIntegrals]:
        """All effects of each block together."""
        design, centre = self.integration.design, self.centre
        for batch in self.integration.batches_of(self.group):
            modes = posterior_modes(batch, design.family, centre.beta, centre.variances)
            follows = self._options.proposal == "laplace"
            drift = mode_drift(batch, modes, centre.variances) if follows else None
            if self.group.by_rule:
                yield NodeSample(
                    batch,
                    design.family,
                    modes,
                    centre,
                    drift,
                    self.effort.order,
                    single=self._options.precision == "single",
                    devices=local_devices(self._options.devices),
                )
                continue
            points, replicates = self._points(batch.block, batch.component.shape[1])
            effects, density = _proposal(batch, modes, centre.variances, self._options).draw(points)
            yield ImportanceSample(
                batch,
                design.family,
                effects,
                density,
                varies=centre.variances > 0,
                replicates=replicates,
                drift=drift,
                origin=centre.beta,
                single=self._options.precision == "single",
                devices=local_devices(self._options.devices),
            )

    def by_levels(self) -> Iterator[BlockIntegrals]:
        """Separators, with the pieces below them."""
        design, parts, group = self.integration.design, self.integration.parts, self.group
        batch_list = self.integration.batches_of(group)
        n_effects = int(design.effect_starts[-1])
        modes = JointModes.of(batch_list, design.family, self.centre, n_effects, parts.n_blocks)
        tree = PieceTree.of(design, parts, group.block, group.elimination, group.width)
        setting = Setting(
            design,
            parts,
            batch_list,
            tree,
            self.centre,
            modes,
            local_devices(self._options.devices),
            self._options.precision == "single",
        )
        present = tree.separator != PADDING
        mode = np.where(present, modes.mode[tree.separator], 0.0)
        scale = scale_of_covariance(modes.covariance(tree.block, tree.separator))
        levels, order = group.elimination.levels, self.effort.order
        if group.by_rule:
            yield ConditionalSample.by_rule(setting, levels, mode, scale, order=order)
            return
        points, replicates = self._points(tree.block, group.width)
        separators, density = t_proposal(mode, scale, present, self._options.df).draw(points)
        yield ConditionalSample(setting, levels, separators, -density, replicates=replicates, order=order)

    def _points(self, block: Int[np.ndarray, " B"], width: int) -> tuple[Float[np.ndarray, "B d m"], int]:
        """Points for the effects of some blocks, and the replicates they are of."""
        replicates, each = draws_per_replicate(self.effort.draws, self._options.points)
        points = unit_cube_points(
            (self._options.seed, self.effort.stream),
            kind=self._options.points,
            blocks=block,
            dimensions=width + RADIAL_DIMENSIONS,
            draws=replicates * each,
        )
        return points, replicates


def local_devices(count: int) -> list[jax.Device]:
    """The first `count` devices of this machine that JAX sees.

    Raises
    ------
    FitError
        If there are fewer.
    """
    found = jax.local_devices()
    if count > len(found):
        raise FitError(
            f"devices = {count}, and JAX sees {len(found)} ({found[0].platform}) on this machine",
            hint="lower it; a CPU counts as one device unless the environment says"
            f" XLA_FLAGS=--xla_force_host_platform_device_count={count}",
        )
    return list(found[:count])


def _proposal(
    batch: Batch, modes: Modes, variances: Float[np.ndarray, " K"], options: SolverOptions
) -> Proposal:
    if options.proposal == "laplace":
        return laplace_proposal(batch, modes, variances, options.df)
    return mixture_proposal(batch, modes, variances, options.mixture, options.df)


def most_draws(batches: Sequence[Batch], n_parameters: int, memory: float) -> int:
    """The largest number of draws per block that `memory` GiB can hold."""
    kept = sum(8 * len(b.block) * (b.component.shape[1] + 2 * n_parameters + 2) for b in batches)
    passing = max(8 * len(b.block) * (6 * b.component.shape[1] + 3 * n_parameters) for b in batches)
    return int(memory * _GIB / (kept + passing))
