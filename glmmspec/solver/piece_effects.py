"""The effects given the data, of blocks that are integrated level by level."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import tree_util
from jaxtyping import Float, Int

from glmmspec.family import Array
from glmmspec.solver.kernel import (
    Arithmetic,
    Draws,
    Integrated,
    Level,
    Product,
    Root,
    Values,
    integrand,
    over_draws,
)


class EffectSums(NamedTuple):
    """sum W u of each group of draws, and sum W u^2 and sum W u g over all."""

    first: Float[Array, "J Q G"]
    square: Float[Array, "J Q"]
    crossed: Float[Array, "J Q P"]


@partial(jax.jit, static_argnames="family")
def effect_sums(
    family: str,
    root: Root,
    draws: Draws,
    weights: Float[Array, "G n B"],
    beta: Float[Array, " p"],
    variances: Float[Array, " K"],
) -> list[EffectSums]:
    """Sums over some draws of the effects of the root, then of each level below.

    At node i of piece j below draw v the score is that of all: g(v) - gbar_j(v) + g_j(i).
    """
    how = Arithmetic(family)
    values = integrand(how, root, draws, beta, variances)
    found: list[EffectSums] = []
    _collect(root, values, weights, values.score, how, found)
    return found


def _collect(
    level: Root | Level,
    values: Values,
    weights: Float[Array, "G n J"],
    score: Float[Array, "P G n J"],
    how: Arithmetic,
    found: list[EffectSums],
) -> None:
    weighted = values.effects * weights
    found.append(
        EffectSums(
            weighted.sum(axis=2).transpose(2, 0, 1),
            (weighted * values.effects).sum(axis=(1, 2)).T,
            over_draws(how, Product(weighted, score))[0].sum(axis=2).transpose(2, 0, 1),
        )
    )
    for child, below in zip(level.children, values.children, strict=True):
        groups, _, n_nodes, n_pieces = below.share.shape
        inside = (weights[..., child.parent][:, :, None] * below.share).reshape(groups, -1, n_pieces)
        rest = jnp.repeat(score[..., child.parent] - below.gradient, n_nodes, axis=2)
        _collect(child, below.nodes, inside, rest + below.nodes.score, how, found)


def drawn_nodes(
    family: str,
    root: Root,
    draws: Draws,
    beta: Float[np.ndarray, " p"],
    variances: Float[np.ndarray, " K"],
    copies: int,
    rng: np.random.Generator,
) -> list[Float[np.ndarray, "J Q G e copies"]]:
    """Effects of the root's draws, and below each of them nodes by their shares, level by level."""
    values = tree_util.tree_map(
        np.asarray, _compiled_integrand(Arithmetic(family), root, draws, beta, variances)
    )
    _, *shape, n_blocks = draws.effects.shape
    at = np.broadcast_to(np.arange(shape[0] * shape[1])[:, None], (n_blocks, shape[0] * shape[1], copies))
    found: list[np.ndarray] = []
    _choose(root, values, at, rng, found)
    return [part.reshape(*part.shape[:2], *shape, copies) for part in found]


_compiled_integrand = jax.jit(integrand, static_argnames="how")


def _choose(
    level: Root | Level,
    values: Values,
    at: Int[np.ndarray, "J c copies"],
    rng: np.random.Generator,
    found: list[np.ndarray],
) -> None:
    n_effects, *_, n = values.effects.shape
    effects = np.moveaxis(values.effects, -1, 0).reshape(n, n_effects, -1)
    flat = at.reshape(n, 1, -1)
    chosen = np.take_along_axis(effects, np.broadcast_to(flat, (n, n_effects, flat.shape[2])), axis=2)
    found.append(chosen.reshape(n, n_effects, *at.shape[1:]))
    child: Level
    below: Integrated
    for child, below in zip(level.children, values.children, strict=True):
        above = at[np.asarray(child.parent)]
        share = np.moveaxis(below.share, -1, 0).reshape(len(above), -1, below.share.shape[2])
        share = np.take_along_axis(share, above.reshape(len(above), -1, 1), axis=1)
        passed = np.cumsum(share, axis=2) < _evenly(above.shape, rng).reshape(*share.shape[:2], 1)
        node = np.minimum(passed.sum(axis=2), share.shape[2] - 1).reshape(above.shape)
        _choose(child, below.nodes, above * share.shape[2] + node, rng, found)


def _evenly(shape: tuple[int, ...], rng: np.random.Generator) -> Float[np.ndarray, "J c copies"]:
    """Uniform numbers, one in each of as many equal parts as there are copies, in a random order."""
    copies = shape[-1]
    part = rng.permuted(np.broadcast_to(np.arange(copies), shape), axis=-1)
    return np.asarray((part + rng.random(shape)) / copies)
