"""Gauss-Hermite rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Rule:
    """Nodes x_k of a Gauss-Hermite product rule in Q dimensions, and log( w_k exp(x_k'x_k / 2) )."""

    nodes: Float[np.ndarray, "Q k"]
    log_weights: Float[np.ndarray, " k"]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, order: int, dimensions: int) -> Rule:
        """For integrals over R^Q of f(x) = p(x) exp(-x'x / 2), exact for p of degree 2 order - 1.

        Of order 1 the node is 0, for any Q.
        """
        if order == 1:
            return cls(np.zeros((dimensions, 1)), np.array([dimensions / 2 * np.log(2 * np.pi)]))
        node, weight = np.polynomial.hermite_e.hermegauss(order)
        nodes = np.array(list(product(node, repeat=dimensions))).T.reshape(dimensions, -1)
        log_weights = np.array(list(product(np.log(weight), repeat=dimensions))).sum(axis=1)
        return cls(nodes, log_weights + np.square(nodes).sum(axis=0) / 2)


def finer(order: int) -> int:
    """The order of a rule whose result tells the error of a rule of order `order`."""
    return order + (order + 1) // 2
