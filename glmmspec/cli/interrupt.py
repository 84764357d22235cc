"""Ctrl-C: a command ends within a second, whatever compiled code it is in, and says how far it came."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from glmmspec.files import end_writing

INTERRUPTED = 130
"""The exit code of an interrupted command, as a shell has it."""

GRACE = 0.5
"""Seconds that saying so may take."""

_reached: list[str] = []
_displays: list[Callable[[], None]] = []
_to_report = threading.Lock()


def reached(text: str) -> None:
    """Keep how far the command has come, for an interrupt to say."""
    _reached[:] = [text]


@contextmanager
def stopped_by_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Have an interrupt inside call `stop` too: a display that is drawn by a thread of its own."""
    _displays.append(stop)
    try:
        yield
    finally:
        _displays.remove(stop)


def report() -> None:
    """Say that the command was interrupted, and how far it had come; once in a process."""
    if _to_report.acquire(blocking=False):
        print(": ".join(["interrupted", *_reached]), file=sys.stderr, flush=True)


def watch() -> None:
    """End this process on SIGINT, even if no Python code gets to run.

    Python's own handler waits for compiled code to return, which a likelihood or a sampler may do
    minutes later, and what it raises is lost in a callback. Here the signal wakes a thread.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_on_interrupt, args=(reading,), daemon=True).start()


def end() -> None:
    """End this process at once, without a half file; what runs in other threads is not waited for."""
    # A terminal that takes no more text, stopped by Ctrl-S, does not keep it.
    threading.Timer(GRACE, os._exit, [INTERRUPTED]).start()
    end_writing(GRACE / 2)
    _release_semaphores()
    for stop in _displays:
        stop()
    report()
    os._exit(INTERRUPTED)


def _release_semaphores() -> None:
    """As at a usual exit: else Python's tracker of what processes share warns of them."""
    if "multiprocessing.util" in sys.modules:
        from multiprocessing import util

        util._run_finalizers(0)  # type: ignore[attr-defined]


def _end_on_interrupt(reading: int) -> None:
    while os.read(reading, 1)[0] != signal.SIGINT:
        pass
    end()
