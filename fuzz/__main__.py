"""`python -m fuzz`: draw cases of every kind, or of one, for a number of cases; say how many and how fast."""

from __future__ import annotations

import argparse
import resource
import signal
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from fuzz.cases import TARGETS, Target

SECONDS = 10
"""Longest processor time of one case: what other programs take is not counted."""

MEMORY = 4 * 2**30
"""Most address space, in bytes, that the process may take."""


def fuzzed(target: Target, cases: int, seed: int) -> float:
    """Try so many cases, each within `SECONDS`, and return the seconds it took; raises what a case raises."""
    from hypothesis import seed as seeded

    @seeded(seed)
    @settings(
        max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), print_blob=False,
    )  # fmt: skip
    @given(target.cases())
    def each(case: Any) -> None:
        _within(SECONDS, target.holds, case)

    signal.signal(signal.SIGPROF, _too_long)
    start = time.monotonic()
    each()
    return time.monotonic() - start


def _within(seconds: int, function: Callable[[Any], None], case: Any) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        function(case)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_long(*_: Any) -> None:
    raise AssertionError(f"a case took more than {SECONDS} s")


def main() -> None:
    """Run the kinds asked for one after another; the first failure ends it with the smallest such case."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(TARGETS)}; default all")
    parser.add_argument("--cases", type=int, default=25_000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=0)
    given_arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for kind in given_arguments.kinds or TARGETS:
        seconds = fuzzed(TARGETS[kind], given_arguments.cases, given_arguments.seed)
        rate = given_arguments.cases / seconds * 3600
        print(f"{kind}: {given_arguments.cases} cases in {seconds:.0f} s, {rate:.0f} an hour", flush=True)


if __name__ == "__main__":
    main()
