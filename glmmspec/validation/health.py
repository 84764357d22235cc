"""Check 4: whether the sampler and the importance weights support what is compared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glmmspec.inference.fit import Fit
from glmmspec.solver.monte_carlo import FEWEST_EFFECTIVE_DRAWS, WeightHealth, k_hat_limit
from glmmspec.validation.checks import Check, Kind
from glmmspec.validation.sampler_health import BFMI_LIMIT, FEWEST_EFFECTIVE, R_HAT_LIMIT, SamplerHealth
from glmmspec.validation.solver_route import WeightedPsi

_KIND: Kind = "sampler and weights"

_K_HAT_FAILED = 0.7
"""Beyond it no number of draws is enough in practice (Vehtari et al. 2024)."""


def sampler_checks(health: SamplerHealth, draws: int) -> Iterator[Check]:
    """Of the Markov chains, `draws` in all."""
    yield Check(_KIND, "R-hat", health.r_hat[1], R_HAT_LIMIT, 1.05, f"largest: {health.r_hat[0]}")
    for name, (of, count) in (("bulk", health.ess_bulk), ("tail", health.ess_tail)):
        yield Check(_KIND, f"effective draws, {name}", count, FEWEST_EFFECTIVE, 100, f"fewest: {of}")
    yield Check(_KIND, "divergent transitions", health.divergences / draws, 0, 0.01, "share of all")
    yield Check(_KIND, "energy fraction", health.bfmi, BFMI_LIMIT, 0.2, "smallest of a chain")


def weight_checks(fit: Fit, route: WeightedPsi) -> Iterator[Check]:
    """Of the solver's weights, its information matrix and its variances, and of the weights of psi."""
    weights, route_draws = fit.estimate.weights, len(route.weights)
    if len(weights.block):
        yield from _drawn_checks(weights)
    yield Check(
        _KIND, "k-hat of the weights of psi", route.k_hat, float(k_hat_limit(route_draws)), _K_HAT_FAILED
    )
    about = f"of {route_draws}"
    yield Check(_KIND, "effective draws of psi", route.draws_effective, FEWEST_EFFECTIVE, 100, about)
    about = "of the information, scaled to a diagonal of 1"
    yield Check(_KIND, "condition number", _condition(fit), 1e6, 1e10, about)
    at_zero = ", ".join(fit.on_boundary)
    about = f"{at_zero}: what is checked at the estimate takes positive variances" if at_zero else ""
    yield Check(_KIND, "variances estimated as 0", len(fit.on_boundary), 0, np.inf, about)


def _condition(fit: Fit) -> float:
    hessian = -fit.estimate.final.maximum.hessian
    scale = 1 / np.sqrt(np.abs(np.diagonal(hessian)))
    values = np.linalg.eigvalsh(hessian * np.outer(scale, scale))
    if not len(values):
        return 1.0
    return float(values[-1] / values[0]) if values[0] > 0 else np.inf


def _drawn_checks(weights: WeightHealth) -> Iterator[Check]:
    worst = int(np.nan_to_num(weights.k_hat, nan=np.inf).argmax())
    yield Check(
        _KIND,
        "k-hat of the random effects' weights",
        float(weights.k_hat[worst]),
        float(k_hat_limit(weights.draws[worst])),
        _K_HAT_FAILED,
        f"largest: block {weights.block[worst]}",
    )
    fewest = int(weights.draws_effective.argmin())
    yield Check(
        _KIND,
        "effective draws of a block",
        float(weights.draws_effective[fewest]),
        FEWEST_EFFECTIVE_DRAWS,
        FEWEST_EFFECTIVE_DRAWS / 10,
        f"fewest of {weights.draws[fewest]}: block {weights.block[fewest]}",
    )
