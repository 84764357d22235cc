"""Specs built in Python: columns combined by operators, as a formula combines them.

    Mate, Cross, Female, Male = gs.variables("Mate", "Cross", "Female", "Male")
    model = gs.build(Mate, 0 + Cross | {"F": Female, "M": Male}, family="bernoulli")

What is built is written as a spec and parsed, so that it equals the parsed model, and mistakes are
answered as those of a spec are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glmmspec import datasets, grammar, options
from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.expression import (
    Call,
    Expression,
    Keyword,
    Name,
    Number,
    Operation,
    Text,
    backticks,
    quoted_name,
    quoted_text,
)
from glmmspec.functions import SIGNATURES
from glmmspec.ir import Model
from glmmspec.options import SamplerOptions, SolverOptions

__all__ = ["Functions", "Term", "build", "f", "variables"]


class Term:
    """A column, or columns combined: `+ - * /` and `**` mean what they mean in a formula, `@` is its `:`.

    Inside `f.I(...)`, in weights and offsets they are arithmetic, and comparisons stand there too.
    `fixed | random` makes a formula; `(1 | group)` within a sum is the group of lme4.

    Attributes
    ----------
    expression
        What it says, in the terms of the language.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def __repr__(self) -> str:
        return str(self.expression)

    def __neg__(self) -> Term:
        return Term(Operation("-", (self.expression,)))

    def __or__(self, random: Any) -> Barred:
        return Barred(self, random)

    def __ror__(self, left: Any) -> Barred:
        return Barred(_term(left), self)

    def __add__(self, other: Any) -> Term:
        return _joined("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return _joined("+", other, self)

    def __sub__(self, other: Any) -> Term:
        return _joined("-", self, other)

    def __rsub__(self, other: Any) -> Term:
        return _joined("-", other, self)

    def __mul__(self, other: Any) -> Term:
        return _joined("*", self, other)

    def __rmul__(self, other: Any) -> Term:
        return _joined("*", other, self)

    def __truediv__(self, other: Any) -> Term:
        return _joined("/", self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return _joined("/", other, self)

    def __pow__(self, other: Any) -> Term:
        return _joined("^", self, other)

    def __matmul__(self, other: Any) -> Term:
        return _joined(":", self, other)

    def __lt__(self, other: Any) -> Term:
        return _joined("<", self, other)

    def __le__(self, other: Any) -> Term:
        return _joined("<=", self, other)

    def __gt__(self, other: Any) -> Term:
        return _joined(">", self, other)

    def __ge__(self, other: Any) -> Term:
        return _joined(">=", self, other)

    def __eq__(self, other: object) -> Term:  # type: ignore[override]
        return _joined("==", self, other)

    def __ne__(self, other: object) -> Term:  # type: ignore[override]
        return _joined("!=", self, other)

    def __bool__(self) -> bool:
        raise TypeError("a term is neither true nor false: write a < b < c as f.I((a < b) * (b < c))")


class Barred:
    """`left | random`: a formula's right side, or the group of lme4 where it stands in a sum.

    Attributes
    ----------
    left
        The fixed terms, or what varies by group.
    random
        A term, a sum of terms, or a mapping from component names to terms or lists of terms.
    """

    def __init__(self, left: Term, random: Any) -> None:
        self.left = left
        self.random = random

    def __repr__(self) -> str:
        return f"{self.left} | {', '.join(_entries(self.random))}"

    def __add__(self, other: Any) -> Term:
        return _joined("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return _joined("+", other, self)


class Functions:
    """The functions of the language, as attributes: `f.log(x)`, `f.poly(x, 2)`, `f.I(x > 2)`."""

    def __getattr__(self, name: str) -> Any:
        known = (*SIGNATURES, "cbind", "proportion")
        if name not in known:
            if name.startswith("_"):
                raise AttributeError(name)
            raise SpecError(f"unknown function '{name}'", hint=did_you_mean_or_list(name, known), code="G101")

        def call(*arguments: Any, **keywords: Any) -> Term:
            named = tuple(Keyword(key, _expression(value)) for key, value in keywords.items())
            return Term(Call(name, tuple(map(_expression, arguments)), named))

        return call

    def __dir__(self) -> list[str]:
        return sorted((*SIGNATURES, "cbind", "proportion"))


f = Functions()


def variables(*names: str) -> tuple[Term, ...]:
    """Columns of the data, as terms; without backticks, whatever they are called."""
    return tuple(Term(Name(name)) for name in names)


def build(
    response: Term | str,
    formula: Term | Barred,
    *,
    family: str,
    title: str | None = None,
    data: str | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    factors: Sequence[str] = (),
    weights: Any = None,
    offset: Any = None,
    missing: str = "fail",
    priors: Mapping[str, str] | None = None,
    solver: Mapping[str, Any] | None = None,
    sampler: Mapping[str, Any] | None = None,
) -> Model:
    """The model of a response and a formula.

    Parameters
    ----------
    response
        A column, by its name or as a term, or `f.cbind(...)` or `f.proportion(...)`.
    formula
        Fixed terms, with `| random terms` unless groups of lme4 stand among them.
    family, title, data, levels, factors, weights, offset, missing, solver, sampler
        As the statements of a spec. `data` is the name of a shipped data set, or a path.
    priors
        From `fixed`, a coefficient's name, `sd(component)` or `var(component)` to a distribution.

    Raises
    ------
    SpecError
        As `parse`, about the spec that was written.
    """
    lines = [
        f"title {quoted_text(title)}" if title is not None else "",
        f"data {quoted_name(data) if data in datasets.names() else quoted_text(data)}" if data else "",
        f"family {quoted_name(family)}",
        *(f"levels {quoted_name(name)} = {_levels(listed)}" for name, listed in (levels or {}).items()),
        f"factor {', '.join(map(quoted_name, factors))}" if factors else "",
        f"{_left(response)} ~ {_right(formula)}",
        f"weights {_expression(weights)}" if weights is not None else "",
        f"offset {_expression(offset)}" if offset is not None else "",
        f"missing {quoted_name(missing)}" if missing != "fail" else "",
        *(f"prior {_target(target)} ~ {prior}" for target, prior in (priors or {}).items()),
        f"solver {_options(SolverOptions, solver)}" if solver else "",
        f"sampler {_options(SamplerOptions, sampler)}" if sampler else "",
    ]
    return grammar.parse("".join(f"{line}\n" for line in lines if line), name="<build>")


def _left(response: Term | str) -> str:
    text = str(Name(response)) if isinstance(response, str) else str(response)
    # A line that starts with a sign would carry on the one before it.
    return f"({text})" if text.startswith(("-", "+")) else text


def _right(formula: Term | Barred) -> str:
    if isinstance(formula, Barred):
        return f"{formula.left} | {', '.join(_entries(formula.random))}"
    return str(formula)


def _entries(random: Any) -> Iterator[str]:
    """The entries of the `|` list: what a sum or a list has, with the names that a mapping gives."""
    if isinstance(random, Mapping):
        for name, terms in random.items():
            for entry in _entries(terms):
                yield f"{quoted_name(str(name))} = {entry}"
    elif isinstance(random, list | tuple):
        for each in random:
            yield from _entries(each)
    elif isinstance(random, Barred):
        yield f"({random})"
    else:
        yield from map(_entry, _summands(_expression(random)))


def _summands(expression: Expression) -> Iterator[Expression]:
    match expression:
        case Operation("+", (left, right)) if not isinstance(left, Number):
            yield from (*_summands(left), *_summands(right))
        case _:
            yield expression


def _entry(expression: Expression) -> str:
    is_group = isinstance(expression, Operation) and expression.operator == "|"
    return f"({expression})" if is_group else str(expression)


def _joined(operator: str, left: Any, right: Any) -> Term:
    return Term(Operation(operator, (_expression(left), _expression(right))))


def _term(value: Any) -> Term:
    return value if isinstance(value, Term) else Term(_expression(value))


def _expression(value: Any) -> Expression:
    """What a value says: a term, a number, a text in quotes."""
    match value:
        case Term():
            return value.expression
        case Barred():
            if isinstance(value.random, Term):
                return Operation("|", (value.left.expression, value.random.expression))
            raise SpecError(
                f"the group ({value}) has one grouping", hint="names and lists stand right of the last |"
            )
        case bool():
            raise SpecError(f"{value} is no part of a formula", hint="write 0 or 1")
        case int() | float():
            number = Number(abs(float(value)))
            return number if value >= 0 else Operation("-", (number,))
        case str():
            return Text(value)
    raise SpecError(
        f"a {type(value).__name__} is no part of a formula",
        hint="columns are made by gs.variables, functions by gs.f",
    )


def _options(kind: type[SolverOptions | SamplerOptions], given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        options.check_option(kind, name, value)
    return options.statement(kind(**given))


def _levels(listed: Sequence[str]) -> str:
    return ", ".join(quoted_text(str(level)) for level in listed)


def _target(target: str) -> str:
    return target if target == "fixed" or re.fullmatch(r"(sd|var)\(.*\)", target) else backticks(target)
