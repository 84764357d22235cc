"""Data sets drawn from a prior, and the ranks of what they were drawn from in the posterior of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np
import pandas as pd
from jaxtyping import Float
from numpyro.distributions import constraints

from glmmspec.design import Design
from glmmspec.errors import FitError
from glmmspec.inference.simulation import drawn_effects, simulated_responses
from glmmspec.validation.priors import Priors
from glmmspec.validation.replications import VERSION
from glmmspec.validation.sampling import linear_predictor
from glmmspec.validation.twin import distribution, effects_site, response, twin

BATCH = 32
"""Data sets whose posteriors are sampled together, by a NUTS that is compiled once for as many."""

LOG_LIKELIHOOD = "log-likelihood"
"""log f(y | beta, u). Ranks of parameters alone are uniform even if the sampler returns the prior; this one
is not (Modrák et al. 2023)."""


@dataclass(frozen=True, eq=False)
class RankedDataSets:
    """Makes batch i of the data sets of a calibration: it depends on the seed and i alone.

    Attributes
    ----------
    model
        The text of the spec.
    drawn_from
        The priors that parameters are drawn from.
    priors
        Those that the posterior has: the same, unless one wants to see a difference found.
    draws, thin, warmup
        Of the one chain for each data set: draws kept, transitions from one to the next, and those before.
    """

    model: str
    design: Design
    drawn_from: Priors
    priors: Priors
    draws: int
    thin: int
    warmup: int
    seed: int

    def __call__(self, i: int) -> pd.DataFrame:
        """A row for each data set and quantity: its value in truth, its `rank` among the draws, divergences.

        Raises
        ------
        FitError
            If a mean is too large to count to.
        """
        with jax.enable_x64(True):
            of_truth, of_sampler = jax.random.split(jax.random.fold_in(jax.random.key(self.seed), i))
            beta, nu = self._parameters(of_truth)
            rng = np.random.default_rng([self.seed, i])
            effects = [drawn_effects(self.design, one, rng) for one in nu]
            y = np.array([self._responses(*drawn, rng) for drawn in zip(beta, nu, effects, strict=True)])
            drawn, divergent = _sampler(self)(jax.random.split(of_sampler, BATCH), y)
            sites = [effects_site(term) for term in self.design.random]
            truth = {"beta": beta, "nu": nu} | {
                site: np.array(values) for site, values in zip(sites, zip(*effects, strict=True), strict=True)
            }
            true = self._quantities({name: values[:, None] for name, values in truth.items()}, y)[:, 0]
            found = self._quantities({name: np.asarray(values) for name, values in drawn.items()}, y)
        return self._table(i, true, (found < true[:, None]).sum(axis=1), np.asarray(divergent))

    def _parameters(self, key: Any) -> tuple[Float[np.ndarray, "D p"], Float[np.ndarray, "D K"]]:
        """Coefficients and variances of each data set, from their priors."""
        p = len(self.drawn_from.coefficients)
        keys = jax.random.split(key, p + len(self.drawn_from.components))
        beta = [
            np.asarray(distribution(prior, constraints.real).sample(key, (BATCH,)))
            for key, prior in zip(keys[:p], self.drawn_from.coefficients, strict=True)
        ]
        nu = []
        for key, prior in zip(keys[p:], self.drawn_from.components, strict=True):
            value = np.asarray(distribution(prior.distribution, constraints.positive).sample(key, (BATCH,)))
            nu.append(value if prior.on == "var" else value**2)
        return np.array(beta).reshape(p, BATCH).T, np.array(nu).T

    def _responses(
        self,
        beta: Float[np.ndarray, " p"],
        nu: Float[np.ndarray, " K"],
        effects: list[Float[np.ndarray, " q"]],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, " n"]:
        try:
            return simulated_responses(self.design, beta, nu, rng, effects)
        except FitError as error:
            raise FitError(error.message, hint="give narrower priors: these allow such responses") from error

    def _quantities(
        self, draws: Mapping[str, np.ndarray], y: Float[np.ndarray, "D n"]
    ) -> Float[np.ndarray, "D L k"]:
        """Coefficients, variances and the log-likelihood in each draw."""
        log_densities = response(self.design, linear_predictor(self.design, draws)).log_prob(y[:, None, :])
        total = np.asarray(log_densities).sum(axis=2, keepdims=True)
        return np.concatenate([draws["beta"], draws["nu"], total], axis=2)

    def _table(
        self,
        i: int,
        true: Float[np.ndarray, "D k"],
        rank: Float[np.ndarray, "D k"],
        divergent: Float[np.ndarray, "D L"],
    ) -> pd.DataFrame:
        quantities = [*self.design.parameters, LOG_LIKELIHOOD]
        return pd.DataFrame(
            {
                "replication": np.repeat(np.arange(BATCH) + i * BATCH, len(quantities)),
                "quantity": quantities * BATCH,
                "truth": true.ravel(),
                "rank": rank.ravel(),
                "divergent": np.repeat(divergent.sum(axis=1), len(quantities)),
            }
        )

    def description(self) -> dict[str, object]:
        """What determines the batches."""
        from glmmspec import __version__

        return {
            "version": VERSION,
            "glmmspec": __version__,
            "model": self.model,
            "data_sha256": self.design.data_hash,
            "drawn_from": asdict(self.drawn_from),
            "priors": asdict(self.priors),
            "batch": BATCH,
            "draws": self.draws,
            "thin": self.thin,
            "warmup": self.warmup,
            "seed": self.seed,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankedDataSets) and self.description() == other.description()

    def __hash__(self) -> int:
        return hash(json.dumps(self.description()))


@lru_cache(maxsize=1)
def _sampler(work: RankedDataSets) -> Callable[..., tuple[Mapping[str, Any], Any]]:
    """NUTS for a batch of responses, compiled once: another process is sent the work anew with each batch."""
    from numpyro.infer import MCMC, NUTS

    model = twin(work.design, work.priors)

    def one(key: Any, y: Any) -> tuple[Mapping[str, Any], Any]:
        mcmc = MCMC(
            NUTS(model),
            num_warmup=work.warmup,
            num_samples=work.draws * work.thin,
            thinning=work.thin,
            progress_bar=False,
        )
        mcmc.run(key, y=y, extra_fields=("diverging",))
        drawn = mcmc.get_samples()
        sites = ("beta", "nu", *(effects_site(term) for term in work.design.random))
        return {name: drawn[name] for name in sites}, mcmc.get_extra_fields()["diverging"]

    return jax.jit(jax.vmap(one))
