"""docs/plots.md: its code runs, and its pictures are those that docs/plots.py draws."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import glmmspec as gs
from tests import pages

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plots.md").read_text()


def test_the_page_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    blocks = pages.run(PAGE)
    assert len(blocks) == 2
    for code, shown, printed in blocks:
        assert pages.agree(shown, printed), f"{code}\nprints\n{printed}\nand not\n{shown}"
    assert (tmp_path / "estimates.png").stat().st_size > 1000


def test_the_page_names_every_function() -> None:
    named = set(re.findall(r"^\| `gs\.(plot_\w+)", PAGE, re.MULTILINE))
    assert named == {name for name in gs.__all__ if name.startswith("plot_")}


def test_the_page_shows_every_picture() -> None:
    shown = re.findall(r"^!\[.+\]\((.+)\)$", PAGE, re.MULTILINE)
    assert sorted(shown) == sorted(f"plots/{path.name}" for path in (ROOT / "docs" / "plots").iterdir())


@pytest.mark.slow
def test_the_pictures_are_those_that_are_drawn(tmp_path: Path) -> None:
    """Their words, that is: the last digits of numbers differ from one machine to another."""
    subprocess.run([sys.executable, ROOT / "docs" / "plots.py", tmp_path], check=True, timeout=280)
    for path in (ROOT / "docs" / "plots").iterdir():
        drawn = (tmp_path / path.name).read_text(encoding="utf-8")
        assert _words(path.read_text(encoding="utf-8")) == _words(drawn), path.name


def _words(svg: str) -> set[str]:
    return set(re.findall(r"<text[^>]*>([^<]*[a-zA-Z][^<]*)</text>", svg))
