"""What a word of a spec means, where it stands."""

from __future__ import annotations

from lark import Token

from glmmspec import datasets, reference
from glmmspec.errors import Span
from glmmspec.grammar.layout import KEYWORDS, span
from glmmspec.ir import Model, RandomTerm
from glmmspec.language_server.document import Document
from glmmspec.prior import DISTRIBUTIONS


def hover(document: Document, offset: int) -> tuple[str, Span] | None:
    """What the word at a place means, as Markdown, and where the word stands; None where there is none."""
    for statement in document.statements:
        for i, token in enumerate(statement):
            if token.type in ("NAME", "QUOTED") and _covers(token, offset):
                meaning = _meaning(document, statement, i)
                return None if meaning is None else (meaning, span(token))
    return None


def word_at(document: Document, offset: int) -> str | None:
    """The name at a place, without backticks."""
    for statement in document.statements:
        for token in statement:
            if token.type in ("NAME", "QUOTED") and _covers(token, offset):
                return str(token).strip("`")
    return None


def _covers(token: Token, offset: int) -> bool:
    place = span(token)
    return place.start <= offset <= place.end


def _meaning(document: Document, statement: list[Token], i: int) -> str | None:
    word, keyword = str(statement[i]).strip("`"), str(statement[0])
    formula = _is_formula(statement)
    if i == 0 and not formula and keyword in KEYWORDS:
        usage, meaning = reference.KEYWORDS[keyword]
        return _shown(usage, meaning)
    following = statement[i + 1].type if i + 1 < len(statement) else ""
    if following == "LPAR":
        return _called(word, in_prior=keyword == "prior" and not formula)
    if not formula and keyword in KEYWORDS:
        return _in_statement(document, keyword, word, following)
    if following == "EQUALS" or word in document.components():
        return _component(document, word) or _column(document, word)
    return _column(document, word)


def _is_formula(statement: list[Token]) -> bool:
    return statement[0] not in KEYWORDS or (len(statement) > 1 and statement[1].type == "TILDE")


def _called(word: str, *, in_prior: bool) -> str | None:
    if in_prior and word in DISTRIBUTIONS:
        return _shown(reference.distribution(word), "A prior distribution.")
    if in_prior and word in reference.PRIOR_TARGETS:
        return _shown(f"{word}(component)", reference.PRIOR_TARGETS[word])
    return _shown(*reference.FUNCTIONS[word]) if word in reference.FUNCTIONS else None


def _in_statement(document: Document, keyword: str, word: str, following: str) -> str | None:
    if keyword in reference.OPTIONS:
        known = word in reference.OPTIONS[keyword].__dataclass_fields__
        return _shown(word, reference.option(keyword, word)) if known and following == "EQUALS" else None
    if keyword == "family":
        return _shown(word, reference.FAMILIES[word]) if word in reference.FAMILIES else None
    if keyword == "data" and word in datasets.names():
        described = datasets.describe(word)
        return _shown(word, f"{described.title}. {described.n_rows} rows. {described.source}")
    if keyword == "prior":
        if word in reference.PRIOR_TARGETS:
            return _shown(word, reference.PRIOR_TARGETS[word])
        if word in DISTRIBUTIONS:
            return _shown(reference.distribution(word), "A prior distribution.")
        return _component(document, word) or _column(document, word)
    return _column(document, word)


def _component(document: Document, name: str) -> str | None:
    """The random terms that share a variance component, with their groups."""
    if document.model is None:
        return None
    terms = [term for term in document.model.random if term.component == name]
    if not terms:
        return None
    lines = [_effects(term, document) for term in terms]
    shared = "shared by" if len(lines) > 1 else "of"
    return _shown(name, f"The variance {shared} " + "; ".join(lines) + "." + _priors(document.model, name))


def _effects(term: RandomTerm, document: Document) -> str:
    grouping = ":".join(map(str, term.factors))
    what = "random intercepts" if term.multiplier is None else f"random slopes on {term.multiplier}"
    column = document.columns.get(grouping)
    count = f" ({column.n_levels} groups)" if column is not None else ""
    return f"the {what} by {grouping}{count}"


def _priors(model: Model, component: str) -> str:
    priors = [prior for prior in model.priors if prior.name == component and prior.target in ("sd", "var")]
    return "".join(f" Prior: {prior}." for prior in priors)


def _column(document: Document, name: str) -> str | None:
    column = document.columns.get(name)
    if column is None:
        return None
    parts = [_shown(name, f"A column of the data: {column.summary}.")]
    for term in document.model.random if document.model is not None else ():
        if name in [str(factor).strip("`") for factor in term.factors]:
            parts.append(f"It groups {_effects(term, document)}, of component {term.component}.")
    return "\n\n".join(parts)


def _shown(title: str, meaning: str) -> str:
    return f"```glmm\n{title}\n```\n\n{meaning}"
