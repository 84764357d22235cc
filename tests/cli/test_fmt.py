from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import CBPP, run

UGLY = "data   cbpp # zebu\nfamily binomial\ncbind(incidence,size-incidence)~period|herd\n"
NEAT = "data cbpp # zebu\nfamily binomial\ncbind(incidence, size - incidence) ~ period | herd\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "ugly.glmm"
    path.write_text(UGLY)
    return path


def _same_layout(text: str) -> bool:
    return [" ".join(line.split()) for line in text.splitlines()] == NEAT.splitlines()


def test_formats_in_place_and_keeps_the_mode(ugly: Path) -> None:
    ugly.chmod(0o640)
    result = run("fmt", ugly)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{ugly} formatted\n")
    assert _same_layout(ugly.read_text())
    assert ugly.stat().st_mode & 0o777 == 0o640
    assert list(ugly.parent.iterdir()) == [ugly]


def test_leaves_a_formatted_file_untouched(spec: Path) -> None:
    before = spec.stat()
    result = run("fmt", spec)
    assert (result.exit_code, result.output) == (0, "")
    after = spec.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_goes_on_pointing_to_its_file(ugly: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.glmm"
    link.symlink_to(ugly)
    run("fmt", link)
    assert link.is_symlink()
    assert _same_layout(ugly.read_text())


def test_check_writes_nothing_and_exits_with_1(ugly: Path, spec: Path) -> None:
    result = run("fmt", "--check", spec, ugly)
    assert (result.exit_code, result.stderr) == (1, f"{ugly} would change\n")
    assert ugly.read_text() == UGLY
    assert run("fmt", "--check", spec).exit_code == 0


def test_diff_prints_the_changes_and_writes_nothing(ugly: Path) -> None:
    result = run("fmt", "--diff", ugly)
    assert result.exit_code == 0
    assert "-cbind(incidence,size-incidence)~period|herd\n" in result.stdout
    assert "+cbind(incidence, size - incidence) ~ period | herd\n" in result.stdout
    assert ugly.read_text() == UGLY
    assert run("fmt", "--diff", "--check", ugly).exit_code == 1


def test_stdin_to_stdout() -> None:
    result = run("fmt", "-", stdin=UGLY)
    assert result.exit_code == 0
    assert _same_layout(result.stdout)
    assert run("fmt", "-", stdin=CBPP).stdout == CBPP
    assert run("fmt", "--check", "-", stdin=CBPP).stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("family binomial\ny ~ (1 | g", "<stdin>:2:"), (b"\xff", "error: <stdin> is not UTF-8 text (byte 1)")],
)
def test_a_wrong_stdin(text: str | bytes, said: str) -> None:
    result = run("fmt", "-", stdin=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)


def test_a_wrong_file_is_left_and_the_others_are_formatted(ugly: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.glmm"
    wrong.write_text("y ~ (1 | g")
    result = run("fmt", wrong, ugly)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{wrong}:1:")
    assert wrong.read_text() == "y ~ (1 | g"
    assert _same_layout(ugly.read_text())
