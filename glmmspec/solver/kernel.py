"""The one hot loop: weighted sums over the draws of some blocks, in JAX, in double precision.

A block's effects are integrated in levels. Those of the root are drawn; the `Level`s below, if any,
hold pieces that are independent given all above them, each of one or two effects, which are
integrated by quadrature in every draw. Rows hang at the last level, or at the root where there is none.

What is summed over stands first in every array, and what is long stands last, so that each pass is over
contiguous numbers: blocks (or pieces) J after draws n; at a root of few blocks and many draws, draws after
blocks. Shapes are written for the first, (..., G, n, J), with G groups of n draws, among them the nodes of
levels between; the other is (..., J, n, G), and (..., J, 1, n G) where groups are not told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from operator import add, mul
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float, Int

from glmmspec.family import FAMILIES, Array

_FACTORS = 512
"""Factors of 1/2 at least whose product does not underflow, with room to spare."""

_LOWEST = -1e300
"""What stands for the log of a largest weight of 0, where a chunk holds padded draws alone."""


class Rows(NamedTuple):
    """Rows of J blocks or pieces, R each; what is constant over draws and parameters.

    At fixed draws eta changes with beta by `slope` = X + Z drift, from `base` = X origin + o. `codes` point
    to the effects above the rows in one list of these, T a row; `own` is Z for the piece's own, or for those
    of a block that has few, and `linear` is slope's. A padded row has neither successes nor trials.
    """

    slope: Float[Array, "p R J"]
    base: Float[Array, "R J"]
    successes: Float[Array, "R J"]
    trials: Float[Array, "R J"]
    codes: Int[Array, "T R J"]
    values: Float[Array, "T R J"]
    own: Float[Array, "Q R J"] | None
    linear: Float[Array, "p J"]

    @classmethod
    def of(
        cls,
        *,
        slope: Float[np.ndarray, "J R p"],
        base: Float[np.ndarray, "J R"],
        successes: Float[np.ndarray, "J R"],
        trials: Float[np.ndarray, "J R"],
        codes: Int[np.ndarray, "J R T"],
        values: Float[np.ndarray, "J R T"],
        own: Float[np.ndarray, "J R Q"] | None,
    ) -> Rows:
        """From arrays with blocks first."""
        linear = np.einsum("jrp,jr->jp", slope, successes)
        several = (slope, base, successes, trials, codes.astype(np.int32), values, own, linear)
        return cls(*(None if part is None else np.ascontiguousarray(part.T) for part in several))


class Effects(NamedTuple):
    """Effects of J blocks or pieces: u = effects + drift (beta - origin).

    `members` is 1 where an effect varies and belongs to a component; `counts` are the numbers of these.
    """

    members: Float[Array, "K Q J"]
    counts: Float[Array, "K J"]
    drift: Float[Array, "p Q J"]

    @classmethod
    def of(cls, members: np.ndarray, drift: Float[np.ndarray, "J Q p"]) -> Effects:
        """From arrays with blocks first."""
        several = (members, members.sum(axis=1), drift)
        return cls(*(np.ascontiguousarray(part.T, dtype=float) for part in several))


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
    """Where a level's rule stands, u = mode + scale x, in each of the draws above, and nodes between."""

    mode: Float[Array, "Q G n J"]
    scale: Float[Array, "Q Q G n J"]
    rule: Float[Array, "Q M"]
    log_weights: Float[Array, " M"]
    children: tuple[Nodes, ...]


class Draws(NamedTuple):
    """Some draws of the roots' effects at beta = origin, with the nodes below.

    `constant` is -log q(effects), and -infinity for a padded draw, which so has weight 0.
    """

    effects: Float[Array, "Q G n J"]
    constant: Float[Array, "G n J"]
    nodes: tuple[Nodes, ...]


class Sums(NamedTuple):
    """Sums over the draws of a group, with weights relative to exp(log_max).

    `weight` is sum w, `score` sum w g, `second` sum w (H + g g').
    """

    log_max: Float[Array, " B"]
    weight: Float[Array, "G B"]
    score: Float[Array, "P G B"]
    second: Float[Array, "P P G B"]


class Values(NamedTuple):
    """The integrand at J blocks or pieces in all draws (and nodes), with what the Hessian needs of it.

    `log_height` and `score` are log integrand and its gradient, the levels below integrated out; c' of
    each row is made from `transcendental`.
    """

    log_height: Float[Array, "G n J"]
    score: Float[Array, "P G n J"]
    effects: Float[Array, "Q G n J"]
    transcendental: Float[Array, "R G n J"] | None
    children: tuple[Integrated, ...]


