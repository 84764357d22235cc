"""What may stand at a place of a spec."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lark import Token

from glmmspec import datasets, reference
from glmmspec.expression import is_plain_name, quoted_name, quoted_text
from glmmspec.functions import ELEMENTWISE
from glmmspec.grammar.layout import KEYWORDS
from glmmspec.language_server.document import Document
from glmmspec.prior import DISTRIBUTIONS


@dataclass(frozen=True)
class Proposal:
    """A word that may stand at a place.

    Attributes
    ----------
    label
        The word.
    kind
        `keyword`, `column`, `function`, `option`, `value`, `component`.
    detail
        What it means, or how it is written.
    inserted
        What is written.
    """

    label: str
    kind: str
    detail: str
    inserted: str


def complete(document: Document, offset: int) -> list[Proposal]:
    """What may stand at a place, or may finish the word there; editors choose by its first letters."""
    before, _ = document.before(offset)
    if not before:
        return [*_keywords(), *_columns(document), *_functions(("cbind", "proportion"))]
    keyword = str(before[0])
    if keyword in KEYWORDS and not (len(before) > 1 and before[1].type == "TILDE"):
        return list(_in_statement(document, keyword, before))
    if any(token.type == "TILDE" for token in before):
        return [*_columns(document), *_functions(_RIGHT)]
    return [*_columns(document), *_functions(("cbind", "proportion"))]


_RIGHT = tuple(name for name in reference.FUNCTIONS if name not in ("cbind", "proportion"))


def _in_statement(document: Document, keyword: str, before: list[Token]) -> Iterator[Proposal]:
    last = before[-1].type
    match keyword:
        case "family":
            yield from _values(reference.FAMILIES)
        case "data":
            yield from _values({name: datasets.describe(name).title for name in datasets.names()})
        case "missing":
            yield from _values({"fail": "refuse missing values", "drop": "leave their rows out"})
        case "levels" if any(token.type == "EQUALS" for token in before):
            yield from _levels(document, str(before[1]).strip("`"))
        case "levels" | "factor":
            yield from _columns(document)
        case "weights" | "offset":
            yield from [*_columns(document), *_functions(ELEMENTWISE)]
        case "solver" | "sampler" if last == "EQUALS":
            yield from _choices(keyword, str(before[-2]))
        case "solver" | "sampler":
            yield from _options(keyword)
        case "prior":
            yield from _in_prior(document, before)


def _in_prior(document: Document, before: list[Token]) -> Iterator[Proposal]:
    if any(token.type == "TILDE" for token in before):
        for name in DISTRIBUTIONS:
            yield Proposal(name, "function", reference.distribution(name), reference.distribution(name))
    elif before[-1].type == "LPAR":
        for name in document.components():
            yield Proposal(name, "component", "a variance component", quoted_name(name))
    else:
        yield from _values(reference.PRIOR_TARGETS)
        yield from _columns(document)


def _keywords() -> Iterator[Proposal]:
    for name, (usage, meaning) in reference.KEYWORDS.items():
        yield Proposal(name, "keyword", f"{meaning} As in {usage}", name)


def _columns(document: Document) -> Iterator[Proposal]:
    for name, column in document.columns.items():
        yield Proposal(name, "column", column.summary, quoted_name(name))


def _functions(names: tuple[str, ...]) -> Iterator[Proposal]:
    for name in names:
        usage, meaning = reference.FUNCTIONS[name]
        yield Proposal(name, "function", f"{usage}: {meaning}", name)


def _values(meanings: dict[str, str]) -> Iterator[Proposal]:
    for name, meaning in meanings.items():
        yield Proposal(name, "value", meaning, name)


def _levels(document: Document, column: str) -> Iterator[Proposal]:
    known = document.columns.get(column)
    for level in known.levels if known is not None else ():
        yield Proposal(level, "value", f"a level of {column}", _level(level))


def _level(level: str) -> str:
    return level if is_plain_name(level) or level.isdecimal() else quoted_text(level)


def _options(statement: str) -> Iterator[Proposal]:
    for field in dataclasses.fields(reference.OPTIONS[statement]):
        written = f"{field.name} = {reference.default(statement, field.name)}".rstrip()
        yield Proposal(field.name, "option", reference.option(statement, field.name), written)


def _choices(statement: str, option: str) -> Iterator[Proposal]:
    fields: dict[str, Any] = {field.name: field for field in dataclasses.fields(reference.OPTIONS[statement])}
    if option in fields:
        choices = fields[option].metadata["choices"] or (reference.default(statement, option),)
        yield from _values({choice: f"a value of {option}" for choice in choices if choice})
