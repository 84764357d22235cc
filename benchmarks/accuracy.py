"""How far an estimate is from the exact maximum likelihood estimate, in standard errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from measure import Measurement

REFERENCE = Path(__file__).parent.parent / "tests" / "reference" / "mle.json"


@dataclass(frozen=True, eq=False)
class Exact:
    """The exact estimate of a case, its standard errors, and where both come from."""

    values: Float[np.ndarray, " P"]
    error: Float[np.ndarray, " P"]
    source: str


def exact(case: str, measured: Iterable[Measurement]) -> Exact | None:
    """From tests/reference/mle.json; else the first quadrature of this run, with our standard errors."""
    known = json.loads(REFERENCE.read_text()).get(case)
    if known is not None:
        values = [*known["fixed"].values(), *known["variance"].values()]
        return Exact(np.array(values), np.array(list(known["se"].values())), "tests/reference/mle.json")
    answered = [m for m in measured if m.case == case and m.estimates]
    quadrature = next((m for m in answered if m.kind == "quadrature"), None)
    ours = next((m for m in answered if m.kind == "ours"), None)
    if quadrature is None or ours is None:
        return None
    source = f"{quadrature.name} by {quadrature.method}, in this run; standard errors of glmmspec"
    return Exact(np.array(quadrature.estimates[0]), np.array(ours.error), source)


def distance(measurement: Measurement, truth: Exact | None) -> float | None:
    """The largest over parameters and fits."""
    errors = _errors(measurement, truth)
    return None if errors is None else float(np.abs(errors).max())


def cost_of_accuracy(measurement: Measurement, truth: Exact | None) -> float | None:
    """(error in SE)^2 x seconds, the square a mean over fits and parameters: what a Monte Carlo method keeps
    when it draws more, so that the smaller is the better whatever the numbers of draws."""
    errors, seconds = _errors(measurement, truth), measurement.warm
    return None if errors is None or seconds is None else float(np.mean(errors**2)) * seconds


def stated(measurement: Measurement) -> float | None:
    """The largest Monte Carlo error that is stated, over parameters and fits, in standard errors."""
    if not measurement.mcse:
        return None
    return float(np.max(np.array(measurement.mcse) / measurement.error))


def _errors(measurement: Measurement, truth: Exact | None) -> Float[np.ndarray, "fits P"] | None:
    if truth is None or not measurement.estimates:
        return None
    return (np.array(measurement.estimates) - truth.values) / truth.error
