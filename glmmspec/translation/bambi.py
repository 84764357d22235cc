"""The call of Bambi, which samples the posterior with PyMC."""

from __future__ import annotations

from glmmspec.errors import TranslationError
from glmmspec.expression import quoted_text
from glmmspec.ir import INTERCEPT
from glmmspec.prior import Prior
from glmmspec.translation.bound import Bound, RandomPart
from glmmspec.translation.frames import Frame, counts
from glmmspec.translation.priors import NOTE, carried, distribution
from glmmspec.translation.text import call, checked, comment

_ON_COEFFICIENTS = {
    "flat": 'bmb.Prior("Flat")',
    "normal": 'bmb.Prior("Normal", mu={}, sigma={})',
    "student_t": 'bmb.Prior("StudentT", nu={}, mu={}, sigma={})',
    "cauchy": 'bmb.Prior("Cauchy", alpha={}, beta={})',
}

_ON_DEVIATIONS = {
    "flat": 'bmb.Prior("HalfFlat")',
    "half_normal": 'bmb.Prior("HalfNormal", sigma={})',
    "half_student_t": 'bmb.Prior("HalfStudentT", nu={}, sigma={})',
    "half_cauchy": 'bmb.Prior("HalfCauchy", beta={})',
    "exponential": 'bmb.Prior("Exponential", lam={})',
    "gamma": 'bmb.Prior("Gamma", alpha={}, beta={})',
    "inverse_gamma": 'bmb.Prior("InverseGamma", alpha={}, beta={})',
    "lognormal": 'bmb.Prior("LogNormal", mu={}, sigma={})',
    "uniform": 'bmb.Prior("Uniform", lower={}, upper={})',
}


def code(bound: Bound) -> str:
    """Python code that samples the model with Bambi.

    Raises
    ------
    TranslationError
        If Bambi has no such model; its `weighted(...)` takes a Poisson response only (Bambi 0.17).
    """
    bound.require_group_each("bambi")
    model = bound.model
    if model.weights is not None and model.family != "poisson":
        raise TranslationError(
            f"bambi takes weights with a Poisson response only, not with a {model.family} one"
        )
    frame = Frame.of(bound)
    priors, not_carried = carried(model.priors, lambda prior: _prior(frame, prior))
    arguments = [
        quoted_text(_formula(frame)),
        "data",
        f"family={quoted_text(model.family)}",
        *([f"priors={{{', '.join(priors)}}}"] if priors else []),
        # Otherwise the prior of the intercept would be that of the mean linear predictor.
        *(["center_predictors=False"] if priors else []),
    ]
    sampler = model.sampler
    options = f"draws={sampler.draws}, tune={sampler.warmup}, chains={sampler.chains}"
    return checked(
        *([comment(model.title)] if model.title is not None else []),
        *map(comment, [NOTE, *not_carried]),
        "import bambi as bmb",
        "import numpy as np",
        "import pandas as pd",
        *frame.helpers(),
        "",
        *frame.preparation(),
        f"model = {call('bmb.Model', arguments, indent='    ')}",
        f"fit = model.fit({options}, random_seed={sampler.seed})",
    )


def _formula(frame: Frame) -> str:
    bound = frame.bound
    model = bound.model
    terms = [":".join(map(frame.variable, term.factors)) for term in model.fixed if term != INTERCEPT]
    terms.insert(0, "1" if INTERCEPT in model.fixed else "0")
    if model.offset is not None:
        terms.append(f"offset({frame.name[str(model.offset)]})")
    terms += [f"({'0 + ' if part.multiplier else ''}{_effects(frame, part)})" for part in bound.random]
    return f"{_response(frame)} ~ {' + '.join(terms)}"


def _effects(frame: Frame, part: RandomPart) -> str:
    """A random term by the name that Bambi gives it, `1|g` or `x|g`."""
    left = "1" if part.multiplier is None else frame.name[str(part.multiplier)]
    return f"{left}|{':'.join(frame.name[str(group)] for group in part.groups)}"


def _response(frame: Frame) -> str:
    model = frame.bound.model
    names = [frame.name[str(count)] for count in counts(frame.bound)]
    if len(names) == 2:
        return f"p({', '.join(names)})"
    return names[0] if model.weights is None else f"weighted({names[0]}, {frame.name[str(model.weights)]})"


def _prior(frame: Frame, prior: Prior) -> str | None:
    """Entries of Bambi's `priors`, or None where it has none like it: it has no prior of a variance."""
    known = _ON_DEVIATIONS if prior.target == "sd" else _ON_COEFFICIENTS
    text = distribution(prior.distribution, known)
    if text is None or prior.target == "var":
        return None
    match prior.target:
        case "fixed":
            model = frame.bound.model
            of_its_own = any(other.name == "(Intercept)" for other in model.priors)
            intercept = f', "Intercept": {text}' if INTERCEPT in model.fixed and not of_its_own else ""
            return f'"common": {text}{intercept}'
        case "sd":
            part = next(part for part in frame.bound.random if part.component == prior.name)
            return f'"{_effects(frame, part)}": bmb.Prior("Normal", mu=0, sigma={text})'
    return _coefficient_prior(frame, prior.name, text)


def _coefficient_prior(frame: Frame, name: str, text: str) -> str | None:
    """A prior of one coefficient; Bambi names terms, so that the coefficients of a factor share theirs."""
    if name == "(Intercept)":
        return f'"Intercept": {text}'
    for term in frame.bound.model.fixed:
        if str(term) == name:
            return f'"{":".join(map(frame.variable, term.factors))}": {text}'
    return None
