"""The one hot loop: weighted sums over the draws of some blocks, in JAX, in double precision.

A block's effects are integrated in levels. Those of the root are drawn; the `Level`s below, if any,
hold pieces that are independent given all above them, each of one or two effects, which are
integrated by quadrature in every draw. Rows hang at the last level, or at the root where there is none.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.ops import segment_sum
from jaxtyping import Float, Int

from glmmspec.family import FAMILIES, Array, Family

_FACTORS = 512
"""Factors of 1/2 at least whose product does not underflow, with room to spare."""

_LOWEST = -1e300
"""What stands for the log of a largest weight of 0, where a chunk holds padded draws alone."""


class Rows(NamedTuple):
    """Rows of J blocks or pieces, R each; what is constant over draws and parameters.

    At fixed draws eta changes with beta by `slope` = X + Z drift, from `base` = X origin + o. `codes` point
    to the effects above the rows, J' Q' of them in one list, T a row; `own` is Z for the piece's own.
    A padded row has neither successes nor trials.
    """

    slope: Float[Array, "J R p"]
    base: Float[Array, "J R"]
    successes: Float[Array, "J R"]
    trials: Float[Array, "J R"]
    codes: Int[Array, "J R T"]
    values: Float[Array, "J R T"]
    own: Float[Array, "J R Q"] | None


class Effects(NamedTuple):
    """Effects of J blocks or pieces: u = effects + drift (beta - origin).

    `members` is 1 where an effect varies and belongs to a component.
    """

    members: Float[Array, "J Q K"]
    drift: Float[Array, "J Q p"]


class Level(NamedTuple):
    """Pieces that are integrated by quadrature given all above; `parent` is each one's place there."""

    effects: Effects
    parent: Int[Array, " J"]
    rows: Rows | None
    children: tuple[Level, ...]


class Root(NamedTuple):
    """Blocks whose effects are drawn at beta = `origin`, or given by the nodes of a rule."""

    origin: Float[Array, " p"]
    effects: Effects
    rows: Rows | None
    children: tuple[Level, ...]


class Nodes(NamedTuple):
    """Where a level's rule stands, u = mode + scale x, in each of c draws and a nodes of levels between."""

    mode: Float[Array, "J Q c a"]
    scale: Float[Array, "J Q Q c a"]
    rule: Float[Array, "Q M"]
    log_weights: Float[Array, " M"]
    children: tuple[Nodes, ...]


class Draws(NamedTuple):
    """Some draws of the roots' effects at beta = origin, c = G e of them in G groups, with the nodes below.

    `constant` is -log q(effects), and -infinity for a padded draw, which so has weight 0.
    """

    effects: Float[Array, "B Q G e"]
    constant: Float[Array, "B G e"]
    nodes: tuple[Nodes, ...]


class Sums(NamedTuple):
    """Sums over the draws of a group, with weights relative to exp(log_max).

    `weight` is sum w, `score` sum w g, `second` sum w (H + g g').
    """

    log_max: Float[Array, " B"]
    weight: Float[Array, "B G"]
    score: Float[Array, "B G P"]
    second: Float[Array, "B G P P"]


class Values(NamedTuple):
    """The integrand at J blocks or pieces and d draws (and nodes), with what the Hessian needs of it.

    `log_height` and `score` are log integrand and its gradient, the levels below integrated out.
    """

    log_height: Float[Array, "J d"]
    score: Float[Array, "J P d"]
    effects: Float[Array, "J Q d"]
    variance: Float[Array, "J R d"] | None
    children: tuple[Integrated, ...]


class Integrated(NamedTuple):
    """A level integrated: log I of each piece, its gradient, and the shares omega of the nodes in it."""

    log_integral: Float[Array, "J d"]
    gradient: Float[Array, "J P d"]
    share: Float[Array, "J d M"]
    nodes: Values


