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
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import scaling
from cases import CASES, QUICK
from measure import BUDGET, Measurement, measure
from peers import PEERS, Peer, version
from table import accuracy_section, case_section, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = _parser().parse_args(arguments)
    names = given.cases or (QUICK if given.quick else tuple(CASES))
    repeats = min(given.repeats, 2) if given.quick else given.repeats
    peers = [peer for peer in PEERS if not given.peers or peer.name in given.peers]
    measured: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for peer in peers:
                if version(peer, given.peer_python) and peer.takes(CASES[name]):
                    print(f"{name}: {peer.name}, {peer.method}", file=sys.stderr, flush=True)
                    measured.append(
                        measure(peer, CASES[name], Path(folder), python=given.peer_python, repeats=repeats)
                    )
        lines = scaling.over_rows(measured)
        if not given.quick:
            lines += [scaling.over_draws(Path(folder), repeats), scaling.over_devices(Path(folder), repeats)]
    text = report(names, peers, measured, lines, repeats, given.peer_python)
    print(text)
    if given.out is not None:
        _write(given.out, text, measured, lines)


def report(
    names: Sequence[str],
    peers: Sequence[Peer],
    measured: Sequence[Measurement],
    lines: Sequence[scaling.Line],
    repeats: int,
    python: str,
) -> str:
    """The page."""
    found = {peer.name: version(peer, python) for peer in peers}
    absent = [name for name, number in found.items() if number is None]
    sections = [
        "# Benchmarks",
        f"Written by `python benchmarks/run.py` on {datetime.date.today()}: {_machine()}. Each program fits"
        f" in a process of its own, cold and then up to {repeats} times warm, of which the median is given"
        f" (no new fit begins after {BUDGET:.0f} s). Reading the data is in no time; the peak is of the whole"
        " process, its interpreter and its data included.",
        "Programs: " + ", ".join(f"{name} {number}" for name, number in found.items() if number) + ".",
        *([f"Not installed here: {', '.join(absent)}."] if absent else []),
        *(case_section(CASES[name], measured, _left_out(name, peers, found)) for name in names),
        accuracy_section(measured),
        *([_scaling_section(lines)] if lines else []),
    ]
    return "\n\n".join(sections) + "\n"


def _left_out(case: str, peers: Sequence[Peer], found: dict[str, str | None]) -> list[str]:
    """Programs that are installed and were not run, as far as it is for their speed."""
    return [
        f"{peer.name}, {peer.method}: not run on more than {peer.most_rows} rows"
        for peer in peers
        if found[peer.name] and CASES[case].n_rows > peer.most_rows
    ]


def _scaling_section(lines: Sequence[scaling.Line]) -> str:
    rows = [
        [line.against, line.label, ", ".join(f"{s:.3g}" for s in line.seconds), f"{line.slope:.2f}"]
        for line in lines
    ]
    head = ("against", "program", "seconds", "slope of log seconds on log size")
    return "\n".join(["## Scaling", "", "![Time of a fit](benchmarks.svg)", "", *table(head, rows)])


def _write(folder: Path, text: str, measured: Sequence[Measurement], lines: Sequence[scaling.Line]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "date": str(datetime.date.today()),
        "machine": _machine(),
        "measurements": [dataclasses.asdict(m) for m in measured],
        "scaling": [{**dataclasses.asdict(line), "slope": line.slope} for line in lines],
    }
    (folder / "benchmarks.md").write_text(text)
    (folder / "benchmarks.json").write_text(json.dumps(kept, indent=1) + "\n")
    if lines:
        (folder / "benchmarks.svg").write_text(scaling.picture(lines))


def _machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores ({model[1] if model else 'unknown'})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, help="which cases (default: all)")
    parser.add_argument("--peers", nargs="+", choices={p.name for p in PEERS}, help="which programs")
    parser.add_argument("--repeats", type=int, default=5, help="warm fits of each (default: 5)")
    parser.add_argument("--quick", action="store_true", help="small cases, two warm fits, rows alone scaled")
    parser.add_argument("--out", type=Path, help="folder to write to, besides printing")
    parser.add_argument("--peer-python", default=sys.executable, help="the Python that has the peers")
    return parser


if __name__ == "__main__":
    main()
