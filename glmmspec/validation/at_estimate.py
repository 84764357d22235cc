"""Check 3: the estimate, its information and its random effects against the twin's posterior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Float

from glmmspec.design import Design
from glmmspec.inference.fit import Fit
from glmmspec.inference.random_effects import effect_index
from glmmspec.solver.coordinates import Point
from glmmspec.validation.checks import Check, check_differences
from glmmspec.validation.joint_density import flat_twin, sites
from glmmspec.validation.twin import effects_site, twin_at
from glmmspec.validation.two_routes import psi_of

if TYPE_CHECKING:
    from xarray import DataTree

_CHAINS, _WARMUP, _DRAWS = 4, 500, 1000

_ROUNDING = 1e-9


def check_distance(fit: Fit, posterior: DataTree) -> Check:
    """Whether the estimate lies within the posterior of psi.

    The number is the share of draws that are farther than the estimate from the posterior mean, by
    Mahalanobis distance. The posterior is flat-prior and skewed, so that its mean is not its mode, the
    estimate; but the mode does not lie in a tail.
    """
    psi = psi_of(posterior)
    psi = psi.reshape(-1, psi.shape[2])
    centred = np.vstack([fit.params().to_numpy(), psi]) - psi.mean(axis=0)
    square = np.einsum("np,np->n", centred, np.linalg.solve(np.atleast_2d(np.cov(psi.T)), centred.T).T)
    farther = float((square[1:] > square[0]).mean())
    about = (
        f"share of draws farther from the posterior mean than the estimate, {square[0] ** 0.5:.2f} sd away"
    )
    return Check("estimate", "estimate within the posterior", farther, 0.05, 0.001, about)


@dataclass(frozen=True, eq=False)
class AtEstimate:
    """What the twin says with its parameters held at the estimate: random effects, score and information.

    Attributes
    ----------
    effects
        Draws of the random effects given the data, numbered through the terms.
    score
        Of each draw, c_j'g / sqrt(c_jj): derivative of the joint log density along the line on which
        parameter j changes and the others follow it, per standard error of j.
    information
        Of each draw, what has as its mean the twin's observed information along that line, per 1 / se^2.
    """

    effects: Float[np.ndarray, "chains draws q"]
    score: Float[np.ndarray, "chains draws P"]
    information: Float[np.ndarray, "chains draws P"]

    @classmethod
    def of(cls, fit: Fit, design: Design, seed: int) -> AtEstimate:
        """Sample u given y and psi-hat by NUTS in the twin, and differentiate the twin's joint density there.

        With g and h the first and second derivatives of log p(y, u; psi) in psi, the log-likelihood has
        (Fisher's identity; Louis 1982)

            gradient = E[g | y] = 0,       -Hessian = E[-h | y] - Var[g | y]

        and, along c_j / sqrt(c_jj), the columns of C = (-Hessian)^-1 as the solver has it, the second is 1.
        """
        final = fit.estimate.final
        point = Point(final.beta, final.variances)
        with jax.enable_x64(True):
            effects = _drawn(design, point, seed)
            score, curvature = _derivatives(design, point, effects, _lines(fit))
        flat = score.reshape(-1, score.shape[2])
        information = -curvature - np.square(score - flat.mean(axis=0))
        return cls(effects, score, information)

    def checks(self, fit: Fit) -> Iterator[Check]:
        """The solver's estimate, information and predicted random effects against these."""
        names, of_effects = list(fit.design.parameters), fit.ranef()
        known = 2 * fit.estimate.final.se_error
        # A score that does not depend on u has rounding alone for its error.
        error = np.hypot((fit.mcse() / fit.se()).to_numpy(), _ROUNDING)
        gradient = self.score.mean(axis=(0, 1)) / np.hypot(_mcse(self.score), error)
        yield check_differences("estimate", "the twin's gradient is 0 at the estimate", gradient, names)
        curved = (self.information.mean(axis=(0, 1)) - 1) / np.hypot(_mcse(self.information), known)
        yield check_differences("estimate", "observed information", curved, names)
        mean = (self.effects.mean(axis=(0, 1)) - of_effects["mean"].to_numpy()) / np.hypot(
            _mcse(self.effects), of_effects["mcse"].to_numpy()
        )
        labels = [f"{term} {level}" for term, level in of_effects.index]
        yield check_differences("estimate", "predicted random effects", mean, labels)

    def table(self, fit: Fit) -> pd.DataFrame:
        """Means of the random effects: columns `nuts`, `nuts_mcse`, `solver` and `solver_mcse`."""
        of_effects = fit.ranef()
        return pd.DataFrame(
            {
                "nuts": self.effects.mean(axis=(0, 1)),
                "nuts_mcse": _mcse(self.effects),
                "solver": of_effects["mean"].to_numpy(),
                "solver_mcse": of_effects["mcse"].to_numpy(),
            },
            index=effect_index(fit.design),
        )


def _lines(fit: Fit) -> Float[np.ndarray, "P P"]:
    """c_j / sqrt(c_jj) in its columns."""
    covariance = fit.estimate.final.covariance
    return np.asarray(covariance / np.sqrt(np.diagonal(covariance)))


def _drawn(design: Design, point: Point, seed: int) -> Float[np.ndarray, "chains draws q"]:
    from numpyro.infer import MCMC, NUTS

    mcmc = MCMC(
        NUTS(twin_at(design, point.beta, point.variances)),
        num_warmup=_WARMUP,
        num_samples=_DRAWS,
        num_chains=_CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.fold_in(jax.random.key(seed), 3))
    drawn = mcmc.get_samples(group_by_chain=True)
    return np.concatenate([drawn[effects_site(term)] for term in design.random], axis=2)


def _derivatives(
    design: Design,
    point: Point,
    effects: Float[np.ndarray, "chains draws q"],
    lines: Float[np.ndarray, "P P"],
) -> tuple[Float[np.ndarray, "chains draws P"], Float[np.ndarray, "chains draws P"]]:
    """First and second derivative of the twin's joint log density in psi along each line, in each draw."""
    from numpyro.infer.util import log_density

    model, p = flat_twin(design), len(point.beta)
    at = jnp.concatenate([point.beta, point.variances])

    def density(psi: Any, u: Any, y: Any) -> Any:
        return log_density(model, (y,), {}, sites(design, Point(psi[:p], psi[p:]), u))[0]

    # The responses are an argument: what depends on constants alone, XLA computes while it compiles.
    @jax.jit
    def along(u: Any, psi: Any, y: Any, lines: Any) -> tuple[Any, Any]:
        score, hessian = jax.grad(density)(psi, u, y), jax.hessian(density)(psi, u, y)
        return lines.T @ score, jnp.einsum("pj,pr,rj->j", lines, hessian, lines)

    flat = jnp.asarray(effects.reshape(-1, effects.shape[2]))
    score, curvature = jax.lax.map(lambda u: along(u, at, design.y, lines), flat, batch_size=64)
    shape = (*effects.shape[:2], len(at))
    return np.asarray(score).reshape(shape), np.asarray(curvature).reshape(shape)


def _mcse(values: Float[np.ndarray, "chains draws k"]) -> Float[np.ndarray, " k"]:
    """Monte Carlo standard error of each mean."""
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    return np.array([float(array_stats.mcse(one)) for one in np.moveaxis(values, 2, 0)])
