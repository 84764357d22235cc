"""The call of brms, which samples the posterior with Stan."""

from __future__ import annotations

from glmmspec.expression import quoted_text
from glmmspec.ir import INTERCEPT
from glmmspec.prior import Prior
from glmmspec.translation.bound import Bound
from glmmspec.translation.priors import NOTE, carried, distribution
from glmmspec.translation.r import Script
from glmmspec.translation.text import call

_ON_COEFFICIENTS = {"flat": "", "normal": "normal({}, {})", "student_t": "student_t({}, {}, {})",
                    "cauchy": "cauchy({}, {})"}  # fmt: skip

# brms cuts these off below 0, and takes no end above for one group alone, as `uniform` would need.
_ON_DEVIATIONS = {
    "half_normal": "normal(0, {})", "half_student_t": "student_t({}, 0, {})", "half_cauchy": "cauchy(0, {})",
    "exponential": "exponential({})", "gamma": "gamma({}, {})", "inverse_gamma": "inv_gamma({}, {})",
    "lognormal": "lognormal({}, {})",
}  # fmt: skip

_RENAMED = str.maketrans(
    {**dict.fromkeys(" ()[],\"'?", ""), "+": "P", "-": "M", "*": "MU", "/": "D", "^": "E", "=": "EQ"}
)


def code(bound: Bound) -> str:
    """R code that samples the model with brms.

    Raises
    ------
    SpecError
        If brms has no such model.
    """
    bound.require_group_each("brms")
    model, script = bound.model, Script.of(bound)
    priors, not_carried = carried(model.priors, lambda prior: _prior(script, prior))
    on_fixed = any(prior.target in ("fixed", "coefficient") for prior in model.priors)
    arguments = [
        _formula(script, plain_intercept=on_fixed),
        "data = data",
        f"family = {model.family}()",
        *([f"prior = c({', '.join(priors)})"] if priors else []),
        f"chains = {model.sampler.chains}",
        f"warmup = {model.sampler.warmup}",
        f"iter = {model.sampler.warmup + model.sampler.draws}",
        f"seed = {model.sampler.seed % 2**31}",
    ]
    return script.code("brms", call("brm", arguments), notes=[NOTE, *not_carried])


def _formula(script: Script, plain_intercept: bool) -> str:
    """The formula, its intercept written so that the prior of the coefficients is its prior too.

    brms centres the columns, and gives its own intercept another prior; `0 + Intercept` is the plain one.
    """
    formula = script.formula(_response(script))
    if not plain_intercept or INTERCEPT not in script.bound.model.fixed:
        return formula
    response, _, terms = formula.partition(" ~ ")
    return f"{response} ~ 0 + Intercept + {terms.removeprefix('1 + ')}"


def _response(script: Script) -> str:
    """`y | trials(n) + weights(w)`, what is not there left out."""
    model = script.bound.model
    response = script.arithmetic(model.response.arguments[0])
    added = {"trials": model.response.trials, "weights": model.weights}
    terms = [f"{name}({script.arithmetic(value)})" for name, value in added.items() if value is not None]
    return f"{response} | {' + '.join(terms)}" if terms else response


def _prior(script: Script, prior: Prior) -> str | None:
    """One prior, or None where brms has none like it: it has standard deviations and no variances."""
    known = _ON_DEVIATIONS if prior.target == "sd" else _ON_COEFFICIENTS
    text = distribution(prior.distribution, known)
    if text is None or prior.target == "var":
        return None
    if prior.target == "fixed":
        return _set_prior(text, "b")
    if prior.target == "sd":
        return _deviation_prior(script, prior.name, text)
    factors = {factor for term in script.bound.model.fixed for factor in term.factors}
    same_names = all(script.expression(factor) == str(factor) for factor in factors)
    return _set_prior(text, "b", coef=_coefficient(prior.name)) if same_names else None


def _deviation_prior(script: Script, component: str, text: str) -> str:
    part = next(part for part in script.bound.random if part.component == component)
    group = ":".join(script.name[name.name] for name in part.groups)
    multiplier = "(Intercept)" if part.multiplier is None else script.expression(part.multiplier)
    return _set_prior(text, "sd", group=group, coef=_coefficient(multiplier))


def _set_prior(text: str, of: str, **place: str) -> str:
    where = "".join(f", {key} = {quoted_text(value)}" for key, value in place.items())
    return f'set_prior("{text}", class = "{of}"{where})'


def _coefficient(name: str) -> str:
    """What brms calls a coefficient that R calls `name` (its function `rename`, brms 2.18)."""
    return name.translate(_RENAMED)
