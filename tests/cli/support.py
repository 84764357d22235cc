"""Running the command: in this process, and as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from typer.testing import CliRunner, Result

from glmmspec.cli.app import app

ROOT = Path(__file__).parents[2]

CBPP = "data cbpp\nfamily binomial\ncbind(incidence, size - incidence) ~ period | herd\n"


def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    """The command in this process; an exception that it lets through fails the test."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin, prog_name="glmmspec")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def program(*arguments: object, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """The command as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "glmmspec", *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
        timeout=120,
    )


def limited(limit: str, size: int, command: list[str]) -> list[str]:
    """The command in a process with a limit of the operating system, set there: no fork of this one."""
    code = f"import os, resource, sys; resource.setrlimit(resource.{limit}, ({size}, {size}));"
    return [sys.executable, "-c", f"{code} os.execv(sys.argv[1], sys.argv[1:])", *command]


def environment(**more: str) -> dict[str, str]:
    """The environment, with the folder of this Python's programs first on the path."""
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **more}
