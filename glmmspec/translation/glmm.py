"""The call of R's glmm (Knudson 2016), which maximises a Monte Carlo likelihood approximation."""

from __future__ import annotations

from glmmspec.errors import TranslationError
from glmmspec.expression import quoted_text
from glmmspec.translation.bound import Bound, RandomPart
from glmmspec.translation.r import Script, vector
from glmmspec.translation.text import call

DRAWS = 10_000
"""The Monte Carlo sample size `m` of glmm's vignette, where the spec gives none."""


def code(bound: Bound) -> str:
    """R code that fits the model with glmm.

    Raises
    ------
    TranslationError
        If the model has an offset, which glmm ignores without a word.
    """
    model, script = bound.model, Script.of(bound)
    if model.offset is not None:
        raise TranslationError(f"glmm ignores offsets, and the model has one, {model.offset}")
    components = [component.name for component in model.components]
    equal = [components.index(part.component) + 1 for part in bound.random]
    weights = f"weights = with(data, as.double({script.arithmetic(model.weights)}))" if model.weights else ""
    arguments = [
        f"{_response(script)} ~ {' + '.join(script.fixed())}",
        f"random = list({', '.join(_effects(script, part) for part in bound.random)})",
        f"varcomps.names = {vector(components)}",
        f"varcomps.equal = {vector(equal)}" if len(components) < len(equal) else "",
        "data = data",
        f"family.glmm = {model.family}.glmm",
        f"m = {model.solver.draws or DRAWS}",
        "doPQL = FALSE" if model.solver.start == "zero" else "",
        weights,
    ]
    set_seed = f"set.seed({model.solver.seed % 2**31})"
    notes = ["glmm's Monte Carlo standard errors ignore the weights."] if weights else []
    return script.code("glmm", call("glmm", filter(None, arguments)), notes=notes, before=[set_seed])


def _response(script: Script) -> str:
    """The response as glmm wants it: whole numbers stored as such, 0 and 1 for a factor."""
    success = script.bound.success()
    if success is not None:
        name, level = success
        return f"as.integer({script.name[name.name]} == {quoted_text(level)})"
    counts = [f"as.integer({script.arithmetic(count)})" for count in script.counts()]
    return counts[0] if len(counts) == 1 else f"cbind({', '.join(counts)})"


def _effects(script: Script, part: RandomPart) -> str:
    """A column of 0s and 1s per level, times the multiplier; glmm groups only by factors."""
    factors = [
        script.name[name.name] if name.name in script.bound.levels else f"factor({script.name[name.name]})"
        for name in part.groups
    ]
    grouping = f"interaction({', '.join(factors)}, drop = TRUE)" if len(factors) > 1 else "".join(factors)
    multiplier = script.expression(part.multiplier) if part.multiplier is not None else ""
    return f"~ 0 + {':'.join(filter(None, [grouping, multiplier]))}"
