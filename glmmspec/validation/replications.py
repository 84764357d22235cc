"""The replications of a study: how they are made, and the folder that keeps those that are done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.errors import DataError, FitError, GlmmSpecError
from glmmspec.files import write_whole, written_whole
from glmmspec.inference.bootstrap import Count
from glmmspec.inference.simulation import simulated_responses
from glmmspec.ir import Model
from glmmspec.validation.comparison import attempted, framed
from glmmspec.validation.estimators import Estimator
from glmmspec.validation.parallel import computed
from glmmspec.validation.point_estimate import PointEstimate

VERSION = 1
"""Of the form of a study's folder."""


class Work(Protocol):
    """What makes part i of a study, a table that depends on i alone, and says what determines it."""

    def __call__(self, i: int) -> pd.DataFrame:
        """Part i."""

    def description(self) -> Mapping[str, object]:
        """What determines the parts, as a folder keeps it."""


def gathered(
    work: Work,
    count: int,
    *,
    path: str | PathLike[str] | None,
    processes: int,
    executor: Executor | None,
    progress: Count | None,
) -> pd.DataFrame:
    """The first `count` parts, below each other; those that the folder at `path` holds are not made again.

    Raises
    ------
    GlmmSpecError
        If the folder is not one of this study, or the work cannot be done in other processes.
    """
    folder = None if path is None else Folder.of(Path(path), work.description())
    done = {} if folder is None else {i: folder.read(i) for i in folder.done() if i < count}
    missing = [i for i in range(count) if i not in done]
    for i, table in computed(work, missing, processes, executor):
        if folder is not None:
            folder.write(i, table)
        done[i] = table
        if progress is not None:
            progress(len(done), count)
    return pd.concat([done[i] for i in range(count)], ignore_index=True)


def check_numbers(**least: tuple[int, int]) -> None:
    """Refuse values that are not whole numbers, or below the least: `name=(value, least)`.

    Raises
    ------
    FitError
        Naming the first.
    """
    for name, (value, low) in least.items():
        if not isinstance(value, int | np.integer) or value < low:
            raise FitError(f"{name} = {value} is not a whole number from {low} up")


@dataclass(frozen=True, eq=False)
class Replicator:
    """Makes replication i of a study: it depends on the seed and i alone, not on where or when it is made.

    Attributes
    ----------
    truth
        Values of all parameters, in the order of the design.
    """

    model: Model
    design: Design
    truth: Float[np.ndarray, " P"]
    estimators: Mapping[str, Estimator]
    seed: int

    def __call__(self, i: int) -> pd.DataFrame:
        """Simulate responses and estimate from them: a row for each estimator and parameter.

        Where an estimator fails, `failed` is true and its numbers are missing.

        Raises
        ------
        FitError
            If a mean is too large to count to.
        """
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        p = len(self.design.coefficients)
        y = simulated_responses(self.design, self.truth[:p], self.truth[p:], rng)
        seed = int(rng.integers(2**63))
        model = replace(
            self.model,
            solver=replace(self.model.solver, seed=seed),
            sampler=replace(self.model.sampler, seed=seed),
        )
        design = replace(self.design, y=y)
        rows = [self._rows(name, model, design) for name in self.estimators]
        return pd.concat(rows, ignore_index=True).assign(replication=i)

    def _rows(self, name: str, model: Model, design: Design) -> pd.DataFrame:
        estimate, remark, seconds = attempted(self.estimators[name], model, design)
        nothing = np.full(len(self.truth), np.nan)
        table = framed(
            estimate or _Missing(nothing, nothing, nothing, np.column_stack([nothing, nothing])),
            design.parameters,
        )
        return table.reset_index().assign(
            estimator=name, failed=estimate is None, remark=remark, seconds=seconds
        )

    def description(self) -> dict[str, object]:
        """What determines the replications, but for the estimators' code."""
        from glmmspec import __version__

        return {
            "version": VERSION,
            "glmmspec": __version__,
            "model": str(self.model),
            "data_sha256": self.design.data_hash,
            "truth": dict(zip(self.design.parameters, self.truth.tolist(), strict=True)),
            "estimators": list(self.estimators),
            "seed": self.seed,
        }


class _Missing(PointEstimate):
    """The numbers of an estimator that failed."""

    def __post_init__(self) -> None:
        """Accept what is not finite."""


@dataclass(frozen=True)
class Folder:
    """Replications on disk: `_study.json`, and a Parquet file for each replication, written whole.

    `pandas.read_parquet` reads the folder as one table.
    """

    path: Path

    @classmethod
    def of(cls, path: Path, description: Mapping[str, object]) -> Folder:
        """A new folder, or one that holds a part of the same study.

        Raises
        ------
        GlmmSpecError
            If it holds another study, or something else, or cannot be written.
        """
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise GlmmSpecError(f"cannot write {path}: {error.strerror}") from error
        file, text = path / "_study.json", json.dumps(description, indent=1) + "\n"
        if not file.exists():
            if any(path.iterdir()):
                raise GlmmSpecError(f"{path} is not empty, and holds no study", hint="give another folder")
            write_whole(file, text)
        found = _read_json(file)
        for key, value in json.loads(text).items():
            if found.get(key) != value:
                raise FitError(
                    f"{path} holds another study: its {key} is {found.get(key)!r}, and now {value!r}",
                    hint="give another folder",
                )
        return cls(path)

    def done(self) -> list[int]:
        """The replications that are there."""
        return sorted(int(file.stem.partition("-")[2]) for file in self.path.glob("part-*.parquet"))

    def write(self, i: int, table: pd.DataFrame) -> None:
        """Keep a replication; after this returns it is on disk, and before it there is no part of it."""
        with written_whole(self._part(i)) as temporary:
            table.to_parquet(temporary, index=False)

    def read(self, i: int) -> pd.DataFrame:
        """A replication that was kept.

        Raises
        ------
        DataError
            If its file is damaged.
        """
        try:
            return pd.read_parquet(self._part(i))
        except (OSError, ValueError) as error:
            raise DataError(
                f"cannot read {self._part(i)}: {error}", hint="remove it: it is made again"
            ) from error

    def _part(self, i: int) -> Path:
        return self.path / f"part-{i:06d}.parquet"


def _read_json(file: Path) -> dict[str, object]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"cannot read {file}: {error}", hint="give another folder") from error
