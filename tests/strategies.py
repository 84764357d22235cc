"""Hypothesis strategies over the IR: every model that the language can write."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from glmmspec.expression import Call, Expression, Keyword, Name, Number, Operation, Text
from glmmspec.family import FAMILIES
from glmmspec.functions import COMPARISONS, ELEMENTWISE
from glmmspec.ir import INTERCEPT, DataReference, FactorColumn, FixedTerm, Levels, Model, RandomTerm, Response
from glmmspec.options import SamplerOptions, SolverOptions
from glmmspec.prior import Distribution, Prior

# Words with a meaning elsewhere in the language, which must all do as names of columns.
AWKWARD_NAMES = (
    "data",
    "weights",
    "prior",
    "fixed",
    "sd",
    "I",
    "log",
    "cbind",
    ".",
    "x y",
    "a:b",
    "`",
    "1",
    "é",
)


@cache
def texts(min_size: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=5)


@cache
def names() -> st.SearchStrategy[str]:
    return st.sampled_from("abcxyz") | st.sampled_from(AWKWARD_NAMES) | texts(min_size=1)


@cache
def columns() -> st.SearchStrategy[Name]:
    return names().map(Name)


@cache
def numbers() -> st.SearchStrategy[Number]:
    whole = st.integers(0, 10**17).map(float)
    return (whole | st.floats(0, allow_nan=False, allow_infinity=False)).map(Number)


@cache
def arithmetic() -> st.SearchStrategy[Expression]:
    return st.recursive(columns() | numbers(), _compound, max_leaves=6)


@cache
def _optional_arithmetic() -> st.SearchStrategy[Expression | None]:
    return st.none() | arithmetic()


def _compound(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    operators = st.sampled_from(("+", "-", "*", "/", "^", *COMPARISONS))
    return (
        st.builds(lambda o, a, b: Operation(o, (a, b)), operators, inner, inner)
        | st.builds(lambda o, a: Operation(o, (a,)), st.sampled_from("+-"), inner)
        | st.builds(
            lambda o, a, t: Operation(o, (a, Text(t))), st.sampled_from(("==", "!=")), columns(), texts()
        )
        | st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(ELEMENTWISE), inner)
    )


@cache
def single_columns() -> st.SearchStrategy[Expression]:
    return columns() | st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(ELEMENTWISE), arithmetic())


@cache
def variables() -> st.SearchStrategy[Expression]:
    degrees = st.integers(1, 20).map(float).map(Number)
    degrees_of_freedom = st.integers(3, 50).map(float).map(Number)
    return (
        single_columns()
        | st.builds(lambda x, n: Call("poly", (x, n)), arithmetic(), degrees)
        | st.builds(lambda x, n: Call("poly", (x,), (Keyword("degree", n),)), arithmetic(), degrees)
        | st.builds(lambda x, n: Call("bs", (x,), (Keyword("df", n),)), arithmetic(), degrees_of_freedom)
        | st.builds(lambda x: Call("factor", (x,)), columns())
        | st.builds(lambda x, t: Call("relevel", (x,), (Keyword("ref", Text(t)),)), columns(), texts())
    )


@cache
def fixed_terms() -> st.SearchStrategy[tuple[FixedTerm, ...]]:
    products = st.lists(variables(), min_size=1, max_size=3, unique=True).map(lambda v: FixedTerm(tuple(v)))
    terms = st.lists(products, max_size=4, unique_by=lambda term: frozenset(term.factors))
    return st.builds(lambda some, first: (*first, *some), terms, st.sampled_from(((), (INTERCEPT,))))


@cache
def random_terms() -> st.SearchStrategy[tuple[RandomTerm, ...]]:
    component = st.just("") | names()
    grouping = st.lists(columns(), min_size=1, max_size=2, unique=True).map(tuple)
    roles_by_type = st.lists(single_columns(), min_size=1, max_size=2, unique=True).map(tuple)
    terms = st.builds(RandomTerm, roles_by_type, component=component) | st.builds(
        RandomTerm, grouping, st.none() | single_columns(), component, st.just(False)
    )
    return st.lists(terms, min_size=1, max_size=3, unique_by=lambda term: term.identity).map(tuple)


@cache
def responses(family: str) -> st.SearchStrategy[Response]:
    if FAMILIES[family].has_trials:
        pairs = st.tuples(arithmetic(), arithmetic())
        return st.builds(Response, st.sampled_from(("cbind", "proportion")), pairs)
    return st.builds(Response, st.just("column"), st.tuples(arithmetic()))


@cache
def _priors(components: tuple[str, ...]) -> st.SearchStrategy[tuple[Prior, ...]]:
    reals = st.floats(allow_nan=False, allow_infinity=False)
    normal = st.builds(
        lambda m, s: Distribution("normal", (m, s)), reals, st.floats(1e-300, 1e300, exclude_min=True)
    )
    on_effects = st.builds(Prior, st.just("coefficient"), names(), normal) | st.builds(
        Prior, st.just("fixed"), st.just(""), normal
    )
    positive = st.sampled_from((Distribution("flat"), Distribution("half_normal", (2.5,))))
    on_components = st.builds(Prior, st.sampled_from(("sd", "var")), st.sampled_from(components), positive)
    unique = st.lists(
        on_effects | on_components,
        max_size=3,
        unique_by=lambda prior: (prior.target in ("sd", "var"), prior.target == "fixed", prior.name),
    )
    return unique.map(tuple)


@cache
def _solver_options() -> st.SearchStrategy[SolverOptions]:
    return st.builds(
        SolverOptions,
        seed=st.integers(0, 2**63 - 1),
        draws=st.none() | st.integers(16, 2**31),
        tolerance=st.floats(1e-4, 1),
        df=st.integers(1, 10**6) | st.floats(1, 1e6),
        proposal=st.sampled_from(("laplace", "mixture")),
        mixture=st.sampled_from(((0.5, 0.25, 0.25), (1, 0, 0))),
    )


_LEVELS = st.lists(texts(), min_size=2, max_size=3, unique=True).map(tuple)
_TITLES = st.none() | texts()
_DATA = (
    st.none()
    | st.builds(DataReference, st.just("file"), texts())
    | st.just(DataReference("shipped", "salamander"))
)
_SOLVER = st.just(SolverOptions()) | _solver_options()
_SAMPLER = st.just(SamplerOptions()) | st.builds(SamplerOptions, chains=st.integers(1, 1024))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any model of the language."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    response = draw(responses(family))
    fixed = tuple(t for t in draw(fixed_terms()) if not set(t.factors) & set(response.arguments))
    random = draw(
        random_terms().filter(lambda r: all(not set(t.factors) & set(response.arguments) for t in r))
    )
    weights, offset = draw(_optional_arithmetic()), draw(_optional_arithmetic())
    parts: dict[str, Any] = {
        "response": response, "family": family, "fixed": fixed, "random": random,
        "weights": weights, "offset": offset,
    }  # fmt: skip
    used = sorted(Model(**parts).columns)
    declared = st.lists(st.sampled_from(used), max_size=2, unique=True) if used else st.just([])
    return Model(
        **parts,
        levels=tuple(Levels(column, draw(_LEVELS)) for column in draw(declared)),
        factors=tuple(map(FactorColumn, draw(declared))),
        missing=draw(st.sampled_from(("fail", "drop"))),
        priors=draw(_priors(tuple(term.component for term in random))),
        data=draw(_DATA),
        title=draw(_TITLES),
        solver=draw(_SOLVER),
        sampler=draw(_SAMPLER),
    )
