from __future__ import annotations

from pathlib import Path

import pytest

import glmmspec as gs
from glmmspec.translation import TARGETS, translate
from tests.cli.support import CBPP, ROOT, run


@pytest.mark.parametrize("to", TARGETS)
def test_prints_the_code(spec: Path, to: str) -> None:
    result = run("translate", spec, "--to", to)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == translate(gs.parse(CBPP), to)


def test_data_given_are_read_from_here(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = spec.parent / "here"
    here.mkdir()
    (here / "some.csv").write_text((ROOT / "glmmspec/datasets/cbpp.csv").read_text())
    monkeypatch.chdir(here)
    assert f'"{here / "some.csv"}"' in run("translate", spec, "--to", "lme4", "--data", "some.csv").stdout


def test_no_translation_is_the_answer_no(spec: Path) -> None:
    spec.write_text(CBPP + "offset log(size)\n")
    result = run("translate", spec, "--to", "glmm")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: glmm ignores offsets, and the model has one, log(size)\n"


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ("", ["--to", "lme"], "did you mean 'lme4'?"),
        ("", [], "Missing option '--to'"),
        ("hed", ["--to", "lme4"], "did you mean 'herd'?"),
    ],
)
def test_bad_use(spec: Path, change: str, arguments: list[str], said: str) -> None:
    spec.write_text(CBPP.replace("herd", change or "herd"))
    result = run("translate", spec, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
