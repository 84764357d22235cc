"""Work in other processes, when one of them ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from glmmspec.errors import FitError
from glmmspec.validation.parallel import computed


class Broken(Executor):
    """A pool that breaks at its first piece of work, and takes no more than `capacity`."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.futures: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        if len(self.futures) == self.capacity:
            raise BrokenProcessPool("a child process terminated abruptly")
        self.futures.append(Future())
        if len(self.futures) == 1:
            self.futures[0].set_exception(BrokenProcessPool("a child process terminated abruptly"))
        return self.futures[-1]


@pytest.mark.parametrize("capacity", [2, 3])
def test_a_pool_that_breaks_marks_its_futures_itself(capacity: int) -> None:
    """Also before all the work is handed in; its thread dies at a future that somebody cancelled."""
    pool = Broken(capacity)
    with pytest.raises(FitError, match="a process ended before its work was done"):
        list(computed(abs, range(3), 2, pool))
    assert not any(future.cancelled() for future in pool.futures)


def handing_out(futures: list[Future[int]]) -> Executor:
    """A pool that gives these, one after the other."""
    pool, handed = Executor(), iter(futures)
    pool.submit = lambda *_: next(handed)  # type: ignore[method-assign, assignment]
    return pool


def test_work_that_nobody_waits_for_is_cancelled() -> None:
    """The control: futures are cancelled when the results' reader goes away."""
    futures = [Future[int](), Future[int]()]
    futures[0].set_result(1)
    results = computed(abs, range(2), 2, handing_out(futures))
    assert next(results) == (0, 1)
    results.close()  # type: ignore[attr-defined]
    assert futures[1].cancelled()


def test_an_error_of_the_work_is_raised() -> None:
    """It ends the work that has not begun, and is not taken for its end."""
    futures = [Future[int](), Future[int]()]
    futures[0].set_exception(ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        list(computed(abs, range(2), 2, handing_out(futures)))
    assert futures[1].cancelled()
