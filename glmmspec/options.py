"""The options of the solver and of the sampler: one table for spec files, Python and the command line.

Each option is a dataclass field whose type, default, bounds and meaning are written here once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from glmmspec.errors import SpecError, did_you_mean_or_list
from glmmspec.expression import number_text


def _option(
    default: Any,
    help: str,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
    or_numbers: bool = False,
) -> Any:
    """A field with its bounds (inclusive), choices and one-line meaning as metadata.

    `or_numbers` allows any number of numbers in place of a choice.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "or_numbers": or_numbers}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """Options of the Monte Carlo likelihood approximation (docs/mathematics.md).

    Raises
    ------
    SpecError
        If a value has the wrong type or is out of range.
    """

    seed: int = _option(1, "seed of all random draws", 0, 2**63 - 1)
    draws: int | None = _option(None, "draws per block; chosen by `tolerance` when not given", 16, 2**31)
    tolerance: float = _option(0.05, "largest Monte Carlo error over standard error aimed at", 1e-4, 1)
    max_draws: int = _option(262_144, "most draws per block that `tolerance` may choose", 16, 2**31)
    proposal: Literal["laplace", "mixture"] = _option(
        "laplace", "density the draws come from", choices=("laplace", "mixture")
    )
    points: Literal["sobol", "random"] = _option(
        "sobol", "scrambled quasi-random or pseudo-random draws", choices=("sobol", "random")
    )
    blocks: Literal["auto", "natural", "conditional", "joint"] = _option(
        "auto",
        "integrate independent blocks as they are (natural), most of their effects given the others"
        " (conditional), by predicted cost (auto), or all effects of the model at once (joint)",
        choices=("auto", "natural", "conditional", "joint"),
    )
    integration: Literal["auto", "importance", "quadrature"] = _option(
        "auto",
        "integrate by draws, by quadrature, or by quadrature where at most two effects stand together (auto)",
        choices=("auto", "importance", "quadrature"),
    )
    precision: Literal["double", "single"] = _option(
        "double", "precision of each row's term; sums are in double", choices=("double", "single")
    )
    start: Literal["pql", "zero"] | tuple[float, ...] = _option(
        "pql",
        "start at the penalised quasi-likelihood estimate, at zero, or at given values, one a parameter",
        choices=("pql", "zero"),
        or_numbers=True,
    )
    df: float = _option(10.0, "degrees of freedom of the proposal's t component", 1, 1e6)
    mixture: tuple[float, float, float] = _option(
        (1 / 3, 1 / 3, 1 / 3), "shares of the three components of the mixture proposal", 0, 1
    )
    rmax: float = _option(4.0, "largest trust-region radius, in standard errors", 1e-3, 1e6)
    iterlim: int = _option(100, "most trust-region iterations in one round", 1, 10_000)
    memory: float = _option(1.0, "memory budget in GiB", 0.01, 1024)
    devices: int = _option(1, "local devices (GPUs, CPUs) that share the draws", 1, 1024)

    def __post_init__(self) -> None:
        _check(self, "solver")
        if abs(math.fsum(self.mixture) - 1) > 1e-8:
            raise SpecError(
                f"the shares in mixture = {_shown(self.mixture)} sum to {math.fsum(self.mixture):g}, not 1",
                code="G143",
            )


@dataclass(frozen=True, kw_only=True)
class SamplerOptions:
    """Options of the NUTS sampler.

    Raises
    ------
    SpecError
        If a value has the wrong type or is out of range.
    """

    chains: int = _option(4, "independent chains", 1, 1024)
    warmup: int = _option(1000, "adaptation steps per chain, discarded", 1, 2**31)
    draws: int = _option(1000, "draws kept per chain", 1, 2**31)
    seed: int = _option(1, "seed of all random draws", 0, 2**63 - 1)

    def __post_init__(self) -> None:
        _check(self, "sampler")


Options = SolverOptions | SamplerOptions


def statement(options: Options) -> str:
    """The options that differ from their defaults, as `name = value, ...` (empty if none does)."""
    return ", ".join(
        f"{f.name} = {_shown(getattr(options, f.name))}"
        for f in dataclasses.fields(options)
        if getattr(options, f.name) != f.default
    )


def check_option(kind: type[Options], name: str, value: object) -> None:
    """Refuse one option whose name, type or range is wrong.

    Raises
    ------
    SpecError
        Naming the option, what it takes, and the nearest known name if it is unknown.
    """
    label = "solver" if kind is SolverOptions else "sampler"
    known = {f.name: f for f in dataclasses.fields(kind)}
    if name not in known:
        raise SpecError(
            f"unknown {label} option '{name}'", hint=did_you_mean_or_list(name, known), code="G140"
        )
    _check_value(label, known[name], value)


def solver_values(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Values of `SolverOptions` from those that JSON keeps: it has lists where they are tuples.

    Raises
    ------
    SpecError
        If one is unknown or out of range.
    """
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    for name, value in values.items():
        check_option(SolverOptions, name, value)
    return values


def _check(options: Options, label: str) -> None:
    """Check every option, and make floats of the whole numbers given where a float is meant."""
    for f in dataclasses.fields(options):
        value: Any = getattr(options, f.name)
        _check_value(label, f, value)
        if isinstance(f.default, float):
            object.__setattr__(options, f.name, float(value))
        elif isinstance(value, tuple):
            object.__setattr__(options, f.name, tuple(map(float, value)))


def _check_value(label: str, f: dataclasses.Field[Any], value: object) -> None:
    """Refuse a value that is not of the field's kind (told from its default) or out of bounds."""
    choices, low, high = f.metadata["choices"], f.metadata["low"], f.metadata["high"]
    if f.default is None and value is None:
        return
    if choices:
        if f.metadata["or_numbers"] and isinstance(value, tuple) and _all_finite(value):
            return
        if value not in choices:
            also = ", or numbers in parentheses" if f.metadata["or_numbers"] else ""
            raise SpecError(
                f"{label} option {f.name} = {_shown(value)}: expected one of {', '.join(choices)}{also}",
                hint=did_you_mean_or_list(str(value), choices),
                code="G141",
            )
        return
    if isinstance(f.default, tuple):
        good = (
            isinstance(value, tuple)
            and len(value) == len(f.default)
            and all(_is_number(v) and low <= v <= high for v in value)
        )
        expected = f"{len(f.default)} numbers between {low:g} and {high:g} in parentheses"
    else:
        whole = not isinstance(f.default, float)
        good = _is_number(value) and (isinstance(value, int) or not whole) and low <= value <= high
        expected = f"{'a whole number' if whole else 'a number'} between {low:.10g} and {high:.10g}"
    if not good:
        raise SpecError(f"{label} option {f.name} = {_shown(value)}: expected {expected}", code="G141")


def _all_finite(values: tuple[Any, ...]) -> bool:
    return bool(values) and all(_is_number(v) and math.isfinite(v) for v in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_shown(v) for v in value) + ")"
    return number_text(value) if isinstance(value, float) else str(value)
