"""Prior distributions, as a spec's `prior` statements give them to the sampler."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from glmmspec.errors import Span, SpecError, did_you_mean_or_list
from glmmspec.expression import backticks, number_text, position, quoted_name

DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "flat": (),
    "normal": ("location", "scale"),
    "student_t": ("df", "location", "scale"),
    "cauchy": ("location", "scale"),
    "half_normal": ("scale",),
    "half_student_t": ("df", "scale"),
    "half_cauchy": ("scale",),
    "exponential": ("rate",),
    "gamma": ("shape", "rate"),
    "inverse_gamma": ("shape", "scale"),
    "lognormal": ("location", "scale"),
    "uniform": ("low", "high"),
}
"""Prior distributions and the names of their arguments, in order."""

_POSITIVE = {"flat", "half_normal", "half_student_t", "half_cauchy", "exponential", "gamma",
             "inverse_gamma", "lognormal", "uniform"}  # fmt: skip


@dataclass(frozen=True)
class Distribution:
    """A prior distribution with its arguments."""

    name: str
    arguments: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", tuple(float(a) for a in self.arguments))
        if self.name not in DISTRIBUTIONS:
            raise SpecError(
                f"unknown distribution '{self.name}'",
                hint=did_you_mean_or_list(self.name, DISTRIBUTIONS),
                code="G145",
            )
        names = DISTRIBUTIONS[self.name]
        if len(self.arguments) != len(names):
            raise SpecError(
                f"{self.name} takes {len(names)} argument(s)"
                + (f" ({', '.join(names)})" if names else "")
                + f", not {len(self.arguments)}",
                code="G146",
            )
        for name, value in zip(names, self.arguments, strict=True):
            if not math.isfinite(value):
                raise SpecError(f"the {name} of {self.name} must be a finite number", code="G146")
            if name in ("scale", "rate", "shape", "df") and not value > 0:
                raise SpecError(
                    f"the {name} of {self.name} must be positive, not {number_text(value)}", code="G146"
                )
        if self.name == "uniform" and not self.arguments[0] < self.arguments[1]:
            raise SpecError(f"{self} is empty", hint="the first argument is the lower end", code="G146")

    def __str__(self) -> str:
        if self.name == "flat":
            return "flat"
        return f"{self.name}({', '.join(number_text(a) for a in self.arguments)})"


@dataclass(frozen=True)
class Prior:
    """A prior on every fixed effect (`fixed`), one coefficient, or one component's sd or variance."""

    target: Literal["fixed", "coefficient", "sd", "var"]
    name: str
    distribution: Distribution
    span: Span | None = position()

    def __post_init__(self) -> None:
        if (self.target == "fixed") != (self.name == ""):
            raise SpecError(
                "a prior names a coefficient or a component, unless it is for all fixed effects", code="G158"
            )
        if self.target in ("sd", "var"):
            bounded = self.distribution.name == "uniform" and self.distribution.arguments[0] < 0
            if self.distribution.name not in _POSITIVE or bounded:
                raise SpecError(
                    f"{self._target} is never negative, and {self.distribution} can be",
                    hint="use half_normal, half_student_t, half_cauchy, exponential, gamma, ...",
                    code="G147",
                )

    @property
    def _target(self) -> str:
        if self.target == "fixed":
            return "fixed"
        # A coefficient's name is always in backticks: it may read like another target.
        if self.target == "coefficient":
            return backticks(self.name)
        return f"{self.target}({quoted_name(self.name)})"

    def __str__(self) -> str:
        return f"{self._target} ~ {self.distribution}"