class Integrated(NamedTuple):
    """A level integrated: log I of each piece, its gradient, and the shares omega of the nodes in it."""

    log_integral: Float[Array, "G n J"]
    gradient: Float[Array, "P G n J"]
    share: Float[Array, "G n M J"]
    nodes: Values


class Arithmetic(NamedTuple):
    """How a kernel computes.

    `single` computes the mean of each row in single precision; all sums are in double. `unit` says that every
    row's trials are 0 or 1, and `blocks_last` which axis is; if it is not, draws belong to `groups` by turns.
    """

    family: str
    single: bool = False
    unit: bool = False
    blocks_last: bool = True
    groups: int = 1


@partial(jax.jit, static_argnames="how")
def weighted_sums(
    how: Arithmetic, root: Root, draws: Draws, beta: Float[Array, " p"], variances: Float[Array, " K"]
) -> tuple[Sums, Float[Array, "G n B"], Float[Array, "P G n B"]]:
    """Sums over draws, and each draw's log weight and score.

    log w = log f(y | u) + log phi(u) - log q(u), or with effects below the root
    log w = log phi(v) + sum_j log I_j(v) - log q(v),  I_j = sum_i omega_i f(y_j | u_i, v) phi(u_i),

    g its gradient and H its Hessian in (beta, nu). Log weights are taken relative to the largest before they
    are exponentiated, so that nothing overflows. Geyer (1994); Knudson (2016), equations 2.10 to 2.14, with
    one block in place of all data, draws that follow beta where both have drift = 0, and levels below.
    """
    shape = draws.constant.shape
    if not how.blocks_last:
        how = how._replace(groups=shape[2])
        draws = Draws(_ungrouped(draws.effects), _ungrouped(draws.constant), ())
    values = integrand(how, root, draws, beta, variances)
    axes = (0, 1) if how.blocks_last else (1, 2)
    log_max = jnp.maximum(values.log_height.max(axis=axes), _LOWEST)
    weights = jnp.exp(values.log_height - _to_draws(log_max, how))
    sums = Sums(
        log_max=log_max,
        weight=_weight(weights, how),
        score=over_draws(how, Product(weights[None], values.score))[0][0],
        second=_second(root, values, weights, variances, how),
    )
    return sums, values.log_height.reshape(shape), values.score.reshape(-1, *shape)


def _ungrouped(values: Float[Array, "... J n G"]) -> Float[Array, "... J 1 nG"]:
    return values.reshape(*values.shape[:-2], 1, -1)


def integrand(how: Arithmetic, root: Root, draws: Draws, beta: Array, variances: Array) -> Values:
    """log w of each draw and its score, with all that is below."""
    effects = draws.effects
    listed = effects.reshape(-1, *effects.shape[2:])
    if how.blocks_last:
        listed = jnp.moveaxis(effects, 0, 2).reshape(*effects.shape[1:3], -1)
    return _integrand(root, draws.nodes, effects, draws.constant, listed, beta - root.origin, variances, how)


def _integrand(
    level: Root | Level,
    nodes: tuple[Nodes, ...],
    effects: Float[Array, "Q G n J"],
    constant: Float[Array, "G n J"],
    above: Float[Array, "G m E"],
    moved: Float[Array, " p"],
    variances: Float[Array, " K"],
    how: Arithmetic,
) -> Values:
    """log integrand = constant + log phi(u) + sum of the rows' s eta - a c(eta) + sum of the levels' log I.

    `above` are the values of all effects that the rows' codes point to, or those below may, in m draws and
    nodes, each of which n / m nodes of this level belong to.
    """
    u = effects + _to_draws(jnp.tensordot(moved, level.effects.drift, 1), how)
    log_prior, score = _prior(level.effects, u, variances, how)
    log_height = constant + log_prior
    t = None
    if level.rows is not None:
        eta = _linear_predictor(level.rows, above, effects, moved, how)
        height, slope, t = _rows(level.rows, eta, how)
        log_height = log_height + height
        score = jnp.concatenate([score[: len(slope)] + slope, score[len(slope) :]])
    below = []
    for child, of_child in zip(level.children, nodes, strict=True):
        found = _integrated(child, of_child, above, moved, variances, how)
        log_height = log_height.at[..., child.parent].add(found.log_integral)
        score = score.at[..., child.parent].add(found.gradient)
        below.append(found)
    return Values(log_height, score, u, t, tuple(below))


