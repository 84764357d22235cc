"""A fit by two processes of this machine: one answer, one voice, and one end."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.support import CBPP, ROOT, environment, run

SALAMANDER = ROOT / "examples" / "salamander.glmm"


@contextmanager
def two(*commands: list[object], stderr: int = subprocess.PIPE) -> Iterator[list[subprocess.Popen[str]]]:
    """Both processes of a fit, as programs; `stderr` is that of the first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ExitStack() as stack:
        started = []
        for i, command in enumerate(commands):
            place = ["--coordinator", f"127.0.0.1:{port}", "--processes", 2, "--process-id", i]
            process = subprocess.Popen(
                [sys.executable, "-m", "glmmspec", "fit", *map(str, (*command, *place))],
                stdout=subprocess.PIPE,
                stderr=stderr if i == 0 else subprocess.PIPE,
                env=environment(),
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        yield started


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "how",
    [["--draws", 512], pytest.param(["--draws", 64, "--blocks", "conditional"], marks=pytest.mark.slow)],
)
def test_two_processes_give_the_answer_of_one(how: list[object], tmp_path: Path) -> None:
    alone = run("fit", SALAMANDER, *how, "--json")
    written = [tmp_path / f"{i}.json" for i in range(2)]
    commands = ([SALAMANDER, *how, "--json", "--output", path] for path in written)
    with two(*commands) as processes:
        (first, _), second = (process.communicate(timeout=300) for process in processes)
    assert [process.returncode for process in processes] == [alone.exit_code] * 2
    assert second == ("", "")
    assert (written[0].exists(), written[1].exists()) == (True, False)
    together, expected = json.loads(first), json.loads(alone.stdout)
    for name in ("estimate", "se", "mcse"):
        assert together[name] == pytest.approx(expected[name], rel=1e-10, abs=1e-10)


@pytest.mark.timeout(600)
def test_what_differs_is_refused(tmp_path: Path) -> None:
    specs = [tmp_path / "cbpp.glmm", tmp_path / "other.glmm"]
    specs[0].write_text(CBPP)
    specs[1].write_text(CBPP.replace("period |", "1 |"))
    with two([specs[0], "--seed", 1], [specs[1], "--seed", 2]) as processes:
        answers = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [2, 2]
    for stdout, stderr in answers:
        assert stdout == ""
        assert stderr.startswith(
            "error: the 2 processes do not fit the same: they differ in spec, data, options\n"
        )


@pytest.mark.timeout(600)
def test_a_killed_process_ends_the_other(tmp_path: Path) -> None:
    output = tmp_path / "fit.json"
    command = [SALAMANDER, "--draws", 8192, "--output", output]
    screen, terminal = pty.openpty()
    with two(command, command, stderr=terminal) as (first, second):
        os.close(terminal)
        said = _read(screen, until="round 1")
        second.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        said += _read(screen)
        assert first.wait(30) == 2
        assert time.monotonic() - killed < 30
        assert first.communicate()[0] == ""
    assert "error: process 1 of 2 is gone" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


ABORTED = """
import os
from glmmspec.cli import together
from glmmspec.cli.outcome import exit_code
def joined(company, command):
    os.write(2, {log!r})
    os.kill(os.getpid(), {signal})
together._joined = joined
raise SystemExit(exit_code(lambda: together.run_together(together.Company("h:1", {processes}, 1), None)))
"""

GONE = b"""F1125 23:33:41 client.h:80] Terminating process because the JAX distributed service detected fatal
errors. absl::Status: UNAVAILABLE: The following tasks are unhealthy (stopped sending heartbeats):
2
The tasks have crashed."""


@pytest.mark.parametrize(
    ("log", "number", "processes", "message"),
    [
        (GONE, signal.SIGABRT, 2, "process 0 of 2 is gone"),
        (GONE, signal.SIGABRT, 3, "process 2 of 3 is gone"),
        (GONE.replace(b"2\n", b""), signal.SIGABRT, 3, "one of the 3 processes is gone"),
        (GONE + b"RPC: /RegisterTask", signal.SIGABRT, 2, "not all of the 2 processes came to h:1"),
        (b"", signal.SIGKILL, 2, "the fit was killed from outside"),
    ],
)
def test_an_aborted_process_says_why(log: bytes, number: int, processes: int, message: str) -> None:
    """JAX aborts from C++ where it waits for a process that is gone; its words stand in GONE."""
    text = ABORTED.format(log=log, signal=int(number), processes=processes)
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment())
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[0] == f"error: {message}"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--coordinator", "a:1"], "give all three or none"),
        (["--processes", 2, "--process-id", 0], "give all three or none"),
        (["--coordinator", "a", "--processes", 2, "--process-id", 0], "'a' is not host:port"),
        (["--coordinator", "a:0", "--processes", 2, "--process-id", 0], "'a:0' is not host:port"),
        (["--coordinator", "a:70000", "--processes", 2, "--process-id", 0], "'a:70000' is not host:port"),
        (["--coordinator", "a:1", "--processes", 2, "--process-id", 2], "2 is not one of 0 to 1"),
        (["--coordinator", "a:1", "--processes", 0, "--process-id", 0], "'--processes'"),
        (["--coordinator", "a:1", "--processes", "two", "--process-id", 0], "'--processes'"),
        (["--coordinator", "a:1", "--processes", 2, "--process-id", -1], "'--process-id'"),
    ],
)
def test_flags_that_make_no_sense(flags: list[object], message: str) -> None:
    result = run("fit", SALAMANDER, *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def _read(screen: int, until: str | None = None) -> str:
    """What comes on a terminal, up to a text or to its end."""
    said = ""
    while until is None or until not in said:
        try:
            part = os.read(screen, 4096)
        except OSError:  # as Linux says that nobody writes any more
            break
        if not part:
            break
        said += part.decode()
    return said
