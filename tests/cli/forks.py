"""A Python under a limit of the operating system, the libraries loaded, of which every job is a fork.

    python -m tests.cli.forks RLIMIT_AS 3221225472

Each line of stdin is a job in JSON, and is answered by a line of stdout.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.cli.support import CBPP, environment, run

_PROGRAM = "from glmmspec.cli import main; main()"


@dataclass(frozen=True)
class Ended:
    """How a job ended: by `returncode`, that of its program or minus the signal that killed it."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    late: bool
    """Whether it was killed because its seconds were over."""


class Forks:
    """The server of such forks, from its start to its end."""

    def __init__(self, limit: str, size: int) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forks", limit, str(size)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip

    def __enter__(self) -> Forks:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def glmmspec(self, *arguments: object, seconds: float) -> Ended:
        """The program with these arguments."""
        return self.python(_PROGRAM, *arguments, seconds=seconds)

    def python(self, code: str, *arguments: object, seconds: float) -> Ended:
        """Code of Python."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        job = {"code": code, "arguments": list(map(str, arguments)), "seconds": seconds}
        print(json.dumps(job), file=self._server.stdin, flush=True)
        return Ended(**json.loads(self._server.stdout.readline()))


def _serve(limit: str, size: int) -> None:
    """Do the jobs, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "cbpp.glmm"
        spec.write_text(CBPP)
        run("check", spec)  # which loads what a spec and its data take, and starts nothing
    resource.setrlimit(getattr(resource, limit), (size, size))
    answers = os.fdopen(os.dup(1), "w")
    while line := sys.stdin.buffer.raw.readline():
        job = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # JAX warns of forks
                child = os.fork()
            if child == 0:
                nowhere = os.open(os.devnull, os.O_RDONLY)
                for descriptor, file in enumerate((nowhere, out.fileno(), err.fileno())):
                    os.dup2(file, descriptor)
                _run(job["code"], job["arguments"])
            answer = _watched(child, job["seconds"])
            for name, file in (("stdout", out), ("stderr", err)):
                file.seek(0)
                answer[name] = file.read().decode()
        print(json.dumps(answer), file=answers, flush=True)


def _run(code: str, arguments: list[str]) -> NoReturn:
    """Run a job in its fork, and end that without clearing up what the libraries loaded: it takes long."""
    sys.argv = ["glmmspec", *arguments]
    returned: object = 0
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as ended:
        returned = ended.code or 0
    except BaseException:
        traceback.print_exc()
        returned = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(returned if isinstance(returned, int) else 1)


def _watched(child: int, seconds: float) -> dict[str, object]:
    """Wait for a fork, or kill it when its seconds are over."""
    began, late = time.monotonic(), False
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() - began > seconds:
            late = True
            os.kill(child, 9)
        time.sleep(0.01)
    code = os.waitstatus_to_exitcode(ended[1])
    return {"returncode": code, "seconds": time.monotonic() - began, "late": late}


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