def _integrated(
    level: Level,
    nodes: Nodes,
    above: Float[Array, "G n E"],
    moved: Float[Array, " p"],
    variances: Float[Array, " K"],
    how: Arithmetic,
) -> Integrated:
    """I = sum over the nodes x of |scale| w exp(x'x / 2) f phi, at u = mode + scale x."""
    size, *_, n_pieces = nodes.mode.shape
    n_nodes = nodes.rule.shape[1]
    scale = nodes.scale[..., None, :]
    x = nodes.rule[:, :, None]
    effects = nodes.mode[..., None, :] + sum(scale[:, q] * x[q] for q in range(size))
    volume = reduce(add, (jnp.log(nodes.scale[q, q]) for q in range(size)))
    shape = effects.shape[1:]
    constant = jnp.broadcast_to(volume[..., None, :] + nodes.log_weights[:, None], shape)
    flat = (shape[0], -1, n_pieces)
    effects = effects.reshape(size, *flat)
    if level.children:
        own = jnp.moveaxis(effects, 0, 2).reshape(*effects.shape[1:3], -1)
        above = jnp.concatenate([jnp.repeat(above, n_nodes, axis=1), own], axis=2)
    values = _integrand(level, nodes.children, effects, constant.reshape(flat), above, moved, variances, how)
    log_height = values.log_height.reshape(shape)
    top = log_height.max(axis=2, keepdims=True)
    relative = jnp.exp(log_height - top)
    total = relative.sum(axis=2, keepdims=True)
    share = relative / total
    # Without an axis for groups, of which there may be one, so that XLA need not copy what is in order.
    score = values.score.reshape(len(values.score), -1, *shape[2:])
    (gradient,) = _total(lambda g, s: (g * s,), (score, 2), (share.reshape(-1, *shape[2:]), 1))
    gradient = gradient.reshape(-1, *nodes.mode.shape[1:])
    return Integrated((top + jnp.log(total))[:, :, 0], gradient, share, values)


def fixed_part(
    rows: Rows, above: Float[Array, "... E"], moved: Float[Array, " p"], how: Arithmetic
) -> Float[Array, "R ... J"]:
    """eta of each row without the piece's own effects."""
    base = rows.base + jnp.tensordot(moved, rows.slope, 1)
    if not how.blocks_last:
        eta = base[:, :, None, None]
        for code, value in zip(rows.codes, rows.values, strict=True):
            eta = eta + value[:, :, None, None] * above[code]
        return eta
    if not len(rows.codes):
        return jnp.broadcast_to(base[:, None, None], (len(base), *above.shape[:-1], base.shape[1]))

    def several(rows: tuple[Array, Array, Array]) -> Array:
        base, codes, values = rows
        terms = (
            values[:, t, None, None] * jnp.moveaxis(above[..., codes[:, t]], -2, 0)
            for t in range(codes.shape[1])
        )
        return reduce(add, terms, base[:, None, None])

    # In a loop, so that XLA looks effects up once, and not again inside all that reads eta.
    each = len(base) // 4 if len(base) >= 32 and len(base) % 4 == 0 else 1
    by_turn = (
        x.reshape(-1, each, *x.shape[1:])
        for x in (base, rows.codes.swapaxes(0, 1), rows.values.swapaxes(0, 1))
    )
    return lax.map(several, tuple(by_turn)).reshape(len(base), *above.shape[:-1], base.shape[1])


def _linear_predictor(
    rows: Rows,
    above: Float[Array, "G m E"],
    effects: Float[Array, "Q G n J"],
    moved: Float[Array, " p"],
    how: Arithmetic,
) -> Float[Array, "R G n J"]:
    """eta of each row."""
    eta = fixed_part(rows, above, moved, how)
    if rows.own is None:
        return eta
    by_node = effects.reshape(*effects.shape[:2], eta.shape[2], -1, effects.shape[3])
    eta = eta[:, :, :, None] + sum(
        own[:, None, None, None] * effect for own, effect in zip(rows.own, by_node, strict=True)
    )
    return eta.reshape(len(eta), *effects.shape[1:])


