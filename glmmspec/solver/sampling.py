"""Drawing: from parameters to the approximate likelihood whose proposals are centred there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from glmmspec.blocks import FEW_TO_FILL, PADDING
from glmmspec.options import SolverOptions
from glmmspec.solver.axes import Axes
from glmmspec.solver.conditional import ConditionalSample, Setting
from glmmspec.solver.coordinates import Point
from glmmspec.solver.fitted import Drawn, FittedProposal
from glmmspec.solver.importance import ImportanceSample, NodeSample
from glmmspec.solver.integral import BlockIntegrals
from glmmspec.solver.integration import Group, Integration
from glmmspec.solver.joint_modes import JointModes
from glmmspec.solver.likelihood import Likelihood, log_constant
from glmmspec.solver.mesh import mesh_of
from glmmspec.solver.modes import mode_drift, posterior_modes, small_block_modes
from glmmspec.solver.pieces import PieceTree
from glmmspec.solver.points import REPLICATES, draws_per_replicate, unit_cube_points
from glmmspec.solver.proposal import (
    RADIAL_DIMENSIONS,
    laplace_axes,
    mixture_proposal,
    scale_of_covariance,
)
from glmmspec.solver.weighted_sample import DRAWS_PER_CHUNK, WeightedSample, chunk_size

AxesKind = Literal["straight", "bent", "kept"]

_GIB = 2**30
_MOST_DRAWS = 2**31
_TYPICAL_ORDER = 11
_ROWS_OF_RULES = 2**12
"""Empty rows that cost less by rules inside each other than a kernel of more buckets costs to compile."""


@dataclass(frozen=True)
class Effort:
    """How much is computed: draws of each block, of one of the seed's random streams; nodes of each rule."""

    draws: int
    order: int
    stream: int


