"""The call of lme4's glmer, which maximises the Laplace approximation of the likelihood."""

from __future__ import annotations

import numpy as np

from glmmspec.errors import SpecError, TranslationError
from glmmspec.translation.bound import Bound
from glmmspec.translation.r import Script
from glmmspec.translation.text import call

FAMILIES = {"bernoulli": "binomial", "binomial": "binomial", "poisson": "poisson"}
"""R's name of each family."""


def code(bound: Bound) -> str:
    """R code that fits the model with lme4.

    Raises
    ------
    TranslationError
        If lme4 has no such model.
    """
    bound.require_group_each("lme4")
    _require_whole_weights(bound)
    return mixed_model(bound, "lme4", "glmer")


def mixed_model(bound: Bound, library: str, function: str) -> str:
    """The code for lme4 and what took its formulas over.

    Prior weights multiply a row's log density in both, so that a weight of 2 is the row given twice
    (seen by running lme4 1.1-31 and glmmTMB 1.1.5; lme4's exception is `_require_whole_weights`).
    """
    script = Script.of(bound)
    weights = bound.model.weights
    arguments = [
        script.formula(script.response()),
        "data = data",
        f"family = {FAMILIES[bound.model.family]}",
        *([f"weights = {script.arithmetic(weights)}"] if weights is not None else []),
    ]
    return script.code(library, call(function, arguments), notes=["Maximises the Laplace approximation."])


def _require_whole_weights(bound: Bound) -> None:
    """Refuse weights that lme4 rounds: without trials it takes them for trials, in whole numbers.

    Its binomial log density is that of R's `binomial()$aic`, (w / m) log dbinom(round(m y), round(m)),
    where m is the trials, but w if all trials are 1.
    """
    if bound.model.weights is None or bound.model.family == "poisson":
        return
    if bound.design is None:
        raise SpecError(
            "lme4 rounds weights that are not whole where no row has several trials,"
            " and there are no data to tell",
            hint="give the data, or translate to glmmTMB",
        )
    single = np.all(bound.design.trials <= 1)
    if single and np.any(bound.design.weights % 1 != 0):
        raise TranslationError(
            "lme4 rounds weights that are not whole where no row has several trials",
            hint="translate to glmmTMB",
        )
