"""How the integrals behind a fit were computed, and how well."""

from __future__ import annotations

import numpy as np
import pandas as pd

from glmmspec.blocks import PADDING
from glmmspec.solver.maximum_likelihood import Estimate


def diagnostics(estimate: Estimate) -> pd.DataFrame:
    """A row for all blocks that are integrated by quadrature, and one for each that is drawn.

    See `Estimates.diagnostics`.
    """
    effects = np.zeros(estimate.n_blocks, dtype=np.int64)
    exact, below = np.zeros((2, estimate.n_blocks), dtype=bool)
    for integrals in estimate.likelihood.integrals:
        real = integrals.block != PADDING
        block = integrals.block[real]
        effects[block] = (integrals.effect[real] != PADDING).sum(axis=1)
        exact[block] = integrals.is_exact
        below[block] = not integrals.is_exact and integrals.has_rules
    health, final = estimate.weights, estimate.final
    by_rule = np.flatnonzero(exact)
    rule = pd.DataFrame(
        {
            "integration": "quadrature",
            "blocks": len(by_rule),
            "effects": effects[exact].max(initial=0),
            "draws": 0,
            "draws_effective": np.nan,
            "share": np.nan,
            "k_hat": np.nan,
            "nodes": final.order,
            "rule_error": final.rule_error,
        },
        index=by_rule[:1],
    )
    has_rule = below[health.block]
    drawn = pd.DataFrame(
        {
            "integration": np.where(has_rule, "draws and quadrature", "draws"),
            "blocks": 1,
            "effects": effects[health.block],
            "draws": health.draws,
            "draws_effective": health.draws_effective,
            "share": health.draws_effective / health.draws,
            "k_hat": health.k_hat,
            "nodes": np.where(has_rule, final.order, 0),
            "rule_error": np.where(has_rule, final.rule_error, np.nan),
        },
        index=health.block,
    )
    parts = [part for part in (rule, drawn) if len(part)]
    return pd.concat(parts).rename_axis("block")
