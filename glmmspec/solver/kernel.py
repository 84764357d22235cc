"""The one hot loop: weighted sums over the draws of a batch, in JAX, in double precision."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from glmmspec.family import FAMILIES, Array


class Rows(NamedTuple):
    """What a batch brings that is constant over draws and parameters.

    `members` is 1 where an effect varies and belongs to a component. Draws follow beta: they are
    u = effects + drift (beta - origin), so that at fixed draws the linear predictor changes with
    beta by `slope` = X + Z drift; `linear` is slope's.
    """

    x: Float[Array, "B N p"]
    offset: Float[Array, "B N"]
    successes: Float[Array, "B N"]
    trials: Float[Array, "B N"]
    codes: Int[Array, "B N T"]
    values: Float[Array, "B N T"]
    members: Float[Array, "B Q K"]
    drift: Float[Array, "B Q p"]
    slope: Float[Array, "B N p"]
    linear: Float[Array, "B p"]
    origin: Float[Array, " p"]


class Draws(NamedTuple):
    """Some draws of a batch's effects, as they are at beta = origin.

    `constant` is s'(X origin + o + Z effects) - log q(effects) in each draw, and -infinity for a
    padded draw, which so has weight 0.
    """

    effects: Float[Array, "B Q c"]
    constant: Float[Array, "B c"]


class Sums(NamedTuple):
    """Sums over draws, with weights relative to exp(log_max).

    `weight` is sum w, `score` sum w g, `outer` sum w g g', `curvature` sum w c''(eta) by row,
    `effects` sum w u.
    """

    log_max: Float[Array, " B"]
    weight: Float[Array, " B"]
    score: Float[Array, "B P"]
    outer: Float[Array, "B P P"]
    curvature: Float[Array, "B N"]
    effects: Float[Array, "B Q"]


@partial(jax.jit, static_argnames="family")
def weighted_sums(
    family: str, rows: Rows, draws: Draws, beta: Float[Array, " p"], variances: Float[Array, " K"]
) -> tuple[Sums, Float[Array, "B c"], Float[Array, "B P c"]]:
    """Sums over draws, and each draw's log weight and score.

    log w = s'eta - a'c(eta) - sum_t [ q_t log(2 pi nu_t) + S_t / nu_t ] / 2 - log q
    g     = ( slope'(s - a c'(eta)) - drift'D^-1 u,  -q_t / (2 nu_t) + S_t / (2 nu_t^2) )

    Log weights are taken relative to the largest before they are exponentiated, so that nothing
    overflows. Geyer (1994); Knudson (2016), equations 2.10 to 2.14, with one block in place of all
    data, and with draws that follow beta, where both have drift = 0.
    """
    u = _effects(rows, draws, beta)
    c, c1, c2 = FAMILIES[family].cumulant(_linear_predictor(rows, u, beta))
    counts = rows.members.sum(axis=1)
    squares = jnp.einsum("bqk,bqc->bkc", rows.members, jnp.square(u))
    log_weights = (
        draws.constant
        + (rows.linear @ (beta - rows.origin))[:, None]
        - jnp.einsum("bn,bnc->bc", rows.trials, c)
        - (counts * jnp.log(2 * jnp.pi * variances) / 2).sum(axis=1)[:, None]
        - jnp.einsum("k,bkc->bc", 1 / (2 * variances), squares)
    )
    beta_score = (
        rows.linear[:, :, None]
        - jnp.einsum("bnp,bnc->bpc", rows.slope * rows.trials[:, :, None], c1)
        - jnp.einsum("bqp,bqc->bpc", rows.drift * (rows.members @ (1 / variances))[:, :, None], u)
    )
    per_variance = (1 / (2 * variances))[None, :, None]
    variance_score = per_variance * (squares / variances[None, :, None] - counts[:, :, None])
    scores = jnp.concatenate([beta_score, variance_score], axis=1)
    log_max = log_weights.max(axis=1)
    weights = jnp.exp(log_weights - log_max[:, None])
    sums = Sums(
        log_max=log_max,
        weight=weights.sum(axis=1),
        score=jnp.einsum("bpc,bc->bp", scores, weights),
        outer=jnp.einsum("bpc,brc->bpr", scores * weights[:, None, :], scores),
        curvature=jnp.einsum("bnc,bc->bn", c2, weights),
        effects=jnp.einsum("bqc,bc->bq", u, weights),
    )
    return sums, log_weights, scores


@partial(jax.jit, static_argnames="family")
def zero_variance_scores(
    family: str,
    rows: Rows,
    draws: Draws,
    weights: Float[Array, "B c"],
    z: Float[Array, "B N Q"],
    beta: Float[Array, " p"],
) -> Float[Array, " B"]:
    """Part of dl/dnu_t at nu_t = 0 that some draws contribute, for a component held at 0.

    dl/dnu_t = 1/2 sum_j E[ s_j^2 - i_j | y ],  s = Z_t'(s - a c'(eta)),  i = diag(Z_t' diag(a c'') Z_t),

    by expanding the expectation over N(0, nu_t) of the likelihood in nu_t. `z` is Z_t: zero in the
    columns of effects of other components. `weights` are normalised over all draws of a block.
    """
    eta = _linear_predictor(rows, _effects(rows, draws, beta), beta)
    _, c1, c2 = FAMILIES[family].cumulant(eta)
    residual = rows.successes[:, :, None] - rows.trials[:, :, None] * c1
    score = jnp.einsum("bnq,bnc->bqc", z, residual)
    information = jnp.einsum("bnq,bnc->bqc", jnp.square(z), rows.trials[:, :, None] * c2)
    return jnp.einsum("bqc,bc->b", jnp.square(score) - information, weights) / 2


def _effects(rows: Rows, draws: Draws, beta: Float[Array, " p"]) -> Float[Array, "B Q c"]:
    """u = effects + drift (beta - origin)."""
    return draws.effects + (rows.drift @ (beta - rows.origin))[:, :, None]


def _linear_predictor(
    rows: Rows, u: Float[Array, "B Q c"], beta: Float[Array, " p"]
) -> Float[Array, "B N c"]:
    """eta = X beta + o + Z u, the effect of each row looked up, not multiplied out."""
    eta = (rows.x @ beta + rows.offset)[:, :, None]
    for t in range(rows.codes.shape[2]):
        of_row = jnp.take_along_axis(u, rows.codes[:, :, t, None], axis=1)
        eta = eta + rows.values[:, :, t, None] * of_row
    return eta
