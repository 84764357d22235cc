"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accuracy import cost_of_accuracy, distance, exact, stated
from cases import Case
from measure import Measurement

HEAD = (
    "program",
    "method",
    "cold, s",
    "warm, s",
    "ratio to the fastest Laplace",
    "peak, MiB",
    "distance from the MLE, SE",
    "stated MCSE, SE",
)


def case_section(case: Case, measured: Sequence[Measurement], left_out: Iterable[str]) -> str:
    """One case: its model, a row for each program, and what there is to say of them."""
    here = [m for m in measured if m.case == case.name]
    truth = exact(case.name, here)
    laplace = [m.warm for m in here if m.kind == "laplace" and m.warm is not None]
    rows = [
        [
            m.name,
            m.method,
            _number(m.seconds[0], 3),
            _number(m.warm, 3),
            _number(m.warm / min(laplace) if laplace and m.warm is not None else None, 2),
            _number(m.peak_mib, 0),
            _number(distance(m, truth), 4),
            _number(stated(m), 4),
        ]
        for m in here
        if m.seconds
    ]
    said = [f"{m.name}, {m.method}: {m.note or m.failure}" for m in here if m.note or m.failure]
    source = (
        f"The MLE: {truth.source}. Distance and MCSE are the largest of all parameters and fits."
        if truth is not None
        else "The MLE is not known."
    )
    lines = [f"## {case.name}", "", f"`{case.left} ~ {case.bars}`, {case.family}, {case.n_rows} rows.", ""]
    return "\n".join([*lines, *table(HEAD, rows), "", source, *_items([*said, *left_out])])


def accuracy_section(measured: Sequence[Measurement]) -> str:
    """What a unit of accuracy costs by each Monte Carlo method; empty if no MLE is known."""
    rows = [
        [m.case, m.name, _number(cost, 6)]
        for m in measured
        if m.method == "Monte Carlo likelihood"
        and (cost := cost_of_accuracy(m, exact(m.case, measured))) is not None
    ]
    head = ("case", "program", "(error in SE)² x seconds")
    return "\n".join(["## Accuracy per second", "", *table(head, rows)]) if rows else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    ruler = ["---"] * len(head)
    return [f"| {' | '.join(row)} |" for row in (head, ruler, *rows)]


def _items(lines: Sequence[str]) -> list[str]:
    return ["", *(f"- {line}" for line in lines)] if lines else []


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
