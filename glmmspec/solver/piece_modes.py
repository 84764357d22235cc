"""The modes of pieces of one or two effects, given the effects above them, for many draws at once."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Float

from glmmspec.family import FAMILIES, Array
from glmmspec.solver.kernel import Rows

_ITERATIONS = 60
_TOLERANCE = 1e-6
"""Of the increase that a last step promises: nodes about the mode need no more."""

_LONGEST = 3.0
"""Longest step of a linear predictor."""


@partial(jax.jit, static_argnames="family")
def piece_modes(
    family: str,
    rows: Rows,
    prior: Float[Array, "J Q"],
    above: Float[Array, "E d"],
    start: Float[Array, "J Q"],
) -> tuple[Float[Array, "J Q d"], Float[Array, "J Q Q d"]]:
    """u* = argmax log f(y | u, v) + log phi(u), and a scale L with L L' the inverse negative Hessian there.

    Newton's method at beta = origin for each draw v, in `above`, steps cut so that none is overlong; the
    function is strictly concave. `prior` is 1 / nu of each effect.
    """
    assert rows.own is not None
    own = rows.own
    n_effects = own.shape[2]
    fixed = rows.base[:, :, None] + jnp.zeros((1, 1, above.shape[1]))
    for t in range(rows.codes.shape[2]):
        fixed = fixed + rows.values[:, :, t, None] * above[rows.codes[:, :, t]]

    def derivatives(u: Array) -> tuple[Array, Array]:
        eta = fixed
        for q in range(n_effects):
            eta = eta + own[:, :, q, None] * u[:, None, q]
        _, c1, c2 = FAMILIES[family].cumulant(eta)
        residual = rows.successes[:, :, None] - rows.trials[:, :, None] * c1
        gradient = jnp.einsum("jrq,jrd->jqd", own, residual) - prior[:, :, None] * u
        information = rows.trials[:, :, None] * c2
        pairs = own[:, :, :, None] * own[:, :, None, :]
        precision = jnp.einsum("jrqs,jrd->jqsd", pairs, information)
        return gradient, precision + (prior[:, :, None] * jnp.eye(n_effects))[..., None]

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        u, _, count = state
        gradient, precision = derivatives(u)
        root = _inverse_root(precision)
        half = jnp.einsum("jqsd,jqd->jsd", root, gradient)
        move = jnp.einsum("jqsd,jsd->jqd", root, half)
        reach = jnp.zeros_like(move[:, 0])
        for q in range(n_effects):
            reach = reach + jnp.abs(own[:, :, q]).max(axis=1)[:, None] * jnp.abs(move[:, q])
        shortened = jnp.minimum(1.0, _LONGEST / jnp.maximum(reach, 1e-300))
        return u + shortened[:, None] * move, jnp.square(half).sum(axis=1).max(), count + 1

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        return (state[1] > _TOLERANCE) & (state[2] < _ITERATIONS)

    first = jnp.broadcast_to(start[:, :, None], (*start.shape, above.shape[1]))
    mode, _, _ = jax.lax.while_loop(unfinished, step, (first, jnp.inf, 0))
    return mode, _inverse_root(derivatives(mode)[1])


def _inverse_root(precision: Float[Array, "J Q Q d"]) -> Float[Array, "J Q Q d"]:
    """An upper triangular L with L L' the inverse of each matrix of size 1 or 2."""
    first = jnp.sqrt(precision[:, 0, 0])
    if precision.shape[1] == 1:
        return (1 / first)[:, None, None]
    across = precision[:, 1, 0] / first
    second = jnp.sqrt(precision[:, 1, 1] - across**2)
    # The transposed inverse of the lower Cholesky factor [[first, 0], [across, second]].
    top = jnp.stack([1 / first, -across / (first * second)], axis=1)
    bottom = jnp.stack([jnp.zeros_like(first), 1 / second], axis=1)
    return jnp.stack([top, bottom], axis=1)
