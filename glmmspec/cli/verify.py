"""Whether a fit done again is the fit that a JSON file records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glmmspec.errors import DataError
from glmmspec.options import solver_values

AGREEMENT = 1e-8
"""Largest relative difference of two numbers that count as the same."""

_VALUES = {"estimate": "estimate", "se": "standard error", "mcse": "Monte Carlo error"}
_RECORD = {"provenance": dict, "parameters": list, **dict.fromkeys(_VALUES, list), "loglik": float}
_PROVENANCE = {"spec_sha256": str, "data_sha256": str, "options": dict, "versions": dict}
_HINT = "give a file that `glmmspec fit --output` wrote"


@dataclass(frozen=True)
class Comparison:
    """What differs between a recorded fit and the same fit done again.

    Attributes
    ----------
    differences
        Each makes it another fit.
    remarks
        What differs and may: the versions of the packages that computed.
    """

    differences: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs that may not."""
        return not self.differences

    def __str__(self) -> str:
        head = (
            f"same (spec, data and options; estimates, their errors and log-likelihood to {AGREEMENT:g})"
            if self.same
            else "different"
        )
        return "\n  ".join([head, *self.differences, *self.remarks])


def read_record(path: Path) -> dict[str, Any]:
    """The fit that `glmmspec fit --output` or `--json` wrote.

    Raises
    ------
    DataError
        If the file cannot be read or is no such document.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"cannot read {path}: {reason}", hint=_HINT) from error
    _check_parts(record, _RECORD, path)
    _check_parts(record["provenance"], _PROVENANCE, path)
    for key in _VALUES:
        if len(record[key]) != len(record["parameters"]) or not all(map(_is_value, record[key])):
            raise DataError(f"{path} is not the JSON of a fit: '{key}' is malformed", hint=_HINT)
    return dict(record)


def _check_parts(document: Any, parts: Mapping[str, type], path: Path) -> None:
    for key, kind in parts.items():
        if not isinstance(document, dict) or not isinstance(document.get(key), kind):
            raise DataError(f"{path} is not the JSON of a fit: '{key}' is missing or malformed", hint=_HINT)


def _is_value(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def compare(record: Mapping[str, Any], again: Mapping[str, Any]) -> Comparison:
    """Compare two fits, each as `Fit.to_dict` gives it."""
    then, now = record["provenance"], again["provenance"]
    return Comparison(
        differences=(*_inputs(record, again), *_numbers(record, again)),
        remarks=tuple(_changes("version of ", then["versions"], now["versions"])),
    )


def _inputs(record: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    then, now = record["provenance"], again["provenance"]
    for what in ("spec", "data"):
        before, after = then[f"{what}_sha256"], now[f"{what}_sha256"]
        if before != after:
            yield f"another {what}: SHA-256 {before[:12]}... recorded, {after[:12]}... now"
    yield from _changes("option ", solver_values(then["options"]), now["options"])
    if record["parameters"] != again["parameters"]:
        then_named, now_named = (", ".join(map(str, fit["parameters"])) for fit in (record, again))
        yield f"other parameters: {then_named} recorded, {now_named} now"


def _changes(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield f"{prefix}{name}: {before.get(name)} recorded, {after.get(name)} now"


def _numbers(record: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    if record["parameters"] == again["parameters"]:
        for key, label in _VALUES.items():
            for name, before, after in zip(again["parameters"], record[key], again[key], strict=True):
                if not _agree(before, after):
                    yield f"{label} of {name}: {before} recorded, {after} now"
    if not _agree(record["loglik"], again["loglik"]):
        yield f"log-likelihood: {record['loglik']} recorded, {again['loglik']} now"


def _agree(before: Any, after: Any) -> bool:
    if before is None or after is None:
        return before is after
    return bool(abs(before - after) <= AGREEMENT * max(abs(before), abs(after)))
