"""The intermediate representation: a generalized linear mixed model, written down and free of data.

Everything here is immutable, hashable and comparable. `str()` of any part is its canonical
text in the model language, and parsing the text of a `Model` gives an equal `Model`. Spans and
sources, which say where in a text a part was written, take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from glmmspec import options
from glmmspec.errors import (
    GlmmSpecError,
    Location,
    Source,
    Span,
    SpecError,
    did_you_mean_or_list,
)
from glmmspec.expression import (
    Expression,
    Name,
    is_plain_name,
    position,
    quoted_name,
    quoted_text,
)
from glmmspec.family import FAMILIES
from glmmspec.functions import (
    check_arithmetic,
    check_grouping,
    check_single_column,
    check_slope,
    check_variable,
    column_names,
)
from glmmspec.options import SamplerOptions, SolverOptions
from glmmspec.prior import Prior

VERSION = 1
"""Version of the JSON form of the IR."""


@dataclass(frozen=True)
class Response:
    """What is modelled: a column, `cbind(successes, failures)` or `proportion(successes, trials)`."""

    form: Literal["column", "cbind", "proportion"]
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        wanted = 1 if self.form == "column" else 2
        if len(self.arguments) != wanted:
            raise SpecError(f"the response {self.form} takes {wanted} column(s), not {len(self.arguments)}")
        for argument in self.arguments:
            check_arithmetic(argument)

    def __str__(self) -> str:
        if self.form == "column":
            text = str(self.arguments[0])
            # A line that starts with a sign would carry on the statement before it.
            return f"({text})" if text.startswith(("+", "-")) else text
        return f"{self.form}({', '.join(str(a) for a in self.arguments)})"


@dataclass(frozen=True)
class FixedTerm:
    """A product of factors and variables; the empty product is the intercept."""

    factors: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        for factor in self.factors:
            check_variable(factor)
        if len(set(self.factors)) < len(self.factors):
            raise SpecError(f"a variable appears twice in the term {self}")

    def __str__(self) -> str:
        return ":".join(map(str, self.factors)) if self.factors else "1"


INTERCEPT = FixedTerm()


def _ordered(terms: tuple[FixedTerm, ...]) -> tuple[FixedTerm, ...]:
    """Terms by degree, as R orders them, each term's variables in the order in which all first appear.

    R takes that order from the formula as written; taking it from the ordered terms gives the same
    unless an interaction is written before its main effects, and makes the text of a model, read
    again, the same model.
    """
    by_degree = sorted(terms, key=lambda term: len(term.factors))
    order: dict[Expression, int] = {}
    for term in by_degree:
        for factor in term.factors:
            order.setdefault(factor, len(order))
    ordered = tuple(FixedTerm(tuple(sorted(term.factors, key=order.__getitem__))) for term in by_degree)
    if len(set(ordered)) < len(ordered):
        twice = next(term for i, term in enumerate(ordered) if term in ordered[:i])
        raise SpecError(f"the fixed term {twice} is given twice")
    return ordered


@dataclass(frozen=True)
class RandomTerm:
    """Independent effects, one per level of the interaction of the grouping factors.

    Attributes
    ----------
    factors
        The columns whose interaction is the grouping. When `by_type`, a numeric one among them
        (by its column's type, known only when data are bound) is the multiplier instead.
    multiplier
        A numeric expression each effect is multiplied by (a random slope); None is an intercept.
    component
        The name of the variance component the effects belong to.
    by_type
        True for an entry of the `|` list, such as `Female:age`, whose numeric columns are
        multipliers; False where the notation itself says what groups, as `(0 + age | Female)`.
    """

    factors: tuple[Expression, ...]
    multiplier: Expression | None = None
    component: str = ""
    by_type: bool = True

    def __post_init__(self) -> None:
        if not self.factors:
            raise SpecError("a random term needs a grouping factor")
        if self.by_type and self.multiplier is not None:
            raise SpecError("a random term whose roles follow from column types has no explicit multiplier")
        for factor in self.factors:
            if self.by_type:
                check_single_column(factor)
            else:
                check_grouping(factor)
        if self.multiplier is not None:
            check_slope(self.multiplier)
        if len(set(self.factors)) < len(self.factors):
            raise SpecError(f"a column appears twice in the random term {self}")
        if not self.component:
            object.__setattr__(self, "component", self.default_component)

    @property
    def identity(self) -> tuple[frozenset[Expression], Expression | None]:
        """What makes it the same term as another, whatever their components are called."""
        return frozenset(self.factors), self.multiplier

    @property
    def default_component(self) -> str:
        """The component's name when none is given: the term as the `|` list writes it.

        A column alone needs no backticks, unless its name reads like an interaction.
        """
        parts = self.factors if self.multiplier is None else (*self.factors, self.multiplier)
        match parts:
            case (Name(name),) if ":" not in name:
                return name
        return ":".join(str(part) for part in parts)

    def __str__(self) -> str:
        grouping = ":".join(map(str, self.factors))
        if self.by_type:
            return grouping
        left = "1" if self.multiplier is None else f"0 + {self.multiplier}"
        return f"({left} | {grouping})"

    @property
    def entry(self) -> str:
        """The term as an entry of the `|` list, with its component's name unless that is the default."""
        named = self.component != self.default_component
        return f"{quoted_name(self.component)} = {self}" if named else str(self)


@dataclass(frozen=True)
class Component:
    """A variance component, and the covariance structure of the effects that share it."""

    name: str
    covariance: Literal["iid"] = "iid"


@dataclass(frozen=True)
class DataReference:
    """Where the data are: a data set shipped with glmmspec, or a file beside the spec."""

    kind: Literal["shipped", "file"]
    name: str

    def __str__(self) -> str:
        return quoted_text(self.name) if self.kind == "file" else quoted_name(self.name)


@dataclass(frozen=True)
class Levels:
    """The levels of a factor, in order; the first is the reference."""

    column: str
    levels: tuple[str, ...]
    span: Span | None = position()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for level in self.levels:
            if level in seen:
                raise SpecError(f"level '{level}' of '{self.column}' is listed twice")
            seen.add(level)
        if len(self.levels) < 2:
            raise SpecError(f"'{self.column}' needs at least two levels")

    def __str__(self) -> str:
        listed = ", ".join(x if is_plain_name(x) else quoted_text(x) for x in self.levels)
        return f"{quoted_name(self.column)} = {listed}"


@dataclass(frozen=True)
class FactorColumn:
    """A column to be treated as a factor whatever its type."""

    column: str
    span: Span | None = position()

    def __str__(self) -> str:
        return quoted_name(self.column)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A generalized linear mixed model, free of data.

    Raises
    ------
    SpecError
        If the parts contradict one another: an unknown family, a component no term belongs to,
        a prior on a component that is not there, a column declared twice.
    """

    response: Response
    family: str
    link: str = ""
    fixed: tuple[FixedTerm, ...] = (INTERCEPT,)
    random: tuple[RandomTerm, ...] = ()
    components: tuple[Component, ...] = ()
    weights: Expression | None = None
    offset: Expression | None = None
    levels: tuple[Levels, ...] = ()
    factors: tuple[FactorColumn, ...] = ()
    missing: Literal["fail", "drop"] = "fail"
    priors: tuple[Prior, ...] = ()
    data: DataReference | None = None
    title: str | None = None
    solver: SolverOptions = SolverOptions()
    sampler: SamplerOptions = SamplerOptions()
    source: Source | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise SpecError(
                f"unknown family '{self.family}'", hint=did_you_mean_or_list(self.family, FAMILIES)
            )
        canonical = FAMILIES[self.family].link
        if self.link not in ("", canonical):
            raise SpecError(
                f"link '{self.link}' is not available for family {self.family}",
                hint=f"the canonical link is {canonical}",
            )
        object.__setattr__(self, "link", canonical)
        object.__setattr__(self, "fixed", _ordered(self.fixed))
        if not self.components:
            names = dict.fromkeys(term.component for term in self.random)
            object.__setattr__(self, "components", tuple(Component(name) for name in names))
        self._check_response()
        self._check_random_part()
        self._check_columns_declared_once()
        self._check_declared_columns_are_used()
        self._check_priors()

    def _check_response(self) -> None:
        with_trials = self.response.form != "column"
        if with_trials and not FAMILIES[self.family].has_trials:
            raise SpecError(
                f"family {self.family} has no trials, and {self.response} gives them",
                hint="write family binomial, or a single column as response",
            )
        if FAMILIES[self.family].has_trials and not with_trials:
            raise SpecError(
                f"a {self.family} response comes with its trials",
                hint="write cbind(successes, failures) or proportion(successes, trials);"
                " for a 0/1 column, family bernoulli",
            )
        for variable in (factor for term in self.fixed for factor in term.factors):
            if self.response.arguments == (variable,):
                raise self.error(
                    f"the response {variable} is also a fixed term",
                    hint="remove it right of ~",
                    span=variable.span,
                )
        for expression in (self.weights, self.offset):
            if expression is not None:
                check_arithmetic(expression)

    def _check_random_part(self) -> None:
        if not self.random:
            raise SpecError(
                "the model has no random term",
                hint="add one after |, as in y ~ x | group, or write (1 | group)",
            )
        seen: set[tuple[frozenset[Expression], Expression | None]] = set()
        for term in self.random:
            if term.identity in seen:
                raise SpecError(f"the random term {term} is written twice")
            seen.add(term.identity)
        declared = [component.name for component in self.components]
        used = list(dict.fromkeys(term.component for term in self.random))
        if declared != used:
            raise SpecError(
                f"the variance components ({', '.join(declared)}) are not those of the random terms"
                f" ({', '.join(used)}), in their order"
            )

    def _check_columns_declared_once(self) -> None:
        for what, parts in (("levels", self.levels), ("factor", self.factors)):
            seen: set[str] = set()
            for part in parts:
                if part.column in seen:
                    raise self.error(f"{what} of '{part.column}' is given twice", span=part.span)
                seen.add(part.column)

    def _check_declared_columns_are_used(self) -> None:
        used = sorted(self.columns)
        for what, parts in (("levels", self.levels), ("factor", self.factors)):
            for part in parts:
                if part.column not in used:
                    raise self.error(
                        f"{what} of '{part.column}' has no effect: the model does not use that column",
                        hint=did_you_mean_or_list(part.column, used),
                        span=part.span,
                    )

    def _check_priors(self) -> None:
        known = [component.name for component in self.components]
        seen: set[tuple[str, str]] = set()
        for prior in self.priors:
            on_component = prior.target in ("sd", "var")
            if on_component and prior.name not in known:
                raise self.error(
                    f"prior on unknown variance component '{prior.name}'",
                    hint=did_you_mean_or_list(prior.name, known),
                    span=prior.span,
                )
            key = ("component" if on_component else prior.target, prior.name)
            if key in seen:
                raise self.error(f"two priors for {prior.name or 'fixed'}", span=prior.span)
            seen.add(key)

    @property
    def columns(self) -> frozenset[str]:
        """Every column of the data that the model reads."""
        expressions = [
            *self.response.arguments,
            *(factor for term in self.fixed for factor in term.factors),
            *(factor for term in self.random for factor in term.factors),
            *(term.multiplier for term in self.random),
            self.weights,
            self.offset,
        ]
        return frozenset(name for e in expressions if e is not None for name in column_names(e))

    @property
    def formula(self) -> str:
        """The formula's canonical text."""
        fixed = [str(term) for term in self.fixed if term != INTERCEPT]
        if INTERCEPT not in self.fixed:
            fixed.insert(0, "0")
        elif not fixed:
            fixed = ["1"]
        lme4 = all(not t.by_type and t.component == t.default_component for t in self.random)
        if lme4:
            return f"{self.response} ~ {' + '.join([*fixed, *map(str, self.random)])}"
        return f"{self.response} ~ {' + '.join(fixed)} | {', '.join(t.entry for t in self.random)}"

    def __str__(self) -> str:
        lines = [
            f"title {quoted_text(self.title)}" if self.title is not None else "",
            f"data {self.data}" if self.data is not None else "",
            f"family {self.family}",
            *(f"levels {part}" for part in self.levels),
            f"factor {', '.join(map(str, self.factors))}" if self.factors else "",
            self.formula,
            f"weights {self.weights}" if self.weights is not None else "",
            f"offset {self.offset}" if self.offset is not None else "",
            f"missing {self.missing}" if self.missing != "fail" else "",
            *(f"prior {prior}" for prior in self.priors),
            f"solver {options.statement(self.solver)}" if self.solver != SolverOptions() else "",
            f"sampler {options.statement(self.sampler)}" if self.sampler != SamplerOptions() else "",
        ]
        return "".join(f"{line}\n" for line in lines if line)

    def to_json(self) -> str:
        """The model as a JSON document (its schema ships as glmmspec/schema.json)."""
        from glmmspec.schema import dumps

        return dumps(self)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """The model that `to_json` wrote.

        Raises
        ------
        SpecError
            If the text is not such a document, naming the place in it.
        """
        from glmmspec.schema import loads

        return loads(text)

    def error(
        self,
        message: str,
        *,
        span: Span | None = None,
        hint: str | None = None,
        kind: type[GlmmSpecError] = SpecError,
    ) -> GlmmSpecError:
        """An error about a part of this model, with its place in the text when it came from one."""
        at = Location.of(self.source, span) if self.source is not None and span is not None else None
        return kind(message, hint=hint, location=at)
