"""Keeping a fit: one JSON document that holds all of it but the draws, which are made again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from glmmspec import errors, grammar, schema
from glmmspec.design import Design, bind
from glmmspec.errors import DataError, FitError, GlmmSpecError, GlmmSpecWarning, SpecError
from glmmspec.files import check_writable, write_whole
from glmmspec.inference.kept_columns import KeptColumn
from glmmspec.inference.plain import from_plain, to_plain
from glmmspec.inference.provenance import Provenance
from glmmspec.ir import Model
from glmmspec.options import SolverOptions, solver_values
from glmmspec.solver.axes import straight_knots
from glmmspec.solver.restore import KeptEstimate

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

VERSION = 3
"""Version of the document's form. What is written in one version is read by all later ones."""

_VERSION_KEY, _DIGEST_KEY = "glmmspec_fit", "sha256"
_HINT = "give a file that `Fit.save` or `glmmspec fit --save` wrote"


@dataclass(frozen=True)
class _KeptWarning:
    kind: str
    text: str

    def warning(self) -> GlmmSpecWarning:
        kind = getattr(errors, self.kind, None)
        if not isinstance(kind, type) or not issubclass(kind, GlmmSpecWarning):
            raise DataError(f"unknown warning '{self.kind}'")
        return kind(self.text)


@dataclass(frozen=True, eq=False)
class _KeptFit:
    """A fit as plain values; the estimate takes the design's sizes to be read.

    Attributes
    ----------
    model
        Its text, the form that lasts.
    columns
        What the model reads, in the rows used.
    dropped
        Positions in the caller's data of the rows that were left out.
    """

    model: str
    options: dict[str, Any]
    columns: tuple[KeptColumn, ...]
    dropped: Int[np.ndarray, " dropped"]
    parameters: tuple[str, ...]
    estimate: Any
    seconds: float
    warnings: tuple[_KeptWarning, ...]
    spec_sha256: str
    data_sha256: str
    versions: dict[str, str]

    @classmethod
    def of(cls, fit: Fit) -> _KeptFit:
        design, provenance = fit.design, fit.provenance
        n_rows = len(design.rows) + design.n_dropped
        return cls(
            model=str(fit.model),
            options=dataclasses.asdict(fit.options),
            columns=tuple(KeptColumn.of(design.data[name]) for name in design.data),
            dropped=np.setdiff1d(np.arange(n_rows), design.rows),
            parameters=design.parameters,
            estimate=KeptEstimate.of(fit.estimate),
            seconds=fit.seconds,
            warnings=tuple(_KeptWarning(type(w).__name__, str(w)) for w in fit.warnings),
            spec_sha256=provenance.spec_sha256,
            data_sha256=provenance.data_sha256,
            versions=provenance.versions,
        )

    def bound(self, name: str) -> tuple[Model, Design]:
        """The model, and the design of the rows that were used."""
        model = grammar.parse(self.model, name=name)
        columns = {column.name: column.series() for column in self.columns}
        if len({len(column) for column in columns.values()}) > 1:
            raise DataError("the columns are not of one length")
        design = bind(model, pd.DataFrame(columns))
        # Their labels were not kept: rows go by their positions in the caller's data.
        rows = np.setdiff1d(np.arange(len(design.rows) + len(self.dropped)), self.dropped)
        if len(rows) != len(design.rows):
            raise DataError("the rows left out are not among those of the data")
        if design.parameters != self.parameters:
            raise DataError("the parameters are not those of the model")
        rows.setflags(write=False)
        return model, dataclasses.replace(
            design, rows=rows, n_dropped=len(self.dropped), data=design.data.set_axis(rows)
        )

    def kept_estimate(self, design: Design) -> KeptEstimate:
        """What the estimate is restored from."""
        sizes = {"p": len(design.coefficients), "K": len(design.components)}
        kept: KeptEstimate = from_plain(KeptEstimate, self.estimate, "estimate", sizes)
        return kept

    def fit(self, name: str) -> Fit:
        """The fit, its draws made again."""
        from glmmspec.inference.fit import Fit

        model, design = self.bound(name)
        options = SolverOptions(**solver_values(self.options))
        now = Provenance.of(model, design, options)
        try:
            estimate = self.kept_estimate(design).restored(design, options)
        except FitError as error:
            raise FitError(f"{name}: {error.message}", hint=self._remedy(now)) from error
        provenance = dataclasses.replace(
            now, spec_sha256=self.spec_sha256, data_sha256=self.data_sha256, versions=self.versions
        )
        warnings = tuple(kept.warning() for kept in self.warnings)
        return Fit(model, design, estimate, options, self.seconds, warnings, provenance)

    def _remedy(self, now: Provenance) -> str:
        changed = [
            f"{package} {version} ({now.versions.get(package)} now)"
            for package, version in self.versions.items()
            if version != now.versions.get(package)
        ]
        if not changed:
            return "the file was changed, or this machine computes otherwise: fit again"
        return f"it was kept with {', '.join(changed)}: load it with those, or fit again"


