from __future__ import annotations

import os
from pathlib import Path

import pytest

from glmmspec.errors import GlmmSpecError
from glmmspec.files import check_writable, write_whole


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    write_whole(tmp_path / "new", "text")
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "new").read_text() == "text"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nowhere/x", "there is no such folder"), ("folder", "it is not a regular file")],
)
def test_paths_that_take_no_file(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(GlmmSpecError, match=reason):
        check_writable(tmp_path / name)


def test_a_device_is_not_replaced_by_a_file() -> None:
    with pytest.raises(GlmmSpecError, match="not a regular file"):
        write_whole(Path(os.devnull), "text")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GlmmSpecError, match="its folder is not writable"):
        check_writable(tmp_path / "x")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "x"
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(GlmmSpecError, match=r"cannot write .*/x: No space left on device"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
