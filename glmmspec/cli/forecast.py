"""What `glmmspec check` says of how a fit would integrate the random effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmmspec.solver.forecast import Forecast, Method


def lines(forecast: Forecast) -> Iterator[str]:
    """A line for each method, and one for the number of draws if there are any."""
    for method in forecast.methods:
        yield f"{_blocks(method)}: {_how(method)}"
    if forecast.rules:
        yield f"quadrature: {forecast.plan.first.order} nodes in each dimension at first"
    if forecast.draws:
        yield f"draws of each block: {_draws(forecast)}"


def facts(forecast: Forecast) -> dict[str, Any]:
    """The same for machines."""
    plan = forecast.plan
    return {
        "integration": [
            {
                "blocks": method.blocks,
                "largest_block": method.largest,
                "drawn": list(method.drawn),
                "quadrature": [list(level) for level in method.by_rule],
            }
            for method in forecast.methods
        ],
        "first_nodes": plan.first.order if forecast.rules else None,
        "first_draws": plan.first.draws if forecast.draws else None,
        "most_draws": plan.most if forecast.draws else None,
    }


def _blocks(method: Method) -> str:
    size = f"{method.largest} effect{'' if method.largest == 1 else 's'}"
    return f"1 block of {size}" if method.blocks == 1 else f"{method.blocks} blocks of up to {size}"


def _how(method: Method) -> str:
    levels = ", then of ".join(" and ".join(level) for level in method.by_rule)
    drawn = f"the effects of {' and '.join(method.drawn)} are drawn"
    if not method.drawn:
        return f"quadrature over the effects of {levels}"
    return f"{drawn}, and given them quadrature over those of {levels}" if levels else drawn


def _draws(forecast: Forecast) -> str:
    plan = forecast.plan
    if plan.fixed is not None:
        return f"{plan.fixed:,}, as the spec says"
    bound = "what memory holds" if plan.memory_bound else "max_draws"
    return (
        f"{plan.first.draws:,} at first, then as many as bring the Monte Carlo error to {plan.tolerance:g}"
        f" standard errors, at most {plan.most:,} ({bound})"
    )
