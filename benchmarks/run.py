"""Measure glmmspec and its peers on the same data in one run, and write what was found.

    python benchmarks/run.py --out docs --peer-python PATH

writes benchmarks.md, benchmarks.json and benchmarks.svg. Peers in Python are looked for in the interpreter
PATH, those in R by Rscript; one that is not there is named as absent.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import scaling
from cases import CASES, QUICK
from measure import Measurement, measure
from page import machine, page
from peers import PEERS, Peer, version


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = _parser().parse_args(arguments)
    names = given.cases or (QUICK if given.quick else tuple(CASES))
    repeats = min(given.repeats, 2) if given.quick else given.repeats
    asked = [peer for peer in PEERS if not given.peers or peer.name in given.peers]
    versions = {peer: version(peer, given.peer_python) for peer in asked}
    where = machine()
    measured: list[Measurement] = []
    lines: list[scaling.Line] = []
    text = ""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            measured += _case(name, versions, Path(folder), given.peer_python, repeats)
            lines = scaling.over_rows(measured)
            if not given.quick and name == names[-1]:
                lines += scaling.of_ours(Path(folder), repeats)
            text = page(versions, measured, lines, machine=where, repeats=repeats)
            # After each case, for the run may be long.
            _write(given.out, text, _document(where, measured, lines), lines)
    print(text)


def _case(
    name: str, versions: dict[Peer, str | None], folder: Path, python: str, repeats: int
) -> list[Measurement]:
    """Every program that is installed, if it takes the case."""
    measured = []
    for peer, installed in versions.items():
        if installed and peer.takes(CASES[name]):
            print(f"{name}: {peer.name}, {peer.method}", file=sys.stderr, flush=True)
            measured.append(measure(peer, CASES[name], folder, python=python, repeats=repeats))
    return measured


def _write(folder: Path | None, text: str, document: str, lines: Sequence[scaling.Line]) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.md").write_text(text)
    (folder / "benchmarks.json").write_text(document)
    if lines:
        (folder / "benchmarks.svg").write_text(scaling.picture(lines))


def _document(where: str, measured: Sequence[Measurement], lines: Sequence[scaling.Line]) -> str:
    kept = {
        "date": str(datetime.date.today()),
        "machine": where,
        "measurements": [dataclasses.asdict(m) for m in measured],
        "scaling": [{**dataclasses.asdict(line), "slope": line.slope} for line in lines],
    }
    return json.dumps(kept, indent=1) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Measure glmmspec and its peers on the same data in one run."
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, help="which cases (default: all)")
    parser.add_argument("--peers", nargs="+", choices={p.name for p in PEERS}, help="which programs")
    parser.add_argument("--repeats", type=int, default=5, help="warm fits of each (default: 5)")
    parser.add_argument("--quick", action="store_true", help="small cases, two warm fits, rows alone scaled")
    parser.add_argument("--out", type=Path, help="folder to write to, besides printing")
    parser.add_argument("--peer-python", default=sys.executable, help="the Python that has the peers")
    return parser


if __name__ == "__main__":
    main()
