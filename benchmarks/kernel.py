"""What an evaluation of the approximate likelihood costs for each draw and observation.

    python benchmarks/kernel.py

prints nanoseconds per (draw x observation) of one evaluation of value, gradient and Hessian, and their ratio
to a bare loop of exp over as many numbers in double precision, JAX's, in the same process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from cases import CASES, one_intercept
from table import table

import glmmspec as gs
from glmmspec.design import Design, bind
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Point
from glmmspec.solver.integration import Integration
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.sampling import Effort, sampled_likelihood

REPEATS = 15
NODES = 7


def likelihood(design: Design, centre: Point, draws: int, **options: str) -> Likelihood:
    """The solver's likelihood with that many draws per block."""
    varies = np.ones(len(design.components), dtype=bool)
    integration = Integration.of(design, SolverOptions(**options))
    return sampled_likelihood(integration, centre, varies, Effort(draws, order=NODES, stream=0))


def seconds(*calls: Callable[[int], object]) -> list[list[float]]:
    """Of each call with the numbers 1, 2, ..., by turns, since a machine's speed changes; and after one that
    compiles.
    """
    times: list[list[float]] = [[] for _ in calls]
    for number in range(REPEATS + 1):
        for call, of_call in zip(calls, times, strict=True):
            began = time.perf_counter()
            call(number)
            of_call.append(time.perf_counter() - began)
    return [of_call[1:] for of_call in times]


def bare_loop(size: int) -> Callable[[int], object]:
    """exp over `size` numbers, summed so that nothing is written to memory."""
    with jax.enable_x64(True):
        numbers = jnp.linspace(-4.0, 4.0, size)
    loop = jax.jit(lambda x: jnp.exp(x).sum())

    def call(_: int) -> object:
        with jax.enable_x64(True):
            return loop(numbers).block_until_ready()

    return call


def row(name: str, design: Design, draws: int, nodes: int = 1, **options: str) -> list[str]:
    """One line of the table: the evaluation at a point of moderate size."""
    centre = Point(np.zeros(design.x.shape[1]), np.ones(len(design.components)))
    at = likelihood(design, centre, draws, **options)
    psi = np.concatenate([centre.beta, centre.variances])
    terms = len(design.y) * draws * nodes
    # At a new place each time, since the last one is remembered.
    ours, bare = seconds(lambda number: at(psi + 1e-3 * number), bare_loop(terms))
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    found = [1e9 * statistics.median(ours) / terms, 1e9 * statistics.median(bare) / terms, ratio]
    return [name, str(len(design.y)), str(draws), *(f"{value:.2f}" for value in found)]


def main() -> None:
    """Print the table."""
    crossed = gs.parse("Mate ~ 0 + Cross | Female, Male", family="bernoulli")
    salamander = bind(crossed, CASES["salamander"].frame())
    simulated = bind(gs.parse("y ~ x1 + x2 | group", family="bernoulli"), one_intercept(10**4))
    crossed = gs.parse("y ~ behaviour + situation + mode + score | person, item", family="bernoulli")
    answers = bind(crossed, CASES["crossed"].frame())
    rows = [
        row("salamander", salamander, 2**14, blocks="natural"),
        row("316 persons given 24 items", answers, 2**10, NODES),
        row("one random intercept", simulated, 2**9, integration="importance"),
    ]
    head = ("case", "rows", "draws per block", "ns per draw, row and node", "of a bare loop of exp", "ratio")
    print("\n".join(table(head, rows)))


if __name__ == "__main__":
    main()