@partial(jax.jit, static_argnames=("family", "single", "unit"))
def weighted_sums(
    family: str,
    root: Root,
    draws: Draws,
    beta: Float[Array, " p"],
    variances: Float[Array, " K"],
    *,
    single: bool = False,
    unit: bool = False,
) -> tuple[Sums, Float[Array, "B G e"], Float[Array, "B P G e"]]:
    """Sums over draws, and each draw's log weight and score.

    log w = log f(y | u) + log phi(u) - log q(u), or with effects below the root
    log w = log phi(v) + sum_j log I_j(v) - log q(v),  I_j = sum_i omega_i f(y_j | u_i, v) phi(u_i),

    g its gradient and H its Hessian in (beta, nu). Log weights are taken relative to the largest before they
    are exponentiated, so that nothing overflows. Geyer (1994); Knudson (2016), equations 2.10 to 2.14, with
    one block in place of all data, draws that follow beta where both have drift = 0, and levels below.

    `single` computes the mean of each row in single precision; all sums are in double. `unit` says that every
    row's trials are 0 or 1.
    """
    n_blocks, _, groups, each = draws.effects.shape
    values = integrand(family, root, draws, beta, variances, single=single, unit=unit)
    log_max = jnp.maximum(values.log_height.max(axis=1), _LOWEST)
    weights = jnp.exp(values.log_height - log_max[:, None])
    by_group = weights.reshape(n_blocks, groups, each)
    scores = values.score.reshape(n_blocks, -1, groups, each)
    sums = Sums(
        log_max=log_max,
        weight=by_group.sum(axis=2),
        score=jnp.einsum("bpge,bge->bgp", scores, by_group),
        second=_second(root, values, weights, groups, variances),
    )
    return sums, values.log_height.reshape(by_group.shape), scores


def integrand(
    family: str,
    root: Root,
    draws: Draws,
    beta: Array,
    variances: Array,
    *,
    single: bool = False,
    unit: bool = False,
) -> Values:
    """log w of each draw and its score, with all that is below."""
    moved = beta - root.origin
    effects = draws.effects.reshape(*draws.effects.shape[:2], -1)
    constant = draws.constant.reshape(len(effects), -1)
    above = effects.reshape(-1, effects.shape[2])
    return _integrand(family, root, draws.nodes, effects, constant, above[:0], moved, variances, single, unit)


def _integrand(
    family: str,
    level: Root | Level,
    nodes: tuple[Nodes, ...],
    effects: Float[Array, "J Q d"],
    constant: Float[Array, "J d"],
    above: Float[Array, "E d"],
    moved: Float[Array, " p"],
    variances: Float[Array, " K"],
    single: bool,
    unit: bool,
) -> Values:
    """log integrand = constant + log phi(u) + sum of the rows' s eta - a c(eta) + sum of the levels' log I.

    `above` are the values of all effects above this level.
    """
    u = effects + (level.effects.drift @ moved)[:, :, None]
    log_height = constant + _log_prior(level.effects, u, variances)
    score = _prior_score(level.effects, u, variances)
    variance = None
    if level.rows is not None:
        own_above = effects.reshape(-1, effects.shape[2]) if isinstance(level, Root) else above
        height, slope, variance = _rows(family, level.rows, effects, own_above, moved, single, unit)
        log_height = log_height + height
        score = score.at[:, : slope.shape[1]].add(slope)
    below = []
    if level.children:
        above = jnp.concatenate([above, effects.reshape(-1, effects.shape[2])])
        for child, of_child in zip(level.children, nodes, strict=True):
            found = _integrated(family, child, of_child, above, moved, variances, single, unit)
            log_height = log_height + segment_sum(found.log_integral, child.parent, len(log_height))
            score = score + segment_sum(found.gradient, child.parent, len(score))
            below.append(found)
    return Values(log_height, score, u, variance, tuple(below))


