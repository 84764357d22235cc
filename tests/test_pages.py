"""The pages whose examples print what they show (tests/pages.py)."""

from pathlib import Path

import pytest

from tests import pages

ROOT = Path(__file__).parent.parent


PAGES = (
    "vignette", "coming-from-r", "coming-from-lme4", "prediction", "keeping", "comparison", "notebook",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("inference", "validation", "tutorial")),
)  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_is_printed(name, tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    blocks = pages.run((ROOT / "docs" / f"{name}.md").read_text())
    assert blocks
    for code, shown, printed in blocks:
        assert pages.agree(shown, printed), f"{code}\nprints\n{printed}\nand not\n{shown}"


def test_what_agrees():
    assert pages.agree("estimate  1.016", "estimate 1.018")
    assert pages.agree("p 1.4e-05", "p 1.41e-05")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("x 1.016", "x 1.031"),
        ("x 1.016", "y 1.016"),
        ("x 1.016", "x -1.016"),
        ("x 1 2", "x 1"),
        ("p 1.4e-05", "p 1.4e-06"),
        ("", "Warning: something"),
    ],
)
def test_what_does_not_agree(shown, printed):
    assert not pages.agree(shown, printed)


def test_a_page_is_rewritten():
    page = "Text.\n\n```python\nx = 2\nprint(x)\n```\n\n```text\n3\n```\n\n```python\ny = x\n```\n\nMore.\n"
    assert pages.rewritten(page) == page.replace("3", "2")
    assert pages.rewritten(pages.rewritten(page)) == pages.rewritten(page)
