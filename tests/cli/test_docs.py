"""The examples of the pages that show commands print what the page says."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from glmmspec.cli.outcome import INTERNAL_ERROR
from tests.cli.support import ROOT, environment, run


@pytest.mark.parametrize(("page", "least"), [("cli.md", 11), ("translate.md", 4)])
def test_every_example(page: str, least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the page's order: later examples use the files of earlier ones."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE
    )
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    commands = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    assert len(commands) >= least
    for command, _, wanted in (part.partition("\n") for part in commands):
        code, printed = _outcome(command)
        assert code < INTERNAL_ERROR, printed
        assert _agree(command, wanted, printed), f"$ {command}\nprinted\n{printed}\nand not\n{wanted}"


def _outcome(command: str) -> tuple[int, str]:
    """Exit code and output; what takes a shell is run by one, the rest in this process, which is quicker."""
    if re.fullmatch(r"glmmspec [^|>]*", command):
        result = run(*shlex.split(command)[1:])
        return result.exit_code, result.output
    ended = subprocess.run(
        command,
        shell=True,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout


def _agree(command: str, wanted: str, got: str) -> bool:
    """Of estimates, whose digits may differ from one machine to another, only the words are compared."""
    if command.split()[1] in ("fit", "show", "compare", "study"):
        wanted, got = _words(wanted), _words(got)
    return doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)


def _words(text: str) -> str:
    return re.sub(r" +", " ", re.sub(r"-?\d+(\.\d+)?(e-\d+)?", "#", text))
