from __future__ import annotations

from pathlib import Path

import pytest

import glmmspec as gs
from glmmspec.equations import equation
from tests.cli.support import CBPP, ROOT, run


def test_equations_and_words(spec: Path) -> None:
    model = gs.parse(CBPP)
    result = run("explain", spec)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{equation(model, design=gs.bind(model))}\n"
        "herd: random intercept for each level of herd, 15 of them; variance herd\n"
        "56 observations; 15 independent blocks of up to 1 effect\n"
    )


def test_without_data(spec: Path) -> None:
    text = "family poisson\ny ~ x | V = g, V = (0 + x | h)\n"
    spec.write_text(f'title "a\\nb"\n{text}')
    assert run("explain", spec).stdout == (
        f"a\\nb\n\n{equation(gs.parse(text))}\n"
        "g: random intercept for each level of g; variance V, shared with h:x\n"
        "h:x: random slope on x for each level of h; variance V, shared with g\n"
    )


def test_data_given(spec: Path) -> None:
    spec.write_text(CBPP.replace("data cbpp\n", ""))
    data = ROOT / "glmmspec/datasets/cbpp.csv"
    assert (
        "4 independent blocks of up to 1 effect"
        in run("explain", _with(spec, "| period"), "--data", data).stdout
    )


def test_latex_alone(spec: Path) -> None:
    model = gs.parse(CBPP)
    assert run("explain", spec, "--latex").stdout == equation(model, "latex", design=gs.bind(model))


@pytest.mark.parametrize("option", [[], ["--latex"]])
def test_a_wrong_spec(spec: Path, option: list[str]) -> None:
    result = run("explain", _with(spec, "| hed"), *option)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'herd'?" in result.stderr


def _with(spec: Path, random: str) -> Path:
    spec.write_text(spec.read_text().replace("| herd", random))
    return spec