def sampled_likelihood(
    integration: Integration,
    centre: Point,
    varies: Bool[np.ndarray, " K"],
    effort: Effort,
    fitted: tuple[FittedProposal, ...] = (),
    axes: AxesKind = "straight",
) -> Likelihood:
    """Draw each block's effects from a proposal built at `centre`, or put the nodes of rules there.

    Draws from the laplace proposal, and nodes, follow beta; those from R's mixture stay, as R's do.

    Parameters
    ----------
    varies
        Which variances the likelihood is a function of; the others are held at those of `centre`.
    effort
        Draws are rounded up to whole replicates.
    fitted
        Proposals from a round before, for the effects that they are of.
    axes
        Of the proposals: those of the normal approximation, bent to the posterior at `centre`, or kept as
        they are in `fitted`.
    """
    integrals: list[BlockIntegrals] = []
    for group in integration.groups(centre.variances):
        made = _Sampler(integration, group, centre, effort, fitted, axes)
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
    fitted: tuple[FittedProposal, ...]
    axes: AxesKind

    @property
    def _options(self) -> SolverOptions:
        return self.integration.options

    def whole(self) -> Iterator[BlockIntegrals]:
        """All effects of each block together."""
        design, centre = self.integration.design, self.centre
        for batch in self.integration.batches_of(self.group):
            find = small_block_modes if self.group.by_rule else posterior_modes
            modes = find(batch, design.family, centre.beta, centre.variances)
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
                    mesh=mesh_of(self._options.devices),
                )
                continue
            points, replicates = self._points(batch.block, batch.component.shape[1])
            sample = partial(
                ImportanceSample,
                batch,
                design.family,
                varies=centre.variances > 0,
                drift=drift,
                origin=centre.beta,
                single=self._options.precision == "single",
                mesh=mesh_of(self._options.devices),
            )
            source, options = None, self._options
            if follows:
                chunk = chunk_size(batch.successes.size)
                axes = laplace_axes(batch, modes, centre.variances)
                source = self._source(np.where(axes.present, batch.effect, PADDING), axes, sample, chunk)
                proposal = source.proposal
            else:
                proposal = mixture_proposal(batch, modes, centre.variances, options.mixture, options.df)
            effects, density = proposal.draw(points)
            yield sample(effects, density, replicates=replicates, source=source)

    def by_levels(self) -> Iterator[BlockIntegrals]:
        """Separators, with the pieces below them."""
        design, parts, group = self.integration.design, self.integration.parts, self.group
        batch_list = self.integration.batches_of(group)
        modes = JointModes.of(batch_list, design.family, self.centre, parts)
        to_fill = _ROWS_OF_RULES if group.by_rule else FEW_TO_FILL
        tree = PieceTree.of(design, parts, group.block, group.elimination, max(1, group.width), to_fill)
        setting = Setting(
            design,
            parts,
            batch_list,
            tree,
            self.centre,
            modes,
            mesh_of(self._options.devices),
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
        sample = partial(ConditionalSample, setting, levels, order=order)
        source = self._source(
            tree.separator, Axes.straight(mode, scale, present), sample, setting.chunk(levels, order)
        )
        separators, density = source.proposal.draw(points)
        yield sample(separators, -density, replicates=replicates, source=source)

    def _source(
        self, effect: Int[np.ndarray, "B Q"], axes: Axes, sample: Callable[..., WeightedSample], chunk: int
    ) -> Drawn:
        """What to draw these effects from: a proposal that was fitted for them, if one was.

        Samples at given effects are made by `sample`, with as many draws in a kernel call as `chunk`.
        """
        same = (f for f in self.fitted if np.array_equal(f.effect, effect))
        fit = next(same, FittedProposal.unfitted(effect, self._options.df))
        variances = np.where(self.centre.variances > 0, self.centre.variances, 1.0)

        # In kernel calls of the shape that draws have, so that nothing is compiled for them.
        replicates, each = draws_per_replicate(self.effort.draws, self._options.points)
        size = min(DRAWS_PER_CHUNK, replicates * each)
        each = max(1, size // REPLICATES)
        step = each * max(1, min(chunk, size) // each)

        def heights(places: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B m"]:
            parts = np.split(places, range(size, places.shape[2], size), axis=2)
            return np.concatenate([some_heights(part) for part in parts], axis=1)

        def some_heights(places: Float[np.ndarray, "B Q m"]) -> Float[np.ndarray, "B m"]:
            n = places.shape[2]
            padded = np.pad(places, ((0, 0), (0, 0), (0, -n % step)), mode="edge")
            m = padded.shape[2]
            there = sample(padded, np.zeros((len(places), m)), replicates=m // each)
            return there.log_weights(self.centre.beta, variances).reshape(len(places), -1)[:, :n]

        if self.axes == "kept":
            return Drawn(replace(axes, knots=fit.knots), fit)
        axes = axes.bent(heights) if self.axes == "bent" else axes
        return Drawn(axes, fit.along(axes))

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


def most_draws(integration: Integration) -> int:
    """The largest number of draws per block that the memory budget can hold, whichever variances are 0."""
    n_components = len(integration.design.components)
    patterns = [np.ones(n_components), *(1.0 - np.eye(n_components) if n_components > 1 else [])]
    return min(_most_draws(integration, varying) for varying in patterns)


def _most_draws(integration: Integration, varying: Float[np.ndarray, " K"]) -> int:
    drawn = [group for group in integration.groups(varying) if not group.by_rule]
    if not drawn:
        return _MOST_DRAWS
    n_parameters = len(integration.design.parameters)
    needed = [_bytes_per_draw(integration, group, n_parameters) for group in drawn]
    kept, passing = (sum(part[0] for part in needed), max(part[1] for part in needed))
    return min(_MOST_DRAWS, int(integration.options.memory * _GIB / (kept + passing)))


def _bytes_per_draw(integration: Integration, group: Group, n_parameters: int) -> tuple[int, int]:
    """What each draw of a group takes as long as it is in use, and for a time."""
    n_blocks = len(group.block)
    pieces, above = 0, 1
    for level in group.elimination.levels:
        n_pieces = (
            len(integration.design.random[level[0]].levels) * len(group.block) / integration.parts.n_blocks
        )
        pieces += int(n_pieces * above * (len(level) + len(level) ** 2))
        above *= _TYPICAL_ORDER ** len(level)
    kept = 8 * (n_blocks * (group.width + 2 * n_parameters + 2) + pieces)
    return kept, 8 * n_blocks * (6 * group.width + 3 * n_parameters) + 8 * pieces