def _rows(
    rows: Rows, eta: Float[Array, "R G n J"], how: Arithmetic
) -> tuple[Float[Array, "G n J"], Float[Array, "p G n J"], Float[Array, "R G n J"]]:
    """sum s eta - a c(eta), its gradient slope'(s - a c'(eta)) in beta, and what c' is made from.

    Where each a is 0 or 1 the sum of the c(eta) is made through a product.
    """
    family = FAMILIES[how.family]
    t = family.transcendental(eta.astype(jnp.float32) if how.single else eta)
    factor = family.cumulant_product if how.unit and len(eta) <= _FACTORS else None
    axis = 2 if how.blocks_last else 1

    def of_row(weighted: Array, s: Array, a: Array, x: Array, t: Array) -> tuple[Array, ...]:
        s, a, mean = _to_draws(s, how), _to_draws(a, how), family.mean_from(t)
        by_parameter = weighted if how.blocks_last else weighted.T[..., None, None]
        slope = by_parameter * jnp.expand_dims(mean.astype(x.dtype), axis)
        if factor is None:
            return slope, s * x - a * family.cumulant_at(x, mean).astype(x.dtype)
        return slope, s * x - a * jnp.maximum(x, 0), jnp.where(a > 0, factor(mean).astype(x.dtype), 1)

    listed = (rows.slope * rows.trials, 1), (rows.successes, 0), (rows.trials, 0), (eta, 0), (t, 0)
    slope, height, *product = _total(of_row, *listed, by=(add, add) if factor is None else (add, add, mul))
    for part in product:
        height = height + jnp.log(part)
    return height, _to_draws(rows.linear, how) - jnp.moveaxis(slope, axis, 0), t


