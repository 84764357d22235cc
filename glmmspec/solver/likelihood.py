"""The approximate log-likelihood of a design: the sum over its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from glmmspec.design import Design
from glmmspec.solver.fitted import FittedProposal
from glmmspec.solver.integral import BlockIntegrals, Moments
from glmmspec.solver.threads import in_threads


@dataclass(frozen=True, eq=False)
class Likelihood:
    """l_m(psi) of all blocks, as a function of psi = (beta, the variances that vary).

    Attributes
    ----------
    integrals
        One approximation per batch of blocks.
    varies
        Which variance components vary.
    held
        The values of those that do not; 0 takes the effects out of the model.
    constant
        The part that depends on the data alone (binomial coefficients, factorials).
    n_coefficients
        p, the length of beta.
    """

    integrals: Sequence[BlockIntegrals]
    varies: Bool[np.ndarray, " K"]
    held: Float[np.ndarray, " K"]
    constant: float
    n_coefficients: int

    @property
    def n_draws(self) -> int:
        """Draws of each block, the most; 0 where all are integrated by quadrature."""
        return max((i.n_draws for i in self.integrals if not i.is_exact), default=0)

    @property
    def free(self) -> Bool[np.ndarray, " P"]:
        """Which of all parameters (coefficients, then every component) psi consists of."""
        p = self.n_coefficients
        return np.concatenate([np.ones(p, dtype=bool), self.varies])

    @property
    def proposals(self) -> tuple[FittedProposal, ...]:
        """What was drawn from."""
        return tuple(i.source.fit for i in self.integrals if i.source is not None)

    def fitted(self, psi: Float[np.ndarray, " P"]) -> tuple[FittedProposal, ...]:
        """Proposals for a round to come, fitted to the draws as they are weighted at `psi`."""
        found = (i.fitted(*self.split(psi)) for i in self.integrals if not i.is_exact)
        return tuple(proposal for proposal in found if proposal is not None)

    def split(self, psi: Float[np.ndarray, " P"]) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " K"]]:
        """beta and all variances. A variance held at 0 is given as 1, which no sum of squares multiplies."""
        p = self.n_coefficients
        variances = np.where(self.held > 0, self.held, 1.0)
        variances[self.varies] = psi[p:]
        return psi[:p], variances

    def __call__(
        self, psi: Float[np.ndarray, " P"]
    ) -> tuple[float, Float[np.ndarray, " P"], Float[np.ndarray, "P P"]]:
        """Value, gradient and Hessian.

        The value is -infinity, with derivatives 0, where a variance is not positive, and so far out
        that double precision gives no number.
        """
        nowhere = -np.inf, np.zeros(len(psi)), np.zeros((len(psi), len(psi)))
        beta, variances = self.split(psi)
        if not (variances > 0).all() or not np.isfinite(psi).all():
            return nowhere
        value, gradient, hessian = self.constant, nowhere[1].copy(), nowhere[2].copy()
        free = self.free
        with _far_out():
            for moments in self._all_moments(beta, variances):
                value += float(moments.log_integral.sum())
                gradient += moments.gradient.sum(axis=0)[free]
                hessian += moments.hessian.sum(axis=0)[np.ix_(free, free)]
        finite = np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(hessian).all()
        return (value, gradient, hessian) if finite else nowhere

    def _all_moments(
        self, beta: Float[np.ndarray, " p"], variances: Float[np.ndarray, " K"]
    ) -> list[Moments]:
        """Of the integrals, over the cores; one after another where devices share each of them."""

        def moments(integrals: BlockIntegrals) -> Moments:
            with _far_out():
                return integrals.moments(beta, variances)

        if any(integrals.shared for integrals in self.integrals):
            return list(map(moments, self.integrals))
        return in_threads(moments, self.integrals)


def _far_out() -> np.errstate:
    """What double precision cannot hold is no warning, in the thread that asks."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def log_constant(design: Design) -> float:
    """The weighted sum of the log normalising constants of the responses."""
    return float(design.weights @ design.family.log_constant(design.y, design.trials))
