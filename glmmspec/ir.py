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
from glmmspec.expression import Expression, Name, quoted_text
from glmmspec.family import FAMILIES
from glmmspec.faults import Faults
from glmmspec.functions import check_arithmetic, names
from glmmspec.options import SamplerOptions, SolverOptions
from glmmspec.prior import Prior
from glmmspec.terms import (
    INTERCEPT,
    Component,
    DataReference,
    FactorColumn,
    FixedTerm,
    Levels,
    RandomTerm,
    Response,
    ordered,
    written,
)

__all__ = [
    "INTERCEPT",
    "VERSION",
    "Component",
    "DataReference",
    "FactorColumn",
    "FixedTerm",
    "Levels",
    "Model",
    "RandomTerm",
    "Response",
]

VERSION = 1
"""Version of the JSON form of the IR."""

MAX_RANDOM_TERMS = 1_000
"""Most random terms of a model."""


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
                f"unknown family '{self.family}'",
                hint=did_you_mean_or_list(self.family, FAMILIES),
                code="G136",
            )
        canonical = FAMILIES[self.family].link
        if self.link not in ("", canonical):
            raise SpecError(
                f"link '{self.link}' is not available for family {self.family}",
                hint=f"the canonical link is {canonical}",
                code="G158",
            )
        object.__setattr__(self, "link", canonical)
        object.__setattr__(self, "fixed", ordered(self.fixed))
        if not self.components:
            used = dict.fromkeys(term.component for term in self.random)
            object.__setattr__(self, "components", tuple(map(Component, used)))
        faults = Faults()
        with faults.gathering():
            self._check_trials()
        self._check_response(faults)
        with faults.gathering():
            self._check_random_part(faults)
        self._check_declarations(faults)
        self._check_priors(faults)
        faults.raise_any()

    def _check_trials(self) -> None:
        with_trials = self.response.form != "column"
        if with_trials and not FAMILIES[self.family].has_trials:
            raise SpecError(
                f"family {self.family} has no trials, and {self.response} gives them",
                hint="write family binomial, or a single column as response",
                code="G131",
            )
        if FAMILIES[self.family].has_trials and not with_trials:
            raise SpecError(
                f"a {self.family} response comes with its trials",
                hint="write cbind(successes, failures) or proportion(successes, trials);"
                " for a 0/1 column, family bernoulli",
                code="G131",
            )

    def _check_response(self, faults: Faults) -> None:
        fixed = (factor for term in self.fixed for factor in term.factors)
        random = (factor for term in self.random for factor in term.factors)
        for variable in (*fixed, *random):
            if self.response.arguments == (variable,):
                faults.add(
                    self.error(
                        f"the response {variable} also stands right of ~",
                        hint="remove it there: a response does not explain itself",
                        span=variable.span,
                        code="G130",
                    )
                )
        for expression in (self.weights, self.offset):
            if expression is not None:
                with faults.gathering():
                    check_arithmetic(expression)

    def _check_random_part(self, faults: Faults) -> None:
        if not self.random:
            raise SpecError(
                "the model has no random term",
                hint="add one after |, as in y ~ x | group, or write (1 | group)",
                code="G129",
            )
        if len(self.random) > MAX_RANDOM_TERMS:
            raise SpecError(
                f"the model has {len(self.random):,} random terms, and at most {MAX_RANDOM_TERMS:,} are read",
                hint="take terms out: no data tell so many variances apart",
                code="G116",
            )
        seen: set[tuple[frozenset[Expression], Expression | None]] = set()
        for term in self.random:
            if term.identity in seen:
                faults.add(
                    self.error(
                        f"the random term {term} is written twice",
                        hint="remove one of them",
                        span=term.factors[0].span,
                        code="G127",
                    )
                )
            seen.add(term.identity)
        declared = [component.name for component in self.components]
        used = list(dict.fromkeys(term.component for term in self.random))
        if declared != used:
            raise SpecError(
                f"the variance components ({', '.join(declared)}) are not those of the random terms"
                f" ({', '.join(used)}), in their order",
                code="G158",
            )

    def _check_declarations(self, faults: Faults) -> None:
        """Each column is declared once, and is one that the model uses."""
        used = sorted(self.columns)
        for what, parts in (("levels", self.levels), ("factor", self.factors)):
            seen: set[str] = set()
            for part in parts:
                if part.column in seen:
                    faults.add(
                        self.error(f"{what} of '{part.column}' is given twice", span=part.span, code="G150")
                    )
                elif part.column not in used:
                    faults.add(
                        self.error(
                            f"{what} of '{part.column}' has no effect: the model does not use that column",
                            hint=did_you_mean_or_list(part.column, used),
                            span=part.span,
                            code="G151",
                        )
                    )
                seen.add(part.column)

    def _check_priors(self, faults: Faults) -> None:
        known = [component.name for component in self.components]
        seen: set[tuple[str, str]] = set()
        for prior in self.priors:
            on_component = prior.target in ("sd", "var")
            key = ("component" if on_component else prior.target, prior.name)
            if on_component and prior.name not in known:
                faults.add(
                    self.error(
                        f"prior on unknown variance component '{prior.name}'",
                        hint=did_you_mean_or_list(prior.name, known),
                        span=prior.span,
                        code="G148",
                    )
                )
            elif key in seen:
                faults.add(
                    self.error(f"two priors for {prior.name or 'fixed'}", span=prior.span, code="G149")
                )
            seen.add(key)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression that the model evaluates: the response first, then in the order of the fields."""
        return (
            *self.response.arguments,
            *(factor for term in self.fixed for factor in term.factors),
            *(factor for term in self.random for factor in term.factors),
            *(term.multiplier for term in self.random if term.multiplier is not None),
            *(part for part in (self.weights, self.offset) if part is not None),
        )

    @property
    def columns(self) -> dict[str, Name]:
        """Every column of the data that the model reads, in that order, and where each first stands."""
        used: dict[str, Name] = {}
        for expression in self.expressions:
            for name in names(expression):
                used.setdefault(name.name, name)
        return used

    @property
    def formula(self) -> str:
        """The formula as text, the offset in it, for which the model's canonical text has a statement."""
        return self._formula() if self.offset is None else self._formula(f"offset({self.offset})")

    def _formula(self, *offset: str) -> str:
        fixed = [str(term) for term in written(self.fixed) if term != INTERCEPT]
        if INTERCEPT not in self.fixed:
            fixed.insert(0, "0")
        elif not fixed:
            fixed = ["1"]
        fixed += offset
        lme4 = all(not t.by_type and t.component == t.default_component for t in self.random)
        if lme4:
            return f"{self.response} ~ {' + '.join([*fixed, *map(str, self.random)])}"
        return f"{self.response} ~ {' + '.join(fixed)} | {', '.join(t.entry for t in self.random)}"

    @property
    def heading(self) -> list[str]:
        """The lines that stand above results: title, formula, family and weights."""
        return [
            *([self.title] if self.title else []),
            f"Formula: {self.formula}",
            f"Family: {self.family}, link: {self.link}",
            *([f"Weights: {self.weights}"] if self.weights is not None else []),
        ]

    def __str__(self) -> str:
        lines = [
            f"title {quoted_text(self.title)}" if self.title is not None else "",
            f"data {self.data}" if self.data is not None else "",
            f"family {self.family}",
            *(f"levels {part}" for part in self.levels),
            f"factor {', '.join(map(str, self.factors))}" if self.factors else "",
            self._formula(),
            f"weights {self.weights}" if self.weights is not None else "",
            f"offset {self.offset}" if self.offset is not None else "",
            f"missing {self.missing}" if self.missing != "fail" else "",
            *(f"prior {prior}" for prior in self.priors),
            f"solver {options.statement(self.solver)}" if self.solver != SolverOptions() else "",
            f"sampler {options.statement(self.sampler)}" if self.sampler != SamplerOptions() else "",
        ]
        return "".join(f"{line}\n" for line in lines if line)

    def _repr_html_(self) -> str:
        from glmmspec import html

        return html.block(html.spec(str(self)))

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
        code: str | None = None,
    ) -> GlmmSpecError:
        """An error about a part of this model, with its place in the text when it came from one."""
        at = Location.of(self.source, span) if self.source is not None and span is not None else None
        return kind(message, hint=hint, location=at, span=span, code=code)
