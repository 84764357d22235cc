"""What every word of the language means, in a line: for editors. docs/language.md says it at length."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from glmmspec.expression import number_text
from glmmspec.options import Options, SamplerOptions, SolverOptions
from glmmspec.prior import DISTRIBUTIONS

KEYWORDS: dict[str, tuple[str, str]] = {
    "title": ('title "Salamander mating"', "What the model is called in summaries and reports."),
    "data": (
        'data salamander, or data "mating.csv"',
        "A data set that ships, or a CSV, TSV or Parquet file beside the spec.",
    ),
    "family": ("family bernoulli", "The distribution of the response: bernoulli, binomial or poisson."),
    "levels": (
        "levels trt = placebo, drug",
        "The levels of a factor in order, of which the first is the reference.",
    ),
    "factor": ("factor week, ID", "Columns to treat as factors whatever their type."),
    "weights": ("weights w", "The relevance weight of each observation, at least 0."),
    "offset": ("offset log(exposure)", "An amount added to the linear predictor."),
    "missing": (
        "missing drop",
        "Whether missing values are refused (fail, the default) or their rows left out (drop).",
    ),
    "prior": (
        "prior sd(F) ~ half_normal(1)",
        "A prior for the sampler, on fixed effects, one coefficient, or the sd or var of a component.",
    ),
    "solver": ("solver seed = 1234, draws = 10000", "Options of the Monte Carlo likelihood approximation."),
    "sampler": ("sampler chains = 4, draws = 1000", "Options of the NUTS sampler."),
}
"""For each statement, how it is written and what it means."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "I": ("I(x^2)", "Arithmetic and comparisons on columns, as one variable."),
    "log": ("log(x)", "The natural logarithm."),
    "log1p": ("log1p(x)", "log(1 + x)."),
    "log2": ("log2(x)", "The logarithm to base 2."),
    "log10": ("log10(x)", "The logarithm to base 10."),
    "exp": ("exp(x)", "The exponential."),
    "sqrt": ("sqrt(x)", "The square root."),
    "abs": ("abs(x)", "The absolute value."),
    "scale": ("scale(x)", "x less its mean, over its standard deviation."),
    "center": ("center(x)", "x less its mean."),
    "poly": ("poly(x, 2)", "Orthogonal polynomials up to a degree."),
    "bs": ("bs(x, df = 5)", "A B-spline basis."),
    "factor": ("factor(x)", "A column as a factor."),
    "relevel": ('relevel(x, ref = "level")', "A factor with another reference level."),
    "offset": ("offset(log(exposure))", "Not a term: added to the linear predictor with coefficient 1."),
    "cbind": ("cbind(successes, failures)", "A binomial response as two counts."),
    "proportion": (
        "proportion(successes, trials)",
        "A binomial response as a count out of so many trials.",
    ),
}
"""For each function, how it is called and what it gives."""

FAMILIES: dict[str, str] = {
    "bernoulli": "A response of 0 and 1, true and false, or a factor of two levels; link logit.",
    "binomial": "A count of successes, with cbind(successes, failures) or proportion(...); link logit.",
    "poisson": "A count of events; link log.",
}

PRIOR_TARGETS: dict[str, str] = {
    "fixed": "All fixed effects.",
    "sd": "The standard deviation of a variance component.",
    "var": "The variance of a variance component.",
}

OPTIONS: dict[str, type[Options]] = {"solver": SolverOptions, "sampler": SamplerOptions}


def distribution(name: str) -> str:
    """How a prior distribution is written."""
    arguments = DISTRIBUTIONS[name]
    return f"{name}({', '.join(arguments)})" if arguments else name


def option(statement: str, name: str) -> str:
    """What an option of the solver or the sampler means, its default and its values."""
    field = next(f for f in dataclasses.fields(OPTIONS[statement]) if f.name == name)
    return ". ".join([*_sentences(field)]) + "."


def default(statement: str, name: str) -> str:
    """An option's default as a spec writes it; empty where there is none."""
    field = next(f for f in dataclasses.fields(OPTIONS[statement]) if f.name == name)
    return _written(field.default)


def _sentences(field: dataclasses.Field[object]) -> Iterator[str]:
    meaning = str(field.metadata["help"])
    yield meaning[0].upper() + meaning[1:]
    yield f"Default: {_written(field.default) or 'none'}"
    if field.metadata["choices"]:
        yield f"One of: {', '.join(field.metadata['choices'])}"
    else:
        yield f"From {field.metadata['low']:g} to {field.metadata['high']:g}"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(f'{part:.4g}' for part in value)})"
    if value is None:
        return ""
    return number_text(value) if isinstance(value, float) else str(value)
