"""A first spec for a table: family, fixed terms and groupings guessed from its columns, with reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glmmspec.columns import kind
from glmmspec.design import bind
from glmmspec.errors import DataError, GlmmSpecError, did_you_mean_or_list
from glmmspec.expression import quoted_name, quoted_text
from glmmspec.grammar import format_text, parse

if TYPE_CHECKING:
    import pandas as pd

_RESPONSE = re.compile(r"(?i)y|resp(onse)?|outcome|count|events?|cases|success(es)?")
_TRIALS = re.compile(r"(?i)n|size|totals?|trials|tested|exposed|at_?risk|denominator")
_GROUP = re.compile(
    r"(?i).*(id|subject|patient|person|animal|herd|farm|site|plot|block|brood|nest|litter|location|village|school"
    r"|class|cluster|group|hospital|ward|batch|tank|family|female|male)"
)
_FEW_LEVELS = 10
"""A factor with fewer levels than this is taken for a fixed one."""

_MOST_TERMS = 12
"""Fixed terms that are proposed."""


@dataclass
class Starter:
    """What is proposed, piece by piece, each with its reason.

    Attributes
    ----------
    family, response
        As a spec writes them.
    reason
        Why this family and response.
    fixed, groups
        Columns of fixed terms, and that group, with reasons.
    factors
        Those of the fixed ones that are declared factors.
    unused
        Columns that are left out, with reasons.
    """

    family: str
    response: str
    reason: str
    taken: tuple[str, ...]
    fixed: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    factors: list[str] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)


def starter(
    frame: pd.DataFrame,
    path: str,
    *,
    title: str,
    response: str | None = None,
    groups: tuple[str, ...] = (),
) -> str:
    """The text of a commented spec for a table, which binds to it.

    Parameters
    ----------
    frame
        The table.
    path
        How the spec names its file.
    title
        The title of the spec.
    response, groups
        The columns to take, in place of those that would be guessed.

    Raises
    ------
    DataError
        If a column is not there, or no response or no grouping can be made out.
    """
    for name in (*([] if response is None else [response]), *groups):
        if name not in frame.columns:
            raise DataError(
                f"unknown column '{name}' in {path}",
                hint=did_you_mean_or_list(name, frame.columns),
                code="G201",
            )
    proposal = _response(frame, response)
    for name in frame.columns:
        if name not in proposal.taken:
            _place(name, frame, proposal, groups)
    if not proposal.groups:
        raise DataError(
            f"no column of {path} looks like a grouping, by its name or as labels that are repeated",
            hint="name one: --group COLUMN",
        )
    _keep_what_binds(frame, proposal)
    return format_text(_text(proposal, frame, path, title))


def _response(frame: pd.DataFrame, given: str | None) -> Starter:
    """The response: the one given, one by its name, a count out of trials, or the first that can be one."""
    names = [given] if given is not None else sorted(frame.columns, key=lambda n: not _RESPONSE.fullmatch(n))
    named = [name for name in names if given is not None or _RESPONSE.fullmatch(name)]
    for name in named:
        found = _as_response(name, frame)
        if found is not None:
            return found
    if given is not None:
        raise DataError(
            f"'{given}' is no response of a family that there is",
            hint="bernoulli takes two values, poisson and binomial whole numbers from 0",
        )
    for name in names:
        found = None if _looks_like_groups(frame[name], name) else _as_response(name, frame)
        if found is not None and (found.family != "poisson" or (frame[name] == 0).any()):
            return found
    raise DataError(
        "no column looks like a response: two values, or whole numbers with zeros among them",
        hint="name it: --response COLUMN",
    )


def _as_response(name: str, frame: pd.DataFrame) -> Starter | None:
    """A column as a response, None where it can be none."""
    values, written = frame[name].dropna(), quoted_name(name)
    if _is_binary(values):
        shown = ", ".join(sorted(str(value) for value in values.unique()))
        return Starter("bernoulli", written, f"{name} has two values: {shown}", (name,))
    if kind(values) != "number" or not _are_counts(values):
        return None
    for other in frame.columns:
        if other != name and _TRIALS.fullmatch(other) and kind(frame[other]) == "number":
            trials = frame[other].dropna()
            if _are_counts(trials) and (frame[name].fillna(0) <= frame[other].fillna(np.inf)).all():
                return Starter(
                    "binomial",
                    f"proportion({written}, {quoted_name(other)})",
                    f"{name} is at most {other} in every row: successes out of trials",
                    (name, other),
                )
    return Starter("poisson", written, f"{name} holds whole numbers from {values.min():g}: counts", (name,))


def _is_binary(values: pd.Series[Any]) -> bool:
    held = kind(values)
    if held == "number":
        return set(values.unique()) == {0, 1}
    return held in ("logical", "text") and values.nunique() == 2


def _are_counts(values: pd.Series[Any]) -> bool:
    numbers = values.to_numpy(dtype=np.float64)
    return bool(len(numbers) and (numbers >= 0).all() and (np.mod(numbers, 1) == 0).all())


def _place(name: str, frame: pd.DataFrame, proposal: Starter, groups: tuple[str, ...]) -> None:
    """Put a column where it seems to belong."""
    values = frame[name].dropna()
    held = kind(values)
    levels = 0 if held == "other" else int(values.nunique())
    if name in groups:
        proposal.groups[name] = f"{levels} groups, as asked for"
    elif not groups and _looks_like_groups(values, name):
        proposal.groups[name] = f"{levels} groups, of {len(values) / levels:.1f} rows each on average"
    elif held == "other" or levels < 2:
        proposal.unused[name] = "neither numbers nor text" if held == "other" else "one value alone"
    elif held == "text" and levels >= max(_FEW_LEVELS, len(values) / 3):
        proposal.unused[name] = f"text with {levels} different values in {len(values)} rows"
    elif held == "number" and _is_row_number(values):
        proposal.unused[name] = "it numbers the rows"
    elif held == "number" and _is_numbering(values) and 2 < levels < _FEW_LEVELS:
        proposal.fixed[name] = f"{levels} whole numbers one after the other: a factor"
        proposal.factors.append(name)
    else:
        proposal.fixed[name] = "numbers" if held == "number" else f"{levels} levels"


def _looks_like_groups(values: pd.Series[Any], name: str) -> bool:
    """True for identifiers whose values are repeated: by the name, or by being many and numbered through."""
    held = kind(values)
    levels = values.nunique() if held in ("number", "text") else 0
    if levels < 5 or len(values) < 2 * levels:
        return False
    if held == "text":
        return levels >= _FEW_LEVELS or bool(_GROUP.fullmatch(name))
    return _are_counts(values) and (
        bool(_GROUP.fullmatch(name)) or (levels >= _FEW_LEVELS and _is_numbering(values))
    )


def _is_numbering(values: pd.Series[Any]) -> bool:
    """True for whole numbers without a gap from 1, as labels have, or from 0.

    From 0 each has to be a third as frequent as on average: counts are from 0 too, and the largest are rare.
    """
    if not _are_counts(values):
        return False
    rows = values.value_counts()
    first, last = values.min(), values.max()
    return last - first + 1 == len(rows) and (first == 1 or (first == 0 and 3 * rows.min() >= rows.mean()))


def _is_row_number(values: pd.Series[Any]) -> bool:
    return len(values) > 2 and bool((values.diff().iloc[1:] == 1).all())


def _keep_what_binds(frame: pd.DataFrame, proposal: Starter) -> None:
    """Take fixed terms and groupings one by one, and leave out those the model cannot have."""
    fixed, groups = proposal.fixed, proposal.groups
    proposal.fixed, proposal.groups = {}, {}
    refused: GlmmSpecError | None = None
    for chosen, offered in ((proposal.groups, groups), (proposal.fixed, fixed)):
        for name, reason in offered.items():
            if chosen is proposal.fixed and len(chosen) == _MOST_TERMS:
                proposal.unused[name] = f"there are {_MOST_TERMS} terms already"
                continue
            chosen[name] = reason
            try:
                bind(parse(_bare(proposal, frame)), frame)
            except GlmmSpecError as error:
                del chosen[name]
                proposal.unused[name] = error.message
                refused = refused or error
    if not proposal.groups:
        raise DataError("no column can group", hint=str(refused.message) if refused is not None else None)


def _bare(proposal: Starter, frame: pd.DataFrame) -> str:
    """The spec without comments."""
    fixed = " + ".join(map(quoted_name, proposal.fixed)) or "1"
    lines = [f"family {proposal.family}", *_declared(proposal, frame)]
    return "\n".join([*lines, f"{proposal.response} ~ {fixed} | {_entries(proposal)}"])


def _declared(proposal: Starter, frame: pd.DataFrame) -> list[str]:
    """The statements about columns, and about missing values."""
    factors = [name for name in proposal.factors if name in proposal.fixed]
    # A grouping by numbers is one whatever their type; declared, it is seen to be.
    groups = [name for name in proposal.groups if kind(frame[name]) == "number"]
    declared = ", ".join(map(quoted_name, (*factors, *groups)))
    return ([f"factor {declared}"] if declared else []) + (
        ["missing drop"] if _incomplete(proposal, frame) else []
    )


def _incomplete(proposal: Starter, frame: pd.DataFrame) -> int:
    """Rows with a missing value in a column that is used."""
    used = [*proposal.taken, *proposal.fixed, *proposal.groups]
    return int(frame[used].isna().any(axis=1).sum())


def _entries(proposal: Starter) -> str:
    return ", ".join(map(quoted_name, proposal.groups))


def _text(proposal: Starter, frame: pd.DataFrame, path: str, title: str) -> str:
    return "\n".join(_lines(proposal, frame, path, title)) + "\n"


def _lines(proposal: Starter, frame: pd.DataFrame, path: str, title: str) -> Iterator[str]:
    rows, columns = frame.shape
    yield f"# A first spec for {_comment(path)}, {rows} rows of {columns} columns: make it the one you mean."
    yield f"title {quoted_text(title)}"
    yield f"data {quoted_text(path)}"
    yield ""
    yield f"# {_comment(proposal.reason)}."
    yield f"family {proposal.family}"
    yield ""
    incomplete = _incomplete(proposal, frame)
    if incomplete:
        yield f"# {incomplete} rows have a missing value in a column that is used."
    yield from _declared(proposal, frame)
    for name, reason in (*proposal.fixed.items(), *proposal.groups.items()):
        yield f"# {_comment(name)}: {_comment(reason)}."
    yield f"{proposal.response} ~ {' + '.join(map(quoted_name, proposal.fixed)) or '1'}"
    yield f"    | {_entries(proposal)}"
    if proposal.unused:
        yield ""
        yield "# Left out:"
        for name, reason in proposal.unused.items():
            yield f"#   {_comment(name)}: {_comment(reason)}."


def _comment(text: str) -> str:
    """A text on one line: names come from anywhere."""
    return " ".join(text.split())
