"""Independent kernel calls at the same time: each keeps one core busy, and lets go of the interpreter."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_inside = threading.local()


def in_threads(function: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """The function of each item, in their order, over the cores; one after another inside such a call."""
    listed = list(items)
    if len(listed) < 2 or getattr(_inside, "worker", False) or _cores() < 2:
        return list(map(function, listed))
    return list(_pool(os.getpid()).map(function, listed))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """One for each process: threads do not outlive a fork."""
    return ThreadPoolExecutor(_cores(), "glmmspec", initializer=_mark)


def _mark() -> None:
    _inside.worker = True
