"""How time grows with rows, draws and devices: slopes on logarithmic axes, and a picture of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cases import CASES
from measure import Measurement, measure
from peers import PEERS

DRAWS = (2**10, 2**12, 2**14, 2**16)
DEVICES = (1, 2)


@dataclass(frozen=True)
class Line:
    """Warm seconds against one quantity, for one program."""

    against: str
    label: str
    sizes: list[float]
    seconds: list[float]

    @property
    def slope(self) -> float:
        """Of the straight line through log seconds against log size."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


def over_rows(measured: Sequence[Measurement]) -> list[Line]:
    """The simulated cases of growing size, for each program that has at least two of them."""
    lines: dict[tuple[str, str], Line] = {}
    for m in measured:
        if m.case.endswith("rows") and m.warm is not None:
            label = f"{m.name}, {m.method}"
            line = lines.setdefault((m.name, m.method), Line("rows", label, [], []))
            line.sizes.append(CASES[m.case].n_rows)
            line.seconds.append(m.warm)
    return _with_slopes(lines.values())


def of_ours(folder: Path, repeats: int) -> list[Line]:
    """Our fit of the salamander data over draws per block, and over devices as JAX is told to see them."""
    lines = (
        _ours("draws per block", folder, repeats, DRAWS, lambda m: {"draws": m}, lambda m: {}),
        _ours(
            "devices",
            folder,
            repeats,
            DEVICES,
            lambda k: {"draws": DRAWS[-1], "devices": k},
            lambda k: {"XLA_FLAGS": f"--xla_force_host_platform_device_count={k}"},
        ),
    )
    return _with_slopes(lines)


def _with_slopes(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if len(line.sizes) > 1]


def _ours(
    against: str,
    folder: Path,
    repeats: int,
    sizes: Sequence[int],
    options: Callable[[int], dict[str, int]],
    environment: Callable[[int], dict[str, str]],
) -> Line:
    """Warm seconds at each size; a size at which the fit fails has none."""
    done = [
        measure(
            PEERS[0],
            CASES["salamander"],
            folder,
            python="",
            repeats=repeats,
            options=options(size),
            environment=environment(size),
        )
        for size in sizes
    ]
    pairs = [(float(size), m.warm) for size, m in zip(sizes, done, strict=True) if m.warm is not None]
    return Line(against, "glmmspec, salamander", [size for size, _ in pairs], [warm for _, warm in pairs])


def picture(lines: Sequence[Line]) -> str:
    """One panel for each quantity, as SVG."""
    from matplotlib import pyplot

    from glmmspec.plots.svg import as_svg

    quantities = list(dict.fromkeys(line.against for line in lines))
    _, axes = pyplot.subplots(
        1, len(quantities), figsize=(4.2 * len(quantities), 3.8), squeeze=False, layout="constrained"
    )
    for axis, against in zip(axes[0], quantities, strict=True):
        for line in lines:
            if line.against == against:
                axis.loglog(line.sizes, line.seconds, "o-", label=f"{line.label} ({line.slope:.2f})")
        if against == "devices":
            axis.set_xticks(DEVICES, list(map(str, DEVICES)))
            axis.set_xticks([], minor=True)
        axis.set(xlabel=against, ylabel="seconds, warm")
        axis.legend(fontsize=6, title="slope in brackets", title_fontsize=6)
    return as_svg(axes[0], "Time of a fit")
