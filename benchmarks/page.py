"""The page that a run writes: what was measured where, a section for each case, accuracy and scaling."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Sequence
from pathlib import Path

from cases import CASES
from measure import BUDGET, Measurement
from peers import Peer
from scaling import Line
from table import accuracy_section, case_section, table


def page(
    versions: dict[Peer, str | None],
    measured: Sequence[Measurement],
    lines: Sequence[Line],
    *,
    machine: str,
    repeats: int,
) -> str:
    """The page as Markdown.

    Parameters
    ----------
    versions
        Of each program that was asked for; None for one that is not installed.
    machine
        Where it ran, in words.
    """
    names = dict.fromkeys(m.case for m in measured)
    sections = [
        _head(versions, machine, repeats),
        *(case_section(CASES[name], measured, _left_out(name, versions)) for name in names),
        accuracy_section(measured),
        _scaling_section(lines),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def machine() -> str:
    """The processor, and how busy it is with other things."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    named = f"{os.cpu_count()} cores ({model[1] if model else 'unknown'})"
    return f"{named}, load {os.getloadavg()[0]:.1f} when it began"


def _head(versions: dict[Peer, str | None], where: str, repeats: int) -> str:
    found = dict.fromkeys(f"{peer.name} {number}" for peer, number in versions.items() if number)
    absent = dict.fromkeys(peer.name for peer, number in versions.items() if number is None)
    parts = [
        "# Benchmarks",
        f"Written by `python benchmarks/run.py` on {datetime.date.today()}: {where}. Each program fits in a"
        f" process of its own, cold and then up to {repeats} times warm, of which the median is given (no"
        f" new fit begins after {BUDGET:.0f} s). Reading the data is in no time; the peak is of the whole"
        " process, its interpreter and its data included.",
        f"Programs: {', '.join(found)}.",
        f"Not installed here: {', '.join(absent)}." if absent else "",
    ]
    return "\n\n".join(filter(None, parts))


def _left_out(case: str, versions: dict[Peer, str | None]) -> list[str]:
    """Programs that are installed and were not run, as far as it is for their speed."""
    return [
        f"{peer.name}, {peer.method}: not run on more than {peer.most_rows} rows"
        for peer, number in versions.items()
        if number and CASES[case].n_rows > peer.most_rows
    ]


def _scaling_section(lines: Sequence[Line]) -> str:
    """Seconds at each size and the slopes; empty if nothing was measured at two sizes."""
    rows = [
        [line.against, line.label, ", ".join(f"{s:.3g}" for s in line.seconds), f"{line.slope:.2f}"]
        for line in lines
    ]
    head = ("against", "program", "seconds", "slope of log seconds on log size")
    if not rows:
        return ""
    return "\n".join(["## Scaling", "", "![Time of a fit](benchmarks.svg)", "", *table(head, rows)])
