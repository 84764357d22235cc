"""What a notebook shows, and the cell magic."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

import glmmspec as gs
from glmmspec import html
from glmmspec.inference.bootstrap import Bootstrap
from glmmspec.inference.likelihood_ratio import LikelihoodRatioTest
from glmmspec.inference.profile import Profile
from glmmspec.inference.summary import Summary
from glmmspec.inference.wald import WaldTest
from glmmspec.printed import Printed
from glmmspec.validation.comparison import Comparison
from glmmspec.validation.report import Report
from glmmspec.validation.sbc import Ranks
from glmmspec.validation.study import Study

SPEC = "family bernoulli\nMate ~ 0 + Cross | F = Female, M = Male\n"
CBPP = "data cbpp\nfamily binomial\nproportion(incidence, size) ~ period | herd\n"


class Page(HTMLParser):
    """The text of a page, and whether every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def words(shown: Any) -> list[str]:
    return Page(shown._repr_html_()).words


def test_a_model_is_shown_as_its_text() -> None:
    model = gs.parse(SPEC)
    assert "".join(words(model)) == "".join(str(model).split())
    assert "color:" in model._repr_html_()


def test_a_design_is_shown_by_its_coefficients_and_terms() -> None:
    design = gs.bind(gs.parse(SPEC), gs.load_data("salamander"))
    found = words(design)
    assert {*design.coefficients, "Female", "Male", "F", "M", "60", "360"} <= set(found)


def test_a_fit_is_shown_by_its_summary() -> None:
    fit = gs.fit(CBPP, draws=256)
    printed, found = str(fit.summary()).split(), words(fit)
    assert set(printed) - {"effects:", "one-sided):", "---"} <= set(found)
    assert found == words(fit.summary())


def test_results_are_shown_at_a_prompt_as_they_print() -> None:
    fit = gs.fit(CBPP, draws=256)
    assert repr(fit) == str(fit) == str(fit.summary())
    for result in (fit.test("period2 = 0"), fit.bootstrap(2)):
        assert repr(result) == str(result)
        assert words(result) == str(result).split()
    tests = WaldTest, LikelihoodRatioTest, Profile, Bootstrap
    for kind in (gs.Fit, Summary, *tests, Study, Comparison, Ranks, Report):
        assert kind.__repr__ is Printed.__repr__


def test_a_design_is_told_in_few_words() -> None:
    design = gs.bind(gs.parse(SPEC), gs.load_data("salamander"))
    size, coefficients, *terms = repr(design).splitlines()
    assert size == "360 observations; family bernoulli"
    assert coefficients == f"Coefficients: {', '.join(design.coefficients)}"
    assert terms == [f"Random term: {name}, 60 effects of variance {name[0]}" for name in ("Female", "Male")]


def test_what_comes_from_a_spec_or_data_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    model = gs.parse(f"title '{evil}'\nfamily poisson\ny ~ `{evil}` | g")
    frame = pd.DataFrame({"y": [0, 1, 2, 1], evil: [1.0, 2.5, 3.0, 1.0], "g": ["a", "a", "b", "<b>"]})
    for shown in (model._repr_html_(), gs.bind(model, frame)._repr_html_()):
        assert "<script" not in shown
        assert "<b>" not in shown
    assert html.table([["<i>", "&"]]).count("<i>") == 0


@pytest.fixture
def shell() -> Any:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell = testing.start_ipython() or testing.get_ipython()
    shell.run_line_magic("load_ext", "glmmspec")
    return shell


def test_a_cell_is_a_spec(shell: Any) -> None:
    assert shell.run_cell_magic("glmm", "model", CBPP) == gs.parse(CBPP)
    assert shell.user_ns["model"] == gs.parse(CBPP)
    formula = "y ~ x | g"
    assert shell.run_cell_magic("glmm", "--family poisson", formula) == gs.parse(formula, family="poisson")


def test_a_cell_is_fitted_to_a_variable(shell: Any) -> None:
    shell.user_ns["herds"] = gs.load_data("cbpp")
    cell = CBPP.replace("data cbpp\n", "") + "solver draws = 256\n"
    fit = shell.run_cell_magic("glmm", "fit --fit --data herds", cell)
    assert fit is shell.user_ns["fit"]
    assert list(fit.params()) == pytest.approx(list(gs.fit(CBPP, draws=256).params()))


def test_a_mistake_in_a_cell_is_printed_and_assigns_nothing(shell: Any, capsys: Any) -> None:
    for line, cell, said in [
        ("wrong", CBPP.replace("herd", "hed"), "unknown column 'hed'"),
        ("wrong", "family poisson\ny ~ lgo(x) | g", "cell:2:5: unknown function 'lgo' [G101]"),
        ("wrong --data hrds", CBPP, "there is no variable 'hrds'"),
    ]:
        shell.user_ns["herds"] = gs.load_data("cbpp")
        assert shell.run_cell_magic("glmm", line, cell) is None
        assert said in capsys.readouterr().err
        assert "wrong" not in shell.user_ns


def test_a_doubt_is_printed(shell: Any, capsys: Any) -> None:
    shell.run_cell_magic("glmm", "", "data murder\nfamily poisson\ny ~ race | subject\n")
    assert "[G306]" in capsys.readouterr().err
