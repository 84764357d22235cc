"""The code itself: what it says, that nothing breaks out of it, and the reasons where there is none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings

import glmmspec as gs
from glmmspec.errors import TranslationError
from glmmspec.expression import Name, quoted_text
from glmmspec.ir import Model
from glmmspec.translation import TARGETS, translate
from glmmspec.translation.text import plain_names
from tests import strategies

ROOT = Path(__file__).parents[2]
SALAMANDER = gs.read(ROOT / "examples/salamander.glmm")
READING = """\
data <- read.csv(
  "salamander.csv",
  na.strings = c("", "NA"),
  check.names = FALSE,
  colClasses = c("Cross" = "character")
)
data$Cross <- factor(data$Cross, levels = c("R/R", "R/W", "W/R", "W/W"))
data$Female <- factor(data$Female)
data$Male <- factor(data$Male)
"""

CALLS = {
    "glmm": """\
glmm(
  as.integer(Mate) ~ 0 + Cross,
  random = list(~ 0 + Female, ~ 0 + Male),
  varcomps.names = c("F", "M"),
  data = data,
  family.glmm = bernoulli.glmm,
  m = 10000
)""",
    "lme4": """\
glmer(
  Mate ~ 0 + Cross + (1 | Female) + (1 | Male),
  data = data,
  family = binomial
)""",
    "glmmTMB": """\
glmmTMB(
  Mate ~ 0 + Cross + (1 | Female) + (1 | Male),
  data = data,
  family = binomial
)""",
    "brms": """\
brm(
  Mate ~ 0 + Cross + (1 | Female) + (1 | Male),
  data = data,
  family = bernoulli(),
  chains = 4,
  warmup = 1000,
  iter = 2000,
  seed = 1
)""",
    "bambi": """\
bmb.Model(
    "Mate ~ 0 + Cross + (1|Female) + (1|Male)",
    data,
    family="bernoulli"
)""",
}


@pytest.mark.parametrize("to", TARGETS)
def test_the_salamander_model(to: str) -> None:
    code = translate(SALAMANDER, to)
    assert code.startswith("# Salamander mating\n")
    assert CALLS[to] in code
    if to != "bambi":
        assert READING in re.sub(r'"[^"\n]*/salamander.csv"', '"salamander.csv"', code)
        assert f"library({to})\n" in code


def test_shared_variances_and_options_go_to_glmm() -> None:
    code = translate(
        gs.parse(
            "data salamander\nfamily bernoulli\nMate ~ 1 | V = Female, M = Male, V = Cross\n"
            "solver draws = 500, seed = 7, start = zero"
        ),
        "glmm",
    )
    assert '  varcomps.names = c("V", "M"),\n  varcomps.equal = c(1, 2, 1),\n' in code
    assert "  m = 500,\n  doPQL = FALSE\n" in code
    assert "set.seed(7)\n" in code


@pytest.mark.parametrize(
    ("to", "family", "text", "reason"),
    [
        *(
            (to, "bernoulli", "Mate ~ 1 | V = Female, V = Male", "(1 | Female) and (1 | Male) share 'V'")
            for to in ("lme4", "glmmTMB", "brms", "bambi")
        ),
        *(
            (
                to,
                "bernoulli",
                "Mate ~ 1 | Male, log(Female + 0.5)",
                "the random coefficient on log(Female + 0.5)",
            )
            for to in ("lme4", "glmmTMB", "brms", "bambi")
        ),
        ("glmm", "poisson", "Mate ~ 1 | Female\noffset 0.5", "glmm ignores offsets"),
        ("lme4", "bernoulli", "Mate ~ 1 | Female\nweights Mate + 0.5", "rounds weights that are not whole"),
        ("bambi", "bernoulli", "Mate ~ 1 | Female\nweights Mate + 1", "weights with a Poisson response only"),
    ],
)
def test_the_reason_where_there_is_no_translation(to: str, family: str, text: str, reason: str) -> None:
    data = gs.load_data("salamander").astype({"Female": int})
    with pytest.raises(TranslationError, match=re.escape(reason)):
        translate(gs.parse(f"family {family}\n{text}"), to, data)


def test_an_unknown_program() -> None:
    with pytest.raises(gs.SpecError, match="did you mean 'lme4'"):
        translate(SALAMANDER, "lme")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("y ~ x | g", "say it with a bar: (1 | g)"),
        ("y ~ x | log(x):I(x + 1)", "write (0 + x | g)"),
        ("y ~ x + (1 | g)\nweights w", "give the data"),
    ],
)
def test_what_needs_the_data_says_so(text: str, remedy: str) -> None:
    with pytest.raises(gs.SpecError, match=re.escape(remedy)) as raised:
        translate(gs.parse(f"family bernoulli\n{text}"), "lme4")
    assert not isinstance(raised.value, TranslationError)


@pytest.mark.parametrize("to", TARGETS)
def test_declared_factors_need_no_data(to: str) -> None:
    model = gs.parse("family poisson\nfactor g\ny ~ x | g, factor(h), (0 + x | g)")
    assert "# data: your data frame\n" in translate(model, to)


def test_names_that_other_programs_cannot_take_become_plain_ones() -> None:
    wanted = ["x", "a b", "a_b", "a  b", "if", "1", "é"]
    plain = plain_names(wanted, lambda name: name.isascii() and name.isidentifier() and name != "if")
    assert plain == {
        "x": "x", "a b": "a_b_2", "a_b": "a_b", "a  b": "a_b_3", "if": "if_2", "1": "x_1", "é": "x_2",
    }  # fmt: skip


HOSTILE = 'x"); quit() #\n`\\'


@pytest.mark.parametrize("to", TARGETS)
def test_nothing_breaks_out_of_the_code(to: str) -> None:
    data = gs.load_data("salamander")[["Mate", "Female", "Cross"]].rename(columns={"Female": HOSTILE})
    data[HOSTILE + "2"] = data.pop("Cross").replace({"R/R": HOSTILE})
    name, other = (str(Name(each)) for each in (HOSTILE, HOSTILE + "2"))
    text = f"title {quoted_text(HOSTILE)}\nfamily bernoulli\nMate ~ {other} | {name}"
    code = translate(gs.parse(text), to, data)
    _assert_only_strings_hold("quit()", code, to)


@given(strategies.models())
@settings(max_examples=60, deadline=None)
def test_python_code_of_any_model_is_python(model: Model) -> None:
    """Models without data: each is code or a reason."""
    without = Model.from_json(model.to_json())
    object.__setattr__(without, "data", None)
    try:
        code = translate(without, "bambi")
    except gs.SpecError:
        return
    ast.parse(code)


def _assert_only_strings_hold(word: str, code: str, to: str) -> None:
    """Outside strings and comments the word does not stand."""
    string = r'"(?:\\.|[^"\\\n])*"'
    bare = re.sub(rf"{string}|#[^\n]*", "", code) if to != "bambi" else _without_strings(code)
    assert word in code
    assert word not in bare


def _without_strings(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)
