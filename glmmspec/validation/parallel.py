"""A function of a number, computed in other processes."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

from glmmspec.errors import FitError

Result = TypeVar("Result")


def computed(
    function: Callable[[int], Result], arguments: Sequence[int], processes: int, executor: Executor | None
) -> Iterator[tuple[int, Result]]:
    """Each argument and the function's result, as they come.

    By an executor if one is given, else in `processes` processes of this machine, or in this one if 1.

    Raises
    ------
    FitError
        If the function cannot be sent to another process, or such a process dies.
    """
    if executor is not None:
        yield from _gathered(function, arguments, executor)
    elif processes == 1:
        yield from ((argument, function(argument)) for argument in arguments)
    else:
        context = get_context("spawn")
        workers = min(processes, max(1, len(arguments)))
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
            yield from _gathered(function, arguments, pool)


def _gathered(
    function: Callable[[int], Result], arguments: Sequence[int], executor: Executor
) -> Iterator[tuple[int, Result]]:
    _check_portable(function)
    futures: dict[Future[Result], int] = {}
    try:
        with _interrupts_held():
            for argument in arguments:
                futures[executor.submit(function, argument)] = argument
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        # Nothing is cancelled here: the pool is marking every future as broken, and at one that is cancelled
        # meanwhile Python 3.11's thread dies and leaves the other processes alive.
        raise FitError(
            "a process ended before its work was done",
            hint="was memory enough? a script that asks for processes calls its own code under"
            ' if __name__ == "__main__":',
        ) from error
    except BaseException:
        for future in futures:
            future.cancel()
        raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started inside see no Ctrl-C, which goes to all of a terminal's: they end with this one."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _check_portable(function: Callable[[int], Result]) -> None:
    try:
        pickle.dumps(function)
    except Exception as error:
        raise FitError(
            f"the work cannot be sent to other processes: {error}",
            hint="an estimator has to be a function of a module; or use processes = 1",
        ) from error


def _end_with_parent() -> None:
    """End this process when the one that started it ends: it would outlive a parent that is killed."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