def save(fit: Fit, path: str | PathLike[str]) -> None:
    """Write a fit to a file, in place of what is there: see `Fit.save`.

    Raises
    ------
    DataError
        If a column holds what the file could not give back; nothing is written then.
    GlmmSpecError
        If the path cannot be written to.
    """
    check_writable(Path(path))
    document = to_plain(_KeptFit.of(fit))
    text = json.dumps({_VERSION_KEY: VERSION, _DIGEST_KEY: _digest(document), **document})
    again = _read(text)
    model, design = again.bound("the fit")
    again.kept_estimate(design)
    if model != fit.model or design.data_hash != fit.design.data_hash:
        raise DataError(
            "the fit cannot be kept: read again, its columns would not be the same",
            hint="fit to columns of plain numbers, truth values, text or categories",
        )
    write_whole(Path(path), text + "\n")


def load(path: str | PathLike[str]) -> Fit:
    """The fit that `Fit.save` wrote.

    The draws are made again, and the log-likelihood, its gradient and its Hessian at the estimate must be
    what they were, to 1e-8. Nothing in the file is run.

    Raises
    ------
    DataError
        If the file cannot be read, is no such file, was changed, or comes from a newer glmmspec.
    FitError
        If the likelihood is not what it was: packages may draw otherwise in other versions.
    """
    path = Path(path)
    try:
        return _read(_text(path)).fit(str(path))
    except FitError:
        raise
    except GlmmSpecError as error:
        raise DataError(f"cannot load {path}: {error.message}", hint=error.hint) from error


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise DataError("it is not a regular file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError("it is no kept fit: not UTF-8 text", hint=_HINT) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataError(reason or str(error)) from error


def _read(text: str) -> _KeptFit:
    """The kept fit in a document, its version and digest checked."""
    try:
        document = schema.parsed(text)
    except (SpecError, RecursionError) as error:
        reason = error.message if isinstance(error, SpecError) else "nested too deeply"
        raise DataError(f"it is no kept fit: {reason}", hint=_HINT) from error
    version = document.pop(_VERSION_KEY, None) if isinstance(document, dict) else None
    if type(version) is not int or version < 1:
        raise DataError("it is no kept fit", hint=_HINT)
    if version > VERSION:
        raise DataError(
            f"it was written by a newer glmmspec (version {version} of the form; this one reads {VERSION})",
            hint="update glmmspec",
        )
    if document.pop(_DIGEST_KEY, None) != _digest(document):
        raise DataError("it was changed or damaged since it was written")
    try:
        if version < 2:
            _make_version_2(document)
        if version < 3:
            _make_version_3(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"a part is missing or of another form: {error}") from error
    kept: _KeptFit = from_plain(_KeptFit, document, "fit")
    return kept


def _make_version_2(document: dict[str, Any]) -> None:
    """Of version 1, in which all was integrated by draws, equally many in each block."""
    document["options"]["integration"] = "importance"
    estimate = document["estimate"]
    estimate["proposals"] = []
    weights = estimate["weights"]
    weights["draws"] = [weights["draws"]] * len(weights["block"])
    for of_round in estimate["rounds"]:
        of_round["order"] = 1
        for new, old in (("error", "error_ratio"), ("se_error", "se_error")):
            of_round[f"draw_{new}"], of_round[f"rule_{new}"] = of_round.pop(old), 0.0


def _make_version_3(document: dict[str, Any]) -> None:
    """Of version 2, whose proposals have straight axes; errors of the log-likelihood were not kept."""
    for of_round in document["estimate"]["rounds"]:
        of_round["value_error"] = "nan"
    for proposal in document["estimate"]["proposals"]:
        proposal["knots"] = straight_knots(np.shape(proposal["mean"])).tolist()


def _digest(document: dict[str, Any]) -> str:
    """SHA-256 of a document's content, whatever its layout."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
