"""The report as a page: complete, self-contained, and safe whatever a spec is called."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

import glmmspec as gs
from glmmspec.validation.agreement import validate
from glmmspec.validation.page import page
from glmmspec.validation.report import Report

matplotlib.use("agg")
CBPP = Path(__file__).parents[2] / "examples" / "cbpp.glmm"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def report() -> Report:
    """Too short a run, of a model with a title that is no title for a page."""
    text = CBPP.read_text().replace('title "Contagious', 'title "<script>alert(1)</script> Contagious')
    return validate(gs.parse(text), warmup=100, draws=50)


class Page(HTMLParser):
    """What a browser would load, and the ids it would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


def test_the_page_needs_nothing_else(report: Report) -> None:
    text = page(report)
    parsed = Page(text)
    assert parsed.tags.count("svg") == 6
    assert "script" not in parsed.tags
    assert all(target.startswith(("#", "data:")) for target in parsed.loaded)
    assert not re.search(r"url\((?!#)|@import", text)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {target[1:] for target in parsed.loaded if target.startswith("#")} <= set(parsed.ids)
    assert not pyplot.get_fignums()


def test_the_page_holds_the_numbers(report: Report) -> None:
    text = page(report)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Contagious" in text
    for value in report.summary().to_numpy().ravel():
        assert f"{value:.4f}" in text
    for check in report.checks:
        assert check.name.replace("'", "&#39;") in text


def test_a_short_run_does_not_pass(report: Report) -> None:
    assert not report.passed
    assert report.verdict in str(report).splitlines()[-1]
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert document["verdict"] == report.verdict
    assert len(document["parameters"]) == 25
    assert len(document["effects"]) == 15


def test_a_notebook_shows_the_checks_and_the_verdict(report: Report) -> None:
    shown = report._repr_html_()
    parsed = Page(shown)
    assert "script" not in parsed.tags
    assert parsed.tags.count("tr") == 2 + len(report.checks) + len(report.fit.params())
    assert f"Verdict: {report.verdict}" in shown
    for check in report.checks:
        assert escape(check.name) in shown
