"""The modes of pieces of one or two effects, given the effects above them, for many draws at once."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Float

from glmmspec.family import FAMILIES, Array
from glmmspec.solver.kernel import Arithmetic, Rows, contracted, fixed_part

_ITERATIONS = 60
_TOLERANCE = 1e-6
"""Of the increase that a last step promises: nodes about the mode need no more."""

_LONGEST = 3.0
"""Longest step of a linear predictor."""


@partial(jax.jit, static_argnames="family")
def piece_modes(
    family: str,
    rows: Rows,
    prior: Float[Array, "Q J"],
    above: Float[Array, "d E"],
    start: Float[Array, "Q J"],
) -> tuple[Float[Array, "Q d J"], Float[Array, "Q Q d J"]]:
    """u* = argmax log f(y | u, v) + log phi(u), and a scale L with L L' the inverse negative Hessian there.

    Newton's method at beta = origin for each draw v, in `above`, steps cut so that none is overlong; the
    function is strictly concave. `prior` is 1 / nu of each effect.
    """
    assert rows.own is not None
    how, own, n_effects = Arithmetic(family), rows.own, len(rows.own)
    fixed = fixed_part(rows, above[None], jnp.zeros(len(rows.slope)), how)
    reach = jnp.abs(own).max(axis=1)

    def derivatives(u: Array) -> tuple[Array, Array]:
        eta = fixed + sum(own[q][:, None, None] * u[q] for q in range(n_effects))
        mean = FAMILIES[family].mean(eta)
        residual = rows.successes[:, None, None] - rows.trials[:, None, None] * mean
        information = rows.trials[:, None, None] * FAMILIES[family].variance(mean)
        gradient = jnp.stack([total(own[q], residual) - prior[q] * u[q] for q in range(n_effects)])
        precision = [
            [total(own[q] * own[s], information) + (prior[q] if q == s else 0) for s in range(n_effects)]
            for q in range(n_effects)
        ]
        return gradient, jnp.stack(list(map(jnp.stack, precision)))

    def total(constant: Array, values: Array) -> Array:
        return contracted(constant[None], values, how)[0]

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        u, _, count = state
        gradient, precision = derivatives(u)
        root = _inverse_root(precision)
        half = (root * gradient[:, None]).sum(axis=0)
        move = (root * half).sum(axis=1)
        longest = (reach[:, None, None] * jnp.abs(move)).sum(axis=0)
        shortened = jnp.minimum(1.0, _LONGEST / jnp.maximum(longest, 1e-300))
        return u + shortened * move, jnp.square(half).sum(axis=0).max(), count + 1

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        return (state[1] > _TOLERANCE) & (state[2] < _ITERATIONS)

    first = jnp.broadcast_to(start[:, None, None], (n_effects, *fixed.shape[1:]))
    mode, _, _ = jax.lax.while_loop(unfinished, step, (first, jnp.inf, 0))
    return mode[:, 0], _inverse_root(derivatives(mode)[1])[:, :, 0]


def _inverse_root(precision: Float[Array, "Q Q 1 d J"]) -> Float[Array, "Q Q 1 d J"]:
    """An upper triangular L with L L' the inverse of each matrix of size 1 or 2."""
    first = jnp.sqrt(precision[0, 0])
    if len(precision) == 1:
        return (1 / first)[None, None]
    across = precision[1, 0] / first
    second = jnp.sqrt(precision[1, 1] - across**2)
    # The transposed inverse of the lower Cholesky factor [[first, 0], [across, second]].
    top = jnp.stack([1 / first, -across / (first * second)])
    bottom = jnp.stack([jnp.zeros_like(first), 1 / second])
    return jnp.stack([top, bottom])
