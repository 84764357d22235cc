"""How one model lies inside another, as a linear map of their parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.design import Design, RandomEffects
from glmmspec.errors import FitError

_OUTSIDE = 1e-7
"""A column is in the span of others if less than this part of its length is not."""


@dataclass(frozen=True, eq=False)
class Nesting:
    """A smaller model inside a larger: psi_large = matrix psi_small + constant.

    Attributes
    ----------
    equalities
        How many restrictions make the smaller model of the larger, apart from variances at 0.
    zero
        Components of the larger model whose variance is 0 in the smaller.
    """

    matrix: Float[np.ndarray, "P S"]
    constant: Float[np.ndarray, " P"]
    equalities: int
    zero: tuple[str, ...]

    @classmethod
    def between(cls, small: Design, large: Design) -> Nesting:
        """Find it.

        Raises
        ------
        FitError
            If the models are of different data, are the same, or are not nested; saying why.
        """
        _check_same_data(small, large)
        of_fixed, constant = _fixed_effects(small, large)
        of_variances = _variances(small, large)
        matrix = np.zeros((len(large.parameters), len(small.parameters)))
        p_large, p_small = of_fixed.shape
        matrix[:p_large, :p_small] = of_fixed
        matrix[p_large:, p_small:] = of_variances
        zero = np.array(large.components)[~of_variances.any(axis=1)]
        equalities = len(large.parameters) - len(small.parameters) - len(zero)
        if not equalities and not len(zero):
            raise FitError("the two fits are of one model: there is nothing to test")
        padded = np.concatenate([constant, np.zeros(len(large.components))])
        return cls(matrix, padded, equalities, tuple(zero.tolist()))

    @classmethod
    def without(cls, design: Design, components: tuple[str, ...]) -> Nesting:
        """A model inside itself, with the variances of some components at 0."""
        stays = np.array([name not in components for name in design.components])
        diagonal = np.concatenate([np.ones(len(design.coefficients)), stays])
        return cls(np.diag(diagonal), np.zeros(len(diagonal)), 0, components)


def _check_same_data(small: Design, large: Design) -> None:
    if small.family.name != large.family.name:
        raise FitError(f"the families differ: {small.family.name} and {large.family.name}")
    if not np.array_equal(small.rows, large.rows):
        raise FitError(
            f"the fits use different rows of the data ({len(small.y)} and {len(large.y)})",
            hint="drop the rows with missing values of either model before fitting both",
        )
    for what in ("y", "trials", "weights"):
        if not np.array_equal(getattr(small, what), getattr(large, what)):
            raise FitError(f"the fits differ in their {'response' if what == 'y' else what}")


def _fixed_effects(small: Design, large: Design) -> tuple[Float[np.ndarray, "P S"], Float[np.ndarray, " P"]]:
    """A and c with X_large (A beta + c) = X_small beta + o_small - o_large for every beta."""
    counted = large.counts
    target = np.column_stack([small.x, small.offset - large.offset])[counted]
    lengths = np.linalg.norm(large.x[counted], axis=0)
    basis, triangle = np.linalg.qr(large.x[counted] / lengths)
    along = basis.T @ target
    outside = np.linalg.norm(target - basis @ along, axis=0) > _OUTSIDE * np.linalg.norm(target, axis=0)
    if outside.any():
        name = (*small.coefficients, "the offset")[int(np.argmax(outside))]
        raise FitError(
            f"the models are not nested: '{name}' of the smaller is no combination of the larger's fixed"
            " effects",
            hint="the larger model needs every term of the smaller",
        )
    combination = np.linalg.solve(triangle, along) / lengths[:, None]
    return combination[:, :-1], combination[:, -1]


def _variances(small: Design, large: Design) -> Float[np.ndarray, "K k"]:
    """1 where a component of the larger model has the variance of one of the smaller; rows of 0: none."""
    terms = {_identity(term): term for term in small.random}
    matrix = np.zeros((len(large.components), len(small.components)))
    for component, name in enumerate(large.components):
        counterparts = [
            terms.pop(_identity(term), None) for term in large.random if term.component == component
        ]
        shared = {term.component if term else None for term in counterparts}
        if len(shared) > 1:
            raise FitError(
                f"the models are not nested: the terms that share the variance {name} in the larger do not in"
                " the smaller",
                hint="a smaller model shares more variances, not fewer",
            )
        for term in filter(None, counterparts):
            matrix[component, term.component] = 1
    if terms:
        left = next(iter(terms.values()))
        raise FitError(
            f"the models are not nested: the larger has no random term '{left.name}'",
            hint="the larger model needs every random term of the smaller",
        )
    return matrix


def _identity(term: RandomEffects) -> tuple[bytes, bytes]:
    """Equal for terms that give every row the same grouping and multiplier."""
    return pd.factorize(term.codes)[0].tobytes(), term.values.tobytes()
