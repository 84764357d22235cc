"""`glmmspec fit --plot DIR`, and the pictures of docs/plots.md, which it draws."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from glmmspec.cli.pictures import NAMES
from glmmspec.inference.fit import Fit
from tests.cli.support import CBPP, program, run


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "cbpp.glmm"
    path.write_text(CBPP)
    return path


def test_it_writes_the_pictures_and_says_which(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    result = run("fit", spec, "--draws", 512, "--plot", folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("Formula: ")
    assert result.stderr == f"drawn: {', '.join(str(folder / f'{name}.svg') for name in NAMES)}\n"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert "<svg" in (folder / f"{name}.svg").read_text()
    assert ">period4<" in (folder / "estimates.svg").read_text()


def test_equal_fits_give_equal_files_without_a_display(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    assert run("fit", spec, "--draws", 512, "--plot", folders[0]).exit_code == 0
    monkeypatch.setenv("MPLBACKEND", "module://no_such_display")
    ended = program("fit", spec, "--draws", 512, "--plot", folders[1])
    assert ended.returncode == 0, ended.stderr
    for name in NAMES:
        one, two = ((folder / f"{name}.svg").read_text() for folder in folders)
        assert one == two


def test_the_folder_is_checked_before_the_fit(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glmmspec.cli.fit._fitted", None)
    result = run("fit", spec, "--plot", "nowhere")
    assert result.exit_code == 2
    assert result.stderr == "error: cannot write nowhere/estimates.svg: there is no such folder\n"


def test_json_stays_json_and_the_exit_code_that_of_the_fit(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fit, "reliable", False)
    result = run("fit", spec, "--draws", 512, "--json", "--plot", tmp_path)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reliable"] is False
    assert "not a reliable fit" in (tmp_path / "estimates.svg").read_text()


def test_a_file_that_cannot_be_written_keeps_what_it_held(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "estimates.svg").write_text("before")
    monkeypatch.setattr(os, "fsync", fail)
    result = run("fit", spec, "--draws", 512, "--plot", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.endswith("estimates.svg: No space left on device\n")
    assert (tmp_path / "estimates.svg").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cbpp.glmm", "estimates.svg"]


def test_names_in_a_script_that_the_font_lacks_are_no_warning(tmp_path: Path) -> None:
    spec = tmp_path / "names.glmm"
    rows = "".join(f"{g},{y}\n" for g in "鱼鸟兽" for y in (0, 1, 3, 2, 5, 1))
    (tmp_path / "data.csv").write_text("动物,y\n" + rows, encoding="utf-8")
    spec.write_text('data "data.csv"\nfamily poisson\ny ~ 1 | 动物\n', encoding="utf-8")
    result = run("fit", spec, "--draws", 512, "--plot", tmp_path)
    assert result.stderr.startswith("drawn: ")
    assert ">鱼<" in (tmp_path / "random_effects.svg").read_text(encoding="utf-8")


def test_verify_draws_nothing(spec: Path, tmp_path: Path) -> None:
    result = run("fit", spec, "--verify", tmp_path / "fit.json", "--plot", tmp_path)
    assert result.exit_code == 2
    assert "leave out --plot\n" in result.stderr
