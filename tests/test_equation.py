from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings

import glmmspec as gs
from glmmspec.equations import equation
from glmmspec.ir import Model
from tests import strategies

SALAMANDER = gs.read(Path(__file__).parents[1] / "examples/salamander.glmm")


def test_the_model_of_the_vignette_with_its_data() -> None:
    assert equation(SALAMANDER, design=gs.bind(SALAMANDER)) == (
        "Mate[i] | u ~ Bernoulli(p[i])\n"
        "logit(p[i]) = beta1 (CrossR/R)[i] + beta2 (CrossR/W)[i] + beta3 (CrossW/R)[i]\n"
        "              + beta4 (CrossW/W)[i] + u^F[Female[i]] + u^M[Male[i]]\n"
        "u^F[j]      ~ N(0, nu^F), independent, j = 1, ..., 60\n"
        "u^M[j]      ~ N(0, nu^M), independent, j = 1, ..., 60\n"
    )


def test_the_model_without_data() -> None:
    text = "family binomial\nproportion(s, n) ~ trt | V = g, V = h\noffset log(x)\nweights w"
    assert equation(gs.parse(text)) == (
        "s[i] | u    ~ Binomial(n[i], p[i])\n"
        "logit(p[i]) = beta0 + beta1 trt[i] + (log(x))[i] + u^g[g[i]] + u^h[h[i]]\n"
        "u^g[j]      ~ N(0, nu^V), independent\n"
        "u^h[j]      ~ N(0, nu^V), independent\n"
        "              the log density of row i counts w[i] times\n"
        "              a factor stands for the indicators of its levels, each with its coefficient\n"
    )


def test_estimates_in_latex_as_in_section_4_of_the_vignette() -> None:
    design = gs.bind(SALAMANDER)
    latex = equation(SALAMANDER, "latex", design=design, estimates=[1.00818, 0.32, -1.9, 1, 1.4, 1.25])
    assert latex == (
        "\\begin{align*}\n"
        "\\text{Mate}_i \\mid u &\\sim \\operatorname{Bernoulli}(p_i) \\\\\n"
        "\\log \\frac{p_i}{1 - p_i} &= 1.008 \\, \\text{CrossR/R}_i + 0.32 \\, \\text{CrossR/W}_i"
        " - 1.9 \\, \\text{CrossW/R}_i + 1 \\, \\text{CrossW/W}_i \\\\\n"
        "&\\quad + u^{\\text{F}}_{\\text{Female}(i)}"
        " + u^{\\text{M}}_{\\text{Male}(i)} \\\\\n"
        "u^{\\text{F}}_{j} &\\sim N(0, 1.4) \\text{, independent}, \\quad j = 1, \\dots, 60 \\\\\n"
        "u^{\\text{M}}_{j} &\\sim N(0, 1.25) \\text{, independent}, \\quad j = 1, \\dots, 60\n"
        "\\end{align*}\n"
    )


@pytest.mark.parametrize(
    ("entry", "summand"),
    [
        ("V = Female:age", "u^V[Female[i]] age[i]"),
        ("(0 + age | Female)", "u^(Female:age)[Female[i]] age[i]"),
        ("Female:half", "u^(Female:half)[(Female:half)[i]]"),
        ("log(age)", "u^(log(age)) (log(age))[i]"),
    ],
)
def test_what_groups_and_what_multiplies(entry: str, summand: str) -> None:
    data = gs.load_data("salamander").assign(age=range(1, 361), half=["a", "b"] * 180)
    model = gs.parse(f"family bernoulli\nMate ~ 1 | {entry}")
    assert f"beta0 + {summand}\n" in equation(model, design=gs.bind(model, data))


def test_a_response_that_is_a_factor_says_what_is_1() -> None:
    model = gs.parse("family bernoulli\nlevels y = n, y\ny ~ 1 | g")
    assert "y[i] is 1 for y, 0 for n\n" in equation(model)


def test_no_fixed_effects_are_no_summand() -> None:
    assert "log(mu[i]) = u^g[g[i]]\n" in equation(gs.parse("family poisson\ny ~ 0 | g"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"format": "html"}, "known: text, latex"), ({"estimates": [1.0]}, "without the design")],
)
def test_misuse(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(gs.SpecError, match=message):
        equation(SALAMANDER, **arguments)


@given(strategies.models())
@settings(max_examples=50, deadline=None)
def test_latex_of_any_model_is_balanced_and_escaped(model: Model) -> None:
    latex = equation(model, "latex")
    bare = re.sub(r"\\[\\&%$#_{}]", "", latex)
    assert bare.count("{") == bare.count("}")
    body = "\n".join(bare.splitlines()[1:-1])
    assert not set("%$#~") & set(body)
    assert len(re.findall("&", body)) == len(latex.splitlines()) - 2


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_compiles(tmp_path: Path) -> None:
    text = "family binomial\ncbind(`a_b`, `c%d`) ~ `e\\\\f` * `g~{h}` + `$#&^<|>\"` | `in {` = g, `x'y`"
    models = [SALAMANDER, gs.parse(text + "\nweights w\noffset log(o_o)")]
    pages = "".join(equation(model, "latex") for model in models)
    source = f"\\documentclass{{article}}\\usepackage{{amsmath}}\\begin{{document}}{pages}\\end{{document}}"
    (tmp_path / "page.tex").write_text(source)
    ended = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout[-2000:]