def _total(
    term: Callable[..., tuple[Array, ...]],
    *summed: tuple[Array, int],
    by: tuple[Callable[[Array, Array], Array], ...] = (),
) -> tuple[Array, ...]:
    """The sums (or products, if `by` says so) over i of terms of what each array holds at i along its axis.

    It is a loop, several i's in each pass, so that XLA does not make a sum again, or in another order, inside
    what reads it.
    """
    count = summed[0][0].shape[summed[0][1]]
    each = next((k for k in (4, 3, 2) if count % k == 0 and count > k), 1)

    def at(i: int | Array) -> tuple[Array, ...]:
        index = partial(lax.dynamic_index_in_dim, keepdims=False, allow_negative_indices=False)
        return term(*(index(x, i, axis) for x, axis in summed))

    like = jax.eval_shape(at, 0)
    operators = by or (add,) * len(like)

    def several(turn: Array, sofar: tuple[Array, ...]) -> tuple[Array, ...]:
        for i in range(each):
            sofar = tuple(f(x, y) for f, x, y in zip(operators, sofar, at(each * turn + i), strict=True))
        return sofar

    if count == 1:
        return at(0)
    start = tuple(jnp.full(x.shape, f is mul, x.dtype) for f, x in zip(operators, like, strict=True))
    total: tuple[Array, ...] = lax.fori_loop(0, count // each, several, start)
    return total


def contracted(
    constant: Float[Array, "A R J"], values: Float[Array, "R G n J"], how: Arithmetic
) -> Float[Array, "A G n J"]:
    """sum over r of constant[a, r] values[r]."""
    return _total(lambda a, x: (_to_draws(a, how) * x,), (constant, 1), (values, 0))[0]


class Product(NamedTuple):
    """left[a] of(right[c]), to be summed."""

    left: Float[Array, "A G n J"]
    right: Float[Array, "C G n J"]
    of: Callable[[Array], Array] = lambda values: values


def over_draws(how: Arithmetic, *products: Product) -> list[Float[Array, "A C G J"]]:
    """The sums of some products over the n draws of each group."""
    n = len(products)

    def term(*values: Array) -> tuple[Array, ...]:
        pairs = zip(values[:n], values[n:], products, strict=True)
        return tuple(a[:, None] * product.of(x).astype(a.dtype) for a, x, product in pairs)

    pairs = [p.left for p in products] + [p.right for p in products]
    totals = _total(term, *((_grouped(x, how), 2) for x in pairs))
    return [total if how.blocks_last else total.swapaxes(2, 3) for total in totals]


def _weight(weights: Float[Array, "G n J"], how: Arithmetic) -> Float[Array, "G J"]:
    total = _grouped(weights, how).sum(axis=1)
    return total if how.blocks_last else total.T


def _grouped(values: Float[Array, "... J 1 nG"], how: Arithmetic) -> Float[Array, "... J n G"]:
    return values if how.blocks_last else values.reshape(*values.shape[:-2], -1, how.groups)


def _to_draws(constant: Float[Array, "... J"], how: Arithmetic) -> Float[Array, "... 1 1 J"]:
    """What is constant over the draws, to be broadcast over them."""
    return constant[..., None, None, :] if how.blocks_last else constant[..., None, None]


def _second(
    level: Root | Level, values: Values, weights: Float[Array, "G n J"], variances: Array, how: Arithmetic
) -> Float[Array, "P P G J"]:
    """sum w (H + g g') over the draws of each group.

    H is that of log integrand: with the levels below integrated out, by the law of total covariance,

        H = H_own + sum_j { E[H_j + g_j g_j'] - gbar_j gbar_j' }

    with the expectation over the nodes of piece j.
    """
    family, u, t = FAMILIES[how.family], values.effects, values.transcendental
    products = [
        Product(values.score * weights, values.score),
        Product(weights[None], u),
        Product(weights[None], u, jnp.square),
    ]
    if t is not None:
        products.append(Product(weights[None], t, lambda t: family.variance(family.mean_from(t))))
    total, (first,), (square,), *curvature = over_draws(how, *products)
    total = total + _prior_hessian(level.effects, first, square, _weight(weights, how), variances)
    if level.rows is not None:
        information = _information(level.rows, curvature[0][0])
        total = total.at[: len(information), : len(information)].add(-information)
    for child, found in zip(level.children, values.children, strict=True):
        given = weights[..., child.parent]
        inside = (given[:, :, None] * found.share).reshape(given.shape[0], -1, given.shape[2])
        part = _second(child, found.nodes, inside, variances, how)
        part = part - over_draws(how, Product(found.gradient * given, found.gradient))[0]
        total = total.at[..., child.parent].add(part)
    return total


def _information(rows: Rows, curvature: Float[Array, "R G J"]) -> Float[Array, "p p G J"]:
    """sum over the rows of a slope slope' times sum w c''."""

    def of_row(x: Array, weighted: Array, c: Array) -> tuple[Array, ...]:
        return ((x[:, None] * weighted)[:, :, None] * c,)

    return _total(of_row, (rows.slope, 1), (rows.slope * rows.trials, 1), (curvature, 0))[0]


def _prior(
    effects: Effects, u: Float[Array, "Q G n J"], variances: Array, how: Arithmetic
) -> tuple[Float[Array, "G n J"], Float[Array, "P G n J"]]:
    """log phi(u; nu) = -sum_t [ q_t log(2 pi nu_t) + S_t / nu_t ] / 2, and its gradient.

    The gradient is ( -drift'D^-1 u,  -q_t / (2 nu_t) + S_t / (2 nu_t^2) ).
    """
    precise = _precise_drift(effects, variances)
    squares, of_beta = _total(
        lambda m, d, x: (_to_draws(m, how) * x**2, _to_draws(d, how) * x),
        (effects.members, 1),
        (precise, 1),
        (u, 0),
    )
    constant = jnp.log(2 * jnp.pi * variances) @ effects.counts / 2
    by_component = variances[:, None, None, None]
    log_prior = -_to_draws(constant, how) - reduce(add, squares / (2 * by_component))
    of_variance = (squares / by_component - _to_draws(effects.counts, how)) / (2 * by_component)
    return log_prior, jnp.concatenate([-of_beta, of_variance])


def _precise_drift(effects: Effects, variances: Array) -> Float[Array, "p Q J"]:
    """D^-1 drift."""
    return effects.drift * jnp.tensordot(1 / variances, effects.members, 1)


def _prior_hessian(
    effects: Effects,
    first: Float[Array, "Q G J"],
    square: Float[Array, "Q G J"],
    total: Float[Array, "G J"],
    variances: Array,
) -> Float[Array, "P P G J"]:
    """sum w H of log phi from sum w u, sum w u^2 and sum w.

    H is -drift'D^-1 drift; drift_t'u_t / nu_t^2; q_t / (2 nu_t^2) - S_t / nu_t^3.
    """
    by_component = variances[:, None, None]

    def of_effect(m: Array, d: Array, x: Array, u: Array, squared: Array) -> tuple[Array, ...]:
        return (
            (d[:, None] * x)[:, :, None] * total,
            (d[:, None] * m)[:, :, None] * u,
            m[:, None] * squared,
        )

    listed = (effects.members, 1), (effects.drift, 1), (_precise_drift(effects, variances), 1)
    beta, crossed, squares = _total(of_effect, *listed, (first, 0), (square, 0))
    crossed = crossed / by_component**2
    of_variance = effects.counts[:, None] * total / (2 * by_component**2) - squares / by_component**3
    corner = of_variance[:, None] * jnp.eye(len(variances))[:, :, None, None]
    upper = jnp.concatenate([-beta, crossed], axis=1)
    lower = jnp.concatenate([crossed.swapaxes(0, 1), corner], axis=1)
    return jnp.concatenate([upper, lower])