def _integrated(
    family: str,
    level: Level,
    nodes: Nodes,
    above: Float[Array, "E d"],
    moved: Float[Array, " p"],
    variances: Float[Array, " K"],
    single: bool,
    unit: bool,
) -> Integrated:
    """I = sum over the nodes x of |scale| w exp(x'x / 2) f phi, at u = mode + scale x."""
    n_pieces, size = nodes.mode.shape[:2]
    n_nodes = nodes.rule.shape[1]
    mode = nodes.mode.reshape(n_pieces, size, -1)
    scale = nodes.scale.reshape(n_pieces, size, size, -1)
    effects = mode[:, :, :, None] + jnp.einsum("jqrd,rm->jqdm", scale, nodes.rule)
    volume = jnp.log(jnp.einsum("jqqd->jqd", scale)).sum(axis=1)
    shape = (n_pieces, mode.shape[2], n_nodes)
    constant = jnp.broadcast_to(volume[:, :, None] + nodes.log_weights, shape)
    values = _integrand(
        family,
        level,
        nodes.children,
        effects.reshape(n_pieces, size, -1),
        constant.reshape(n_pieces, -1),
        jnp.repeat(above, n_nodes, axis=1),
        moved,
        variances,
        single,
        unit,
    )
    log_height = values.log_height.reshape(shape)
    top = log_height.max(axis=2, keepdims=True)
    relative = jnp.exp(log_height - top)
    total = relative.sum(axis=2, keepdims=True)
    share = relative / total
    gradient = jnp.einsum("jpdm,jdm->jpd", values.score.reshape(n_pieces, -1, *shape[1:]), share)
    return Integrated((top + jnp.log(total))[:, :, 0], gradient, share, values)


def _rows(
    family: str,
    rows: Rows,
    effects: Float[Array, "J Q d"],
    above: Float[Array, "E d"],
    moved: Float[Array, " p"],
    single: bool,
    unit: bool,
) -> tuple[Float[Array, "J d"], Float[Array, "J p d"], Float[Array, "J R d"]]:
    """sum s eta - a c(eta), its gradient slope'(s - a c'(eta)) in beta, and a c''(eta) of each row."""
    eta = (rows.base + rows.slope @ moved)[:, :, None]
    for t in range(rows.codes.shape[2]):
        eta = eta + rows.values[:, :, t, None] * above[rows.codes[:, :, t]]
    if rows.own is not None:
        for q in range(rows.own.shape[2]):
            eta = eta + rows.own[:, :, q, None] * effects[:, None, q, :]
    of_family = FAMILIES[family]
    # What is written to memory is eta and the mean; all else is made from these, in one pass each.
    eta = _written(eta)
    mean = _written(of_family.mean(eta.astype(jnp.float32) if single else eta))
    linear = jnp.einsum("jrp,jr->jp", rows.slope, rows.successes)[:, :, None]
    weighted = rows.slope * rows.trials[:, :, None]
    slope = linear - jnp.einsum("jrp,jrd->jpd", weighted, mean.astype(eta.dtype))
    return _height(of_family, rows, eta, mean, unit), slope, of_family.variance(mean).astype(eta.dtype)


def _written(array: Array) -> Array:
    """The same array, kept in memory rather than made again by each that reads it."""
    return lax.optimization_barrier(array)


def _height(
    family: Family, rows: Rows, eta: Float[Array, "J R d"], mean: Float[Array, "J R d"], unit: bool
) -> Float[Array, "J d"]:
    """sum over the rows of s eta - a c(eta); where each a is 0 or 1 through a product."""
    successes, trials = rows.successes[:, :, None], rows.trials[:, :, None]
    if unit and family.cumulant_product is not None and eta.shape[1] <= _FACTORS:
        product = jnp.where(trials > 0, family.cumulant_product(mean).astype(eta.dtype), 1).prod(axis=1)
        linear = (successes * eta - trials * jnp.maximum(eta, 0)).sum(axis=1)
        return linear + jnp.log(product)
    return (successes * eta - trials * family.cumulant_at(eta, mean).astype(eta.dtype)).sum(axis=1)


