"""The site: its pages and its diagrams. That its links lead somewhere is found by building it (.ci/run)."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import glmmspec as gs

DOCS = Path(__file__).parent.parent / "docs"
REFERENCE = (DOCS / "language.md").read_text()
DIAGRAMS = runpy.run_path(str(DOCS / "diagrams.py"))


def test_every_page_is_in_the_navigation():
    listed = re.findall(r": (\S+\.md)$", (DOCS / "site" / "mkdocs.yml").read_text(), re.MULTILINE)
    assert {page.name for page in DOCS.glob("*.md")} <= set(listed)


def test_every_public_name_is_on_the_page_of_names():
    listed = re.findall(r"^::: glmmspec\.(\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(set(gs.__all__) - {"__version__"})


def test_the_diagrams_are_those_of_the_grammar():
    drawn = DIAGRAMS["diagrams"](DIAGRAMS["GRAMMAR"].read_text())
    assert {file.stem: file.read_text() for file in (DOCS / "grammar").iterdir()} == drawn


def test_the_reference_shows_every_diagram():
    shown = re.findall(r"^#### (\w+)\n\n!\[.*\]\(grammar/\1\.svg\)$", REFERENCE, re.MULTILINE)
    assert sorted(shown) == sorted(file.stem for file in (DOCS / "grammar").iterdir())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('a: "x"i b?', ["x", "b"]),
        ("a: b -> one | -> none", ["b"]),
        ('a: b ("," b)*', ["b", ","]),
        ('a: [b] C\nC: "c" | "d"', ["b", "c", "d"]),
        ("a: C\nC: /c/", ["C"]),
        ('a: "x".."z" b~2..3', ["x…z", "b", "2 to 3 times"]),
        ("a: _sep{b, C}", ["sep{b, C}"]),
    ],
)
def test_a_diagram_holds_the_words_of_its_rule(rule, words):
    assert re.findall(r"<text[^>]*>([^<]*)", DIAGRAMS["diagrams"](f"{rule}\n")["a"]) == words


def test_a_rule_that_begins_with_itself_is_a_loop():
    left, right = (DIAGRAMS["diagrams"](f"{rule}\n")["a"] for rule in ('a: b | a "+" b', 'a: b ("+" b)*'))
    assert left == right
