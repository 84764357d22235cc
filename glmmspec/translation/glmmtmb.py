"""The call of glmmTMB, which maximises the Laplace approximation of the likelihood."""

from __future__ import annotations

from glmmspec.translation.bound import Bound
from glmmspec.translation.lme4 import mixed_model


def code(bound: Bound) -> str:
    """R code that fits the model with glmmTMB.

    Raises
    ------
    SpecError
        If glmmTMB has no such model.
    """
    bound.require_group_each("glmmTMB")
    return mixed_model(bound, "glmmTMB", "glmmTMB")
