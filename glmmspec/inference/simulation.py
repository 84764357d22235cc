"""Responses drawn from a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.errors import FitError

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit


def simulate(fit: Fit, n: int = 1, seed: int | None = None) -> pd.DataFrame:
    """Responses drawn from the fitted model, each time with new random effects, as lme4's `simulate`.

    Parameters
    ----------
    n
        How many responses to draw for each row.
    seed
        Column `sim_i` depends on `seed` and i alone; by default the seed of the fit.

    Returns
    -------
    pd.DataFrame
        Columns `sim_1`, ..., `sim_n`; the rows used, by their labels in the data. A binomial response is the
        number of successes, of the trials that the data have. Relevance weights play no part: every row
        is drawn once.

    Raises
    ------
    FitError
        If `n` or `seed` is not a whole number, 1 or 0 at least, or a mean is too large to count to.
    """
    final = fit.estimate.final
    columns = {
        f"sim_{i}": simulated_responses(fit.design, final.beta, final.variances, generator).astype(np.int64)
        for i, generator in enumerate(generators(fit, n, seed), start=1)
    }
    return pd.DataFrame(columns, index=fit.design.data.index)


def generators(fit: Fit, n: int, seed: int | None) -> list[np.random.Generator]:
    """n independent generators, the i-th of which depends on the seed and i alone.

    Raises
    ------
    FitError
        If `n` or `seed` is not a whole number, 1 or 0 at least.
    """
    if not isinstance(n, int | np.integer) or n < 1:
        raise FitError(f"n = {n} is not a whole number from 1 up")
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise FitError(f"seed = {seed} is not a whole number from 0 up")
    # Spawn keys keep these streams apart from the solver's, which start from lists of numbers.
    root = np.random.SeedSequence(fit.options.seed if seed is None else int(seed))
    return [np.random.default_rng(sequence) for sequence in root.spawn(n)]


def simulated_responses(
    design: Design,
    beta: Float[np.ndarray, " p"],
    variances: Float[np.ndarray, " K"],
    rng: np.random.Generator,
    conditional_effects: Sequence[Float[np.ndarray, " q"]] | None = None,
) -> Float[np.ndarray, " n"]:
    """Responses at given parameters: successes or counts, one for each row.

    Parameters
    ----------
    conditional_effects
        The random effects of each term of `design.random`; by default drawn anew.

    Raises
    ------
    FitError
        If a mean is too large to count to.
    """
    effects = drawn_effects(design, variances, rng) if conditional_effects is None else conditional_effects
    eta = design.x @ beta + design.offset
    for term, of_term in zip(design.random, effects, strict=True):
        eta = eta + term.values * of_term[term.codes]
    try:
        return np.asarray(design.family.sample(rng, design.family.cumulant(eta)[1], design.trials))
    except ValueError:
        raise FitError(
            f"no response can be drawn: the model's largest linear predictor is {eta.max():.0f}",
            hint="its exponential is no number of events; check the offset and the estimates",
        ) from None


def drawn_effects(
    design: Design, variances: Float[np.ndarray, " K"], rng: np.random.Generator
) -> list[Float[np.ndarray, " q"]]:
    """u ~ N(0, nu_t), independent, for each term."""
    spread = np.sqrt(variances)
    return [rng.normal(scale=spread[term.component], size=len(term.levels)) for term in design.random]
