"""A model as equations, in text and in LaTeX (after section 4 of the vignette of R's glmm).

y[i] | u  ~  the family, given the random effects u
link      =  fixed effects + offset + random effects
u[j]      ~  independent normals, with a variance for each component
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from glmmspec.equations.notation import NOTATIONS, Line, Notation
from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.expression import Name, within_term
from glmmspec.ir import INTERCEPT, Model, RandomTerm

if TYPE_CHECKING:
    from glmmspec.design import Design, RandomEffects

_BY_TERM = "a factor stands for the indicators of its levels, each with its coefficient"


@dataclass(frozen=True)
class Effects:
    """The effects of a random term.

    Attributes
    ----------
    label
        What they are called: by their component, or by the term where terms share one.
    component
        The name of their variance component.
    grouping, multiplier
        What groups and what multiplies them, as text; empty where nothing does.
    size
        How many there are, None without data.
    """

    label: str
    component: str
    grouping: str
    multiplier: str
    size: int | None


def equation(
    model: Model,
    format: Literal["text", "latex"] = "text",
    *,
    design: Design | None = None,
    estimates: Any = None,
) -> str:
    """A model as equations.

    Parameters
    ----------
    model
        The model.
    format
        `text`, or `latex`: an `align*` environment of amsmath.
    design
        The model bound to data, so that coefficients are named as R names them and levels counted.
    estimates
        Values of the parameters, in the order of `design.parameters`, which then stand in place of
        their symbols.

    Raises
    ------
    SpecError
        If there is no such format, or estimates come without the design that gives them their order.
    """
    if format not in NOTATIONS:
        raise SpecError(f"no equations in '{format}'", hint=did_you_mean_or_list(format, NOTATIONS))
    if estimates is not None and design is None:
        raise SpecError("estimates come without the design whose parameters they are")
    notation = NOTATIONS[format]
    values = None if estimates is None else np.asarray(estimates, dtype=np.float64)
    lines = [
        _distribution(model, notation),
        _linear_predictor(model, notation, design, values),
        *_random_effects(model, notation, design, values),
        *_notes(model, notation, design),
    ]
    return notation.page(lines)


def effects(model: Model, design: Design | None = None) -> list[Effects]:
    """The effects of each random term, in the model's order."""
    shared = Counter(term.component for term in model.random)
    bound: Iterable[RandomEffects | None] = [None] * len(model.random) if design is None else design.random
    return [
        _effects(term, each, is_alone=shared[term.component] == 1)
        for term, each in zip(model.random, bound, strict=True)
    ]


def _effects(term: RandomTerm, bound: RandomEffects | None, *, is_alone: bool) -> Effects:
    label = term.component if is_alone else term.default_component
    if bound is None:
        multiplier = "" if term.multiplier is None else str(term.multiplier)
        return Effects(label, term.component, ":".join(map(within_term, term.factors)), multiplier, None)
    # The name of a bound term is its grouping, `0 + x | g`, or the lone variable it multiplies.
    slope = bound.name.removesuffix(f" | {bound.grouping}").removeprefix("0 + ")
    multiplier = "" if bound.name == bound.grouping else slope
    return Effects(label, term.component, bound.grouping, multiplier, len(bound.levels))


def _distribution(model: Model, notation: Notation) -> Line:
    response, trials = model.response.arguments[0], model.response.trials
    family = notation.families[model.family]
    return (
        notation.given % _row(str(response), notation),
        "~",
        family if trials is None else family % _row(str(trials), notation),
    )


def _linear_predictor(model: Model, notation: Notation, design: Design | None, values: Any) -> Line:
    """The link, and what is added up to it."""
    summands: list[tuple[bool, str]] = []
    names = [str(term) for term in model.fixed] if design is None else design.coefficients
    first = 0 if INTERCEPT in model.fixed else 1
    for number, name in enumerate(names):
        value = None if values is None else float(values[number])
        symbol = notation.coefficient % (number + first) if value is None else _number(abs(value))
        is_intercept = name in ("1", "(Intercept)") and INTERCEPT in model.fixed
        factors = [symbol] if is_intercept else [symbol, _row(name, notation)]
        summands.append((value is not None and value < 0, notation.times.join(factors)))
    if model.offset is not None:
        summands.append((False, _row(str(model.offset), notation)))
    summands += [(False, _summand(each, notation)) for each in effects(model, design)]
    return notation.links[model.link], "=", _sum(summands, notation.width)


def _summand(each: Effects, notation: Notation) -> str:
    """A random effect of row i, times its multiplier."""
    label = notation.name(each.label)
    group = notation.group % notation.name(each.grouping)
    effect = notation.effect % (label, group) if each.grouping else notation.lone_effect % label
    return notation.times.join([effect, *([_row(each.multiplier, notation)] if each.multiplier else [])])


def _random_effects(model: Model, notation: Notation, design: Design | None, values: Any) -> Iterable[Line]:
    """The distribution of the effects of each term."""
    components = [component.name for component in model.components]
    for each in effects(model, design):
        label = notation.name(each.label)
        variance = notation.variance % notation.name(each.component)
        if values is not None:
            variance = _number(values[components.index(each.component) - len(components)])
        levels = notation.levels % each.size if each.grouping and each.size is not None else ""
        left = notation.effect % (label, "j") if each.grouping else notation.lone_effect % label
        yield left, "~", notation.normal % variance + levels


def _notes(model: Model, notation: Notation, design: Design | None) -> Iterable[Line]:
    response = model.response.arguments
    for each in model.levels:
        if (Name(each.column),) == response:
            failure, success = map(notation.name, each.levels[:2])
            yield "", "", notation.outcome % (_row(each.column, notation), success, failure)
    if model.weights is not None:
        yield "", "", notation.weighted % _row(str(model.weights), notation)
    if design is None and model.fixed not in ((), (INTERCEPT,)):
        yield "", "", notation.note % _BY_TERM


def _row(name: str, notation: Notation) -> str:
    return notation.row % notation.name(name)


def _number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def _sum(summands: list[tuple[bool, str]], width: int) -> str:
    """Summands with their signs (True is minus), a new line where one gets too long."""
    lines = [""]
    for number, (is_negative, text) in enumerate(summands):
        signed = f"{'- ' if is_negative else '+ '}{text}" if number else f"{'-' if is_negative else ''}{text}"
        if len(lines[-1]) + len(text) > width:
            lines.append(signed)
        else:
            lines[-1] += f" {signed}" if number else signed
    return "\n".join(lines)
