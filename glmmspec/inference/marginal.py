"""Means with random effects integrated out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from glmmspec.family import Family
from glmmspec.solver.hermite import Rule

_NODES = 64


class MarginalMean(NamedTuple):
    """E h(eta + s Z) for a standard normal Z, with its derivatives in eta and in s^2, each of eta's shape."""

    mean: Float[np.ndarray, ...]
    in_eta: Float[np.ndarray, ...]
    in_variance: Float[np.ndarray, ...]


def marginal_mean(
    family: Family, eta: Float[np.ndarray, ...], variance: Float[np.ndarray, ...]
) -> MarginalMean:
    """The mean of one trial, h = c', with normal effects of a given variance s^2 integrated out.

    By Gauss-Hermite quadrature. The derivative in s^2 is E[c''(eta + s Z) Z] / (2 s) (Stein), 0 where s is.
    """
    spread = np.sqrt(variance)
    mean, in_eta, crossed = (np.zeros(np.broadcast_shapes(eta.shape, variance.shape)) for _ in range(3))
    nodes = zip(*gauss_hermite(), strict=True) if (variance > 0).any() else [(0.0, 1.0)]
    for node, weight in nodes:
        _, first, second = family.cumulant(eta + spread * node)
        mean += weight * first
        in_eta += weight * second
        crossed += weight * node * second
    in_variance = np.where(variance > 0, crossed / np.where(variance > 0, 2 * spread, 1.0), 0.0)
    return MarginalMean(mean, in_eta, in_variance)


def gauss_hermite() -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Nodes and weights of the standard normal distribution; the weights sum to 1."""
    rule = Rule.of(_NODES, 1)
    [nodes] = rule.nodes
    return nodes, np.exp(rule.log_weights - np.square(nodes) / 2) / np.sqrt(2 * np.pi)
