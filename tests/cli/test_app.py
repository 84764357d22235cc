"""The command as a whole: help, version, exit codes, and what it loads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import glmmspec
from glmmspec import grammar
from tests.cli.support import CBPP, ROOT, environment, program, run

COMMANDS = ("fit", "check", "fmt", "compile", "data", "explain-error")
NUMERICAL = ("numpy", "pandas", "scipy", "jax", "formulaic", "pyarrow", "narwhals", "rich")


def test_alone_it_prints_help() -> None:
    result = run()
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_plain_text(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: glmmspec {command}")
    assert "\x1b" not in result.stdout


def test_version() -> None:
    assert run("--version").stdout == f"glmmspec {glmmspec.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["fti"], ["fit"], ["fit", "x.glmm", "--drwas", "3"], ["check", "--jsn"]]
)
def test_bad_use_exits_with_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_a_spec_that_is_not_there_exits_with_2() -> None:
    result = run("check", "nowhere.glmm")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: cannot read nowhere.glmm: No such file or directory [G157]\n")


def _raising(error: BaseException) -> Callable[..., None]:
    def read(path: Path, family: str | None) -> None:
        raise error

    return read


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["compile"],
        ["explain"],
        ["fit"],
        ["fit", "--verify", "fit.json"],
        ["sample"],
        ["validate"],
        ["compare"],
        ["study", "--truth", "herd=1"],
        ["translate", "--to", "lme4"],
    ],
)
def test_a_family_given_beside_the_spec_is_the_specs(command: list[str], spec: Path, record: Path) -> None:
    arguments = [str(record) if each == "fit.json" else each for each in (*command, spec)]
    ended = run(*arguments, "--family", "poisson")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "the spec says family binomial, but family poisson was asked for [G136]" in ended.stderr


def test_a_family_is_given_to_a_spec_that_says_none(spec: Path) -> None:
    compiled = run("compile", spec).stdout
    spec.write_text(CBPP.replace("family binomial\n", ""))
    assert run("compile", spec, "--family", "binomial").stdout == compiled
    ended = run("compile", spec)
    assert ended.exit_code == 2
    assert "--family at the command line" in ended.stderr
    ended = run("compile", spec, "--family", "binomal")
    assert ended.exit_code == 2
    assert "did you mean 'binomial'?" in ended.stderr


def test_an_interrupt_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "read", _raising(KeyboardInterrupt()))
    result = run("check", "x.glmm")
    assert result.exit_code == 130
    assert re.fullmatch(r"interrupted.*\n", result.stderr)


def test_an_internal_error_is_one_line_and_70(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "read", _raising(ZeroDivisionError("oops")))
    monkeypatch.delenv("GLMMSPEC_TRACEBACK", raising=False)
    result = run("check", "x.glmm")
    assert result.exit_code == 70
    assert result.stderr.startswith("internal error: ZeroDivisionError: oops; please report it")
    assert result.stderr.count("\n") == 1


def test_the_traceback_of_an_internal_error_is_there_for_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "read", _raising(ZeroDivisionError("oops")))
    monkeypatch.setenv("GLMMSPEC_TRACEBACK", "1")
    assert "Traceback" in run("check", "x.glmm").stderr


def test_an_output_that_nobody_reads_ends_it_quietly(spec: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = program("compile", spec, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_output_that_is_full_is_an_error(spec: Path) -> None:
    with open("/dev/full", "w") as full:
        ended = program("compile", spec, stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == "error: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["data"],
        ["check", "--quick"],
        ["compile"],
        ["fmt", "--check"],
        ["explain-error", "G012"],
    ],
)
def test_the_quick_commands_load_no_numerical_package(arguments: list[str], spec: Path) -> None:
    """In a process of its own, which has not loaded them for another test."""
    files = [] if arguments[0] in ("--version", "data", "explain-error") else [str(spec)]
    code = (
        "import sys; from glmmspec.cli.app import app\n"
        f"assert not app({[*arguments, *files]!r}, standalone_mode=False)\n"
        f"print([name for name in {NUMERICAL!r} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.endswith("[]\n"), ended.stdout + ended.stderr


def test_a_quick_check_of_a_text_file_loads_no_pandas(tmp_path: Path) -> None:
    (tmp_path / "cbpp.csv").write_text((ROOT / "glmmspec/datasets/cbpp.csv").read_text())
    (tmp_path / "x.glmm").write_text(CBPP.replace("data cbpp", 'data "cbpp.csv"'))
    code = (
        "import sys; from glmmspec.cli.app import app\n"
        f"assert not app(['check', '--quick', {str(tmp_path / 'x.glmm')!r}], standalone_mode=False)\n"
        "print([name for name in ('pandas', 'jax', 'scipy') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.endswith("[]\n"), ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [(["--version"], 3), (["check", "--quick", str(ROOT / "examples/salamander.glmm")], 8)],
)
def test_time(arguments: list[str], limit: float) -> None:
    """At most so many times the processor time, the best of three, that the libraries take to load."""
    libraries = [sys.executable, "-c", "import lark, rich, typer"]
    bare = min(processor_time(lambda: subprocess.run(libraries, check=True)) for _ in range(3))
    ours = min(processor_time(lambda: program(*arguments).check_returncode()) for _ in range(3))
    assert ours < limit * bare


def processor_time(run: Callable[[], object]) -> float:
    """Of the programs that it runs."""
    before = os.times()
    run()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_the_installed_program_is_this_one() -> None:
    ended = subprocess.run(
        ["glmmspec", "--version"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert ended.stdout == f"glmmspec {glmmspec.__version__}\n"
