"""What is tried: texts, models, JSON documents, data frames. A case ends in an answer or a GlmmSpecError."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from fuzz.frames import frames
from fuzz.texts import formulas_on, texts
from glmmspec import grammar, ir
from glmmspec.design import bind
from glmmspec.errors import GlmmSpecError, GlmmSpecWarning
from tests.strategies import models


@dataclass(frozen=True)
class Target:
    """What is drawn, and what has to hold for it."""

    cases: Callable[[], st.SearchStrategy[Any]]
    holds: Callable[[Any], None]


def text_is_read_or_refused(text: str) -> None:
    """A text that is read is written and read as the same model; its layout is stable."""
    with suppress(GlmmSpecError):
        model = grammar.parse(text, family="poisson")
        assert grammar.parse(str(model)) == model
    with suppress(GlmmSpecError):
        formatted = grammar.format_text(text)
        assert grammar.format_text(formatted) == formatted


def model_is_written_and_read(model: ir.Model) -> None:
    """The text and the JSON of a model give the same model."""
    assert grammar.parse(str(model)) == model
    assert ir.Model.from_json(model.to_json()) == model


def document_is_read_or_refused(document: str) -> None:
    """A document that is read is written as one that is read as the same model."""
    with suppress(GlmmSpecError):
        model = ir.Model.from_json(document)
        assert ir.Model.from_json(model.to_json()) == model


def data_are_bound_or_refused(case: tuple[str, pd.DataFrame]) -> None:
    """Arrays of a bound model are finite and as long as the rows it keeps."""
    text, frame = case
    with suppress(GlmmSpecError), warnings.catch_warnings():
        warnings.simplefilter("ignore", GlmmSpecWarning)
        design = bind(grammar.parse(text, family="poisson"), frame)
        rows = len(design.rows)
        assert design.x.shape == (rows, len(design.coefficients))
        for values in (design.x, design.y, design.weights, design.offset, *(t.values for t in design.random)):
            assert len(values) == rows
            assert abs(values).max(initial=0.0) < float("inf")
        for term in design.random:
            assert 0 <= term.codes.min() <= term.codes.max() < len(term.levels)


@cache
def documents() -> st.SearchStrategy[str]:
    """JSON near to a model's: one with parts taken out, exchanged or put in, or its text cut."""
    return st.builds(_mutated, models(), st.randoms(use_true_random=False), st.integers(0, 4))


_STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**400, "", "x", "\u0000", "é" * 50, [], [[]], {}, {"type": "Name"},
    {"type": "Operation", "operator": "|", "operands": []}, {"type": "Number", "value": -0.0},
    {"type": "Call", "function": "poly", "arguments": [], "keywords": []},
)  # fmt: skip


def _mutated(model: ir.Model, random: Any, times: int) -> str:
    document = json.loads(model.to_json())
    for _ in range(times):
        _mutate(document, random)
    text = json.dumps(document)
    return text[: random.randrange(len(text))] if times and random.random() < 0.05 else text


def _mutate(document: Any, random: Any) -> None:
    """Change one place, at any depth."""
    places = [(document, key) for key in document]
    pending = list(document.values())
    while pending:
        part = pending.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        places += [(part, key) for key in keys]
        pending += [part[key] for key in keys]
    if not places:
        return
    where, key = random.choice(places)
    change = random.randrange(4)
    if change == 0:
        del where[key]
    elif change == 1:
        other, from_there = random.choice(places)
        with suppress(LookupError):
            where[key] = json.loads(json.dumps(other[from_there]))
    elif change == 2 and isinstance(where, list):
        where.insert(random.randrange(len(where) + 1), random.choice(_STRANGE))
    else:
        where[key] = random.choice(_STRANGE)


@cache
def _bound_cases() -> st.SearchStrategy[tuple[str, pd.DataFrame]]:
    return frames().flatmap(lambda frame: st.tuples(formulas_on(tuple(frame.columns)), st.just(frame)))


TARGETS = {
    "text": Target(texts, text_is_read_or_refused),
    "model": Target(models, model_is_written_and_read),
    "json": Target(documents, document_is_read_or_refused),
    "data": Target(_bound_cases, data_are_bound_or_refused),
}
"""Every kind of case by its name."""
