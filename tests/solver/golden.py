"""The golden cases of R's glmm 1.4.5 as designs, proposals and draws of ours (tests/reference/README.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glmmspec.blocks import batches, partition
from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES
from glmmspec.solver.importance import ImportanceSample
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.proposal import Proposal

FOLDER = Path(__file__).parent.parent / "reference" / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Golden:
    """One case: what R was given, and what it computed."""

    raw: dict[str, Any]
    design: Design

    @property
    def effects(self) -> np.ndarray:
        """R's draws in our order of effects, (q, m)."""
        return np.array(self.raw["umat"], dtype=float).T

    def proposal(self) -> Proposal:
        """The mixture R says it drew from: t(0, D*), N(u*, D*), N(u*, (Z'W*Z + D*^-1)^-1)."""
        centre = np.array(self.raw["u_star"], dtype=float)
        spread = np.diag(np.sqrt(np.array(self.raw["D_star_diag"], dtype=float)))
        curved = np.linalg.cholesky(np.linalg.inv(np.array(self.raw["Sigmuh_inv"], dtype=float)))
        return Proposal(
            shares=np.array(self.raw["mixture_p"], dtype=float),
            df=np.array([float(self.raw["zeta"]), np.inf, np.inf]),
            centre=np.stack([0 * centre, centre, centre])[None],
            scale=np.stack([spread, spread, curved])[None],
            present=np.ones((1, len(centre)), dtype=bool),
        )

    def likelihood(self, chunk: int | None = None) -> Likelihood:
        """MCLA with R's draws, all effects in one block, without the constant that R leaves out."""
        [batch] = batches(self.design, partition(self.design, joint=True))
        q = len(self.raw["u_star"])
        lacking = batch.component.shape[1] - q
        draws = self.effects[None]
        density = self.proposal().log_density(draws)
        padded = np.pad(draws, ((0, 0), (0, lacking), (0, 0)))
        varies = np.ones(len(self.design.components), dtype=bool)
        sample = ImportanceSample(
            batch,
            self.design.family,
            padded,
            density,
            varies=varies,
            replicates=draws.shape[2],
            chunk=chunk,
        )
        return Likelihood([sample], varies, np.zeros(len(varies)), 0.0, self.design.x.shape[1])


def load(name: str) -> Golden:
    raw = json.loads((FOLDER / f"{name}.json").read_text())
    return Golden(raw, _design(raw))


def _design(raw: dict[str, Any]) -> Design:
    y = np.array(raw["y"], dtype=float)
    sizes = np.atleast_1d(raw["n_random_per_varcomp"])
    columns = np.array(raw["random_effect_index_per_obs"]) - 1
    columns = columns.T if columns.shape[0] != len(y) else columns
    columns = columns.reshape(len(y), -1)
    return Design(
        family=FAMILIES[raw["family"].removesuffix(".glmm")],
        y=y,
        trials=np.array(raw["ntrials"], dtype=float),
        x=np.array(raw["X"], dtype=float),
        coefficients=tuple(raw["x_names"]),
        weights=np.array(raw["weights"], dtype=float),
        offset=np.zeros(len(y)),
        random=tuple(_terms(columns, sizes)),
        components=tuple(f"nu{k}" for k in range(len(sizes))),
        rows=np.arange(len(y)),
        n_dropped=0,
        data_hash="",
    )


def _terms(columns: np.ndarray, sizes: np.ndarray) -> list[RandomEffects]:
    """One term per column of indices. Effects are numbered through the terms, as the draws are."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    terms, start = [], 0
    for t in range(columns.shape[1]):
        stop = int(columns[:, t].max()) + 1
        stop = int(columns[:, t + 1].min()) if t + 1 < columns.shape[1] else stop
        terms.append(
            RandomEffects(
                name=f"z{t}",
                grouping=f"z{t}",
                levels=tuple(str(j) for j in range(start, stop)),
                codes=columns[:, t] - start,
                values=np.ones(len(columns)),
                component=int(owner[start]),
            )
        )
        start = stop
    return terms