def _second(
    level: Root | Level,
    values: Values,
    weights: Float[Array, "J d"],
    groups: int,
    variances: Float[Array, " K"],
) -> Float[Array, "J G P P"]:
    """sum w (H + g g') over the draws of each group.

    H is that of log integrand: with the levels below integrated out, by the law of total covariance,

        H = H_own + sum_j { E[H_j + g_j g_j'] - gbar_j gbar_j' }

    with the expectation over the nodes of piece j.
    """
    n, n_parameters = values.score.shape[:2]
    scores = values.score.reshape(n, n_parameters, groups, -1)
    by_group = weights.reshape(n, groups, -1)
    total = jnp.einsum("jpge,jrge->jgpr", scores * by_group[:, None], scores)
    total = total + _prior_hessian(level.effects, values.effects, by_group, variances)
    if level.rows is not None and values.variance is not None:
        p = level.rows.slope.shape[2]
        variance = values.variance.reshape(*values.variance.shape[:2], groups, -1)
        curvature = jnp.einsum("jrge,jge->jgr", variance, by_group) * level.rows.trials[:, None, :]
        weighted = level.rows.slope[:, None] * curvature[:, :, :, None]
        total = total.at[:, :, :p, :p].add(-jnp.einsum("jrp,jgrs->jgps", level.rows.slope, weighted))
    for child, found in zip(level.children, values.children, strict=True):
        given = weights[child.parent]
        inside = (given[:, :, None] * found.share).reshape(len(given), -1)
        part = _second(child, found.nodes, inside, groups, variances)
        mean = found.gradient.reshape(len(given), n_parameters, groups, -1)
        each = given.reshape(len(given), 1, groups, -1)
        part = part - jnp.einsum("jpge,jrge->jgpr", mean * each, mean)
        total = total + segment_sum(part, child.parent, n)
    return total


def _log_prior(effects: Effects, u: Float[Array, "J Q d"], variances: Array) -> Float[Array, "J d"]:
    """log phi(u; nu) = -sum_t [ q_t log(2 pi nu_t) + S_t / nu_t ] / 2."""
    constant = (effects.members.sum(axis=1) * jnp.log(2 * jnp.pi * variances) / 2).sum(axis=1)
    return -constant[:, None] - jnp.einsum("jq,jqd->jd", effects.members @ (1 / (2 * variances)), u * u)


def _prior_score(effects: Effects, u: Float[Array, "J Q d"], variances: Array) -> Float[Array, "J P d"]:
    """( -drift'D^-1 u,  -q_t / (2 nu_t) + S_t / (2 nu_t^2) )."""
    precise = effects.drift * (effects.members @ (1 / variances))[:, :, None]
    squares = jnp.einsum("jqk,jqd->jkd", effects.members, u * u)
    counts = effects.members.sum(axis=1)[:, :, None]
    of_variance = (squares / variances[:, None] - counts) / (2 * variances)[:, None]
    return jnp.concatenate([-jnp.einsum("jqp,jqd->jpd", precise, u), of_variance], axis=1)


def _prior_hessian(
    effects: Effects, u: Float[Array, "J Q d"], weights: Float[Array, "J G e"], variances: Array
) -> Float[Array, "J G P P"]:
    """sum w H of log phi: -drift'D^-1 drift; drift_t'u_t / nu_t^2; q_t / (2 nu_t^2) - S_t / nu_t^3."""
    grouped = u.reshape(*u.shape[:2], *weights.shape[1:])
    total = weights.sum(axis=2)
    first = jnp.einsum("jqge,jge->jgq", grouped, weights)
    squares = jnp.einsum("jqk,jqge,jge->jgk", effects.members, grouped * grouped, weights)
    precise = effects.drift * (effects.members @ (1 / variances))[:, :, None]
    beta = -jnp.einsum("jqp,jqr->jpr", effects.drift, precise)[:, None] * total[:, :, None, None]
    crossed = jnp.einsum("jqp,jgq,jqk->jgpk", effects.drift, first, effects.members / variances**2)
    counts = effects.members.sum(axis=1)[:, None, :] * total[:, :, None]
    of_variance = counts / (2 * variances**2) - squares / variances**3
    corner = of_variance[:, :, :, None] * jnp.eye(len(variances))
    upper = jnp.concatenate([beta, crossed], axis=3)
    lower = jnp.concatenate([crossed.transpose(0, 1, 3, 2), corner], axis=3)
    return jnp.concatenate([upper, lower], axis=2)
