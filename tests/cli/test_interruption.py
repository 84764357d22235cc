"""Ctrl-C, a killed worker, a full disk: a message, an exit code, and no half file."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.support import CBPP, environment, limited, program, run

WITHIN = 2.0
"""Seconds after Ctrl-C: the one that is promised, and one for a machine that does other things too."""

LONG_FIT = ("--integration", "importance", "--tolerance", "0.0001", "--max-draws", "2147483648")
TRUTH = [
    part
    for value in ("(Intercept)=-1", "period2=-1", "period3=-1", "period4=-1.5", "herd=0.4")
    for part in ("--truth", value)
]


@contextmanager
def running(*command: object, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """A program in a process group of its own, of which nothing is left in the end."""
    process = subprocess.Popen(
        list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
        env=environment(), start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def glmmspec(*arguments: object) -> list[object]:
    return [sys.executable, "-m", "glmmspec", *arguments]


def wait_until(found: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come so far"
        time.sleep(0.05)


def interrupt(process: subprocess.Popen[str]) -> float:
    """Ctrl-C, as a terminal sends it to all processes of the group; the seconds until the program ended."""
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=30)
    return time.monotonic() - start


class Terminal:
    """A terminal that the program's stderr is, and what was written to it."""

    def __init__(self) -> None:
        self._master, self.fd = pty.openpty()
        self.text = ""

    def shows(self, words: str) -> bool:
        while select.select([self._master], [], [], 0)[0]:
            self.text += os.read(self._master, 65536).decode(errors="replace")
        return words in self.text

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_an_interrupted_fit_says_how_far_it_came_and_restores_the_terminal(
    spec: Path, terminal: Terminal
) -> None:
    output = spec.with_name("fit.json")
    with running(*glmmspec("fit", spec, "--output", output, *LONG_FIT), stderr=terminal.fd) as process:
        wait_until(lambda: terminal.shows("round 2: "))
        seconds = interrupt(process)
    assert process.returncode == 130
    assert seconds < WITHIN
    assert terminal.shows("interrupted: round ")
    assert terminal.text.rstrip().endswith("; nothing was written")
    assert re.findall(r"\x1b\[\?25([hl])", terminal.text)[-1] == "h"
    assert list(spec.parent.iterdir()) == [spec]


def test_compiled_code_that_does_not_return_is_ended(tmp_path: Path) -> None:
    """A file it was writing goes too, and only one line is said."""
    code = (
        "import hashlib, pathlib, sys\n"
        "from glmmspec.cli import interrupt; from glmmspec.files import written_whole\n"
        "interrupt.watch()\n"
        f"with written_whole(pathlib.Path({str(tmp_path / 'fit.json')!r})) as half:\n"
        "    half.write_text('half'); print('begun', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)\n"
    )
    with running(sys.executable, "-c", code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert interrupt(process) < WITHIN
        assert process.communicate()[1] == "interrupted\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_left_that_was_begun_after_the_interrupt(tmp_path: Path) -> None:
    """A program that goes on writing while its display is stopped."""
    code = (
        "import pathlib, time\n"
        "from glmmspec.cli import interrupt; from glmmspec.files import write_whole\n"
        "interrupt.watch()\n"
        "with interrupt.stopped_by_interrupt(lambda: time.sleep(0.1)):\n"
        "    print('begun', flush=True)\n"
        f"    while True: write_whole(pathlib.Path({str(tmp_path / 'part')!r}), 'whole')\n"
    )
    for _ in range(10):
        with running(sys.executable, "-c", code) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            assert interrupt(process) < WITHIN
            assert process.communicate()[1] == "interrupted\n"
        assert [file.name for file in tmp_path.iterdir() if file.name != "part"] == []


def test_an_interrupt_while_the_program_loads(spec: Path) -> None:
    with running(*glmmspec("fit", spec, *LONG_FIT)) as process:
        wait_until(lambda: "jax" in maps(process.pid))
        assert interrupt(process) < WITHIN
        assert process.communicate() == ("", "interrupted\n")
    assert process.returncode == 130


def maps(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/maps").read_text()
    return ""


def study(spec: Path, kept: Path) -> list[object]:
    return glmmspec("study", spec, *TRUTH, "--estimators", "pql", "--processes", 2, "--path", kept,
                    "--replications", 100_000)  # fmt: skip


def parts(folder: Path) -> int:
    """How many parts of the study are kept."""
    return len(list(folder.glob("part-*")))


def test_an_interrupted_study_keeps_what_is_done_and_leaves_no_process(spec: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with running(*study(spec, kept)) as process:
        wait_until(lambda: parts(kept) > 1)
        assert interrupt(process) < WITHIN
        said = process.communicate()[1]
        assert re.fullmatch(
            rf"interrupted: \d+ of 100000 replications are done, kept in {re.escape(str(kept))}, .*\n", said
        ), said
        wait_until(lambda: not group_is_alive(process.pid), 10)
    assert process.returncode == 130
    assert parts(kept) > 1
    assert not list(kept.glob(".*"))


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_is_killed_is_an_error(spec: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with running(*study(spec, kept)) as process:
        wait_until(lambda: parts(kept) > 1)
        workers = [child for child in children(process.pid) if "spawn_main" in command_line(child)]
        os.kill(workers[-1], signal.SIGKILL)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.startswith("error: a process ended before its work was done\n  was memory enough?")
    assert "Traceback" not in said


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@contextmanager
def no_file_grows() -> Iterator[None]:
    """None that this process writes grows beyond 1000 bytes."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.mark.parametrize("flag", ["--output", "--save"])
def test_a_disk_that_fills_up_leaves_no_half_file(spec: Path, flag: str) -> None:
    """The limit on a file's size stands for the disk: writing stops in the middle."""
    target = spec.with_name("fit.json")
    fit = ("fit", spec, "--draws", 256, flag, target)
    run(*fit)  # which compiles: that is kept in files too
    for there in (target.read_text(), None):
        if there is None:
            target.unlink()
        with no_file_grows():
            ended = run(*fit)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert ended.stderr == f"error: cannot write {target}: File too large\n"
        assert sorted(spec.parent.iterdir()) == sorted({spec, *([target] if there is not None else [])})
        assert there is None or target.read_text() == there


def test_a_spec_that_cannot_be_written_whole_stays_as_it_was(spec: Path) -> None:
    text = CBPP.replace(" + ", "+").replace(" | ", "|") + "#" * 3000 + "\n"
    spec.write_text(text)
    ended = where_no_file_grows("fmt", spec)
    assert ended.returncode == 2
    assert "File too large" in ended.stderr
    assert spec.read_text() == text
    assert list(spec.parent.iterdir()) == [spec]


def where_no_file_grows(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program where no file grows beyond 1000 bytes."""
    command = limited("RLIMIT_FSIZE", 1000, list(map(str, glmmspec(*arguments))))
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120)


PRINTED = pytest.mark.parametrize(
    "command", [["explain-error"], pytest.param(["fit", "--draws", 256], marks=pytest.mark.slow)], ids=str
)


@PRINTED
def test_the_reader_may_stop(command: list[object], spec: Path) -> None:
    """As in `glmmspec fit x.glmm | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = program(*command, *([spec] if "fit" in command else []), stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@PRINTED
def test_what_cannot_be_printed_is_an_error(command: list[object], spec: Path) -> None:
    with open("/dev/full", "w") as full:
        ended = program(*command, *([spec] if "fit" in command else []), stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == "error: [Errno 28] No space left on device\n"
