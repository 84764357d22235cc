"""One program on one case, in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import Case
from peers import Peer

import glmmspec as gs

ROOT = Path(__file__).parent.parent
BUDGET = 60.0
"""Seconds of fitting after which a program is not asked again, whatever `repeats` says."""

TIMEOUT = 900.0
"""Seconds after which a program is stopped."""


@dataclass(frozen=True)
class Measurement:
    """What one program needed and found.

    Attributes
    ----------
    seconds
        Of each fit of one process, the cold one first. Reading the data and imports are not in them.
    peak_mib
        The most memory that the process had resident.
    estimates
        All parameters of each fit: fixed effects, then variances in the order of the case's groups.
    error
        Standard errors of the first fit; empty where there are none.
    mcse
        Stated Monte Carlo errors of each fit, likewise.
    note
        What the program says against its answer.
    failure
        Why there is no answer.
    """

    case: str
    name: str
    method: str
    kind: str
    seconds: list[float] = field(default_factory=list)
    peak_mib: float | None = None
    estimates: list[list[float]] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    mcse: list[list[float]] = field(default_factory=list)
    note: str = ""
    failure: str = ""

    @property
    def warm(self) -> float | None:
        """The median of the warm fits; of the cold one where the budget allowed no more."""
        return statistics.median(self.seconds[1:] or self.seconds) if self.seconds else None


def write_data(case: Case, folder: Path) -> Path:
    """The case's data as a file, written once."""
    path = folder / f"{case.name.replace(' ', '-').replace('^', '')}.csv"
    if not path.exists():
        case.frame().to_csv(path, index=False)
    return path


def measure(
    peer: Peer,
    case: Case,
    folder: Path,
    *,
    python: str,
    repeats: int,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Measurement:
    """Fit in a new process; a failure of the program is a measurement too.

    Parameters
    ----------
    folder
        Where the case's data are written.
    python
        The interpreter that has the peers.
    options
        Solver options, for our own fits.
    environment
        What is added to the process's environment.
    """
    data = write_data(case, folder)
    named: dict[str, Any] = {
        "case": case.name, "name": peer.name, "method": peer.method, "kind": peer.kind
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        command = peer.command(python, *_job(peer, case, data, Path(scratch), repeats, options or {}))
        added = {"PYTHONPATH": str(ROOT) if peer.kind == "ours" else "", **(environment or {})}
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=os.environ | added
            )
        except subprocess.TimeoutExpired:
            return Measurement(**named, failure=f"stopped after {TIMEOUT:.0f} s")
    if ended.returncode != 0:
        return Measurement(**named, failure=_reason(ended.stderr) or f"exit status {ended.returncode}")
    return Measurement(**named, **_read(ended.stdout, case))


def _job(
    peer: Peer, case: Case, data: Path, scratch: Path, repeats: int, options: Mapping[str, Any]
) -> list[str]:
    """The arguments of the script that fits."""
    if peer.in_r:
        code = scratch / "code.R"
        call = gs.translate(gs.parse(case.spec(str(data))), peer.package, case.frame())
        code.write_text(f'data <- read.csv("{data}")\n{call}')
        return [str(code), str(repeats), str(BUDGET), str(peer.nodes)]
    job = scratch / "job.json"
    parts = {name: getattr(case, name) for name in ("left", "bars", "fixed", "response", "trials", "family")}
    parts |= {"groups": case.groups, "factors": case.factors, "spec": case.spec(str(data)), "data": str(data)}
    parts |= {"repeats": repeats, "budget": BUDGET, "nodes": peer.nodes, "options": dict(options)}
    job.write_text(json.dumps(parts))
    return [str(job)]


def _read(text: str, case: Case) -> dict[str, Any]:
    """The lines that a fit printed (see fits/timing.py)."""
    seconds: list[float] = []
    fixed: list[list[float]] = []
    variances: dict[str, list[float]] = {group: [] for group in case.groups}
    once: dict[str, Any] = {}
    for line in text.splitlines():
        match line.split():
            case ["seconds", value]:
                seconds.append(float(value))
            case ["fixed", *values]:
                fixed.append([float(value) for value in values])
            case ["variance", group, value]:
                variances[group].append(float(value))
            case ["error", *values]:
                once.setdefault("error", [float(value) for value in values])
            case ["mcse", *values]:
                once.setdefault("mcse", []).append([float(value) for value in values])
            case ["peak_mib", value]:
                once["peak_mib"] = float(value)
            case ["note", *words]:
                once.setdefault("note", " ".join(words))
    random = zip(*variances.values(), strict=True)
    return {
        "seconds": seconds,
        "estimates": [[*one, *other] for one, other in zip(fixed, random, strict=True)],
        **once,
    }


def _reason(text: str) -> str:
    """The last line that speaks of an error, or else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "")
