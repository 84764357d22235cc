from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.advice import advice
from glmmspec.cli.forecast import lines
from glmmspec.design import bind
from glmmspec.grammar import parse
from glmmspec.mistakes import MISTAKES
from glmmspec.solver.forecast import forecast
from tests.cli.support import CBPP, ROOT, run
from tests.hard_data import POISSON as HARD

CSV = (ROOT / "glmmspec/datasets/cbpp.csv").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            CBPP,
            "ok (binomial, 2 fixed terms, 1 random term, 1 variance component,"
            " 56 observations, 15 blocks of up to 1 effect)\n"
            "  15 blocks of up to 1 effect: quadrature over the effects of herd\n"
            "  quadrature: 7 nodes in each dimension at first",
        ),
        (
            "data salamander\nfamily bernoulli\nMate ~ 0 + Cross | F = Female, M = Male\n",
            "ok (bernoulli, 1 fixed term, 2 random terms, 2 variance components,"
            " 360 observations, 6 blocks of up to 20 effects)\n"
            "  6 blocks of up to 20 effects: the effects of Female and Male are drawn\n"
            "  draws of each block: 512 at first, then as many as bring the Monte Carlo error to 0.05"
            " standard errors, at most 65,536 (what memory holds)",
        ),
        (
            "family poisson\ny ~ 1 | g, h\n",
            "ok (poisson, 1 fixed term, 2 random terms, 2 variance components,"
            " no data named: columns not checked)",
        ),
    ],
)
def test_says_what_the_model_is(spec: Path, text: str, said: str) -> None:
    spec.write_text(text)
    result = run("check", spec)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{spec}: {said}\n", "")


@pytest.mark.parametrize("data", ["data cbpp", 'data "cbpp.csv"'])
def test_an_unknown_column_is_found_without_reading_the_data(spec: Path, data: str) -> None:
    (spec.parent / "cbpp.csv").write_text(CSV.splitlines()[0])
    spec.write_text(CBPP.replace("data cbpp", data).replace("herd", "hed"))
    result = run("check", "--quick", spec)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{spec}:3:47: unknown column 'hed' in data 'cbpp")
    assert "did you mean 'herd'?" in result.stderr


def test_a_missing_data_file_is_an_error(spec: Path) -> None:
    spec.write_text(CBPP.replace("data cbpp", 'data "cbpp.csv"'))
    result = run("check", spec)
    assert result.exit_code == 2
    assert "there is no file" in result.stderr


def test_with_data_it_binds_them(spec: Path, tmp_path: Path) -> None:
    data = tmp_path / "some.csv"
    data.write_text(CSV)
    result = run("check", spec, "--data", data)
    assert result.exit_code == 0
    assert "56 observations" in result.stdout
    data.write_text("herd,incidence,size,period\n1,2,1,1\n2,0,4,2\n")
    result = run("check", spec, "--data", data)
    assert result.exit_code == 2
    assert "size - incidence = -1 is not a whole number from 0 up (row 1)" in result.stderr


def test_json(spec: Path) -> None:
    result = run("check", spec, "--json", "--quick")
    assert json.loads(result.stdout) == {
        "ok": True,
        "errors": [],
        "family": "binomial",
        "fixed_terms": 2,
        "random_terms": 1,
        "variance_components": 1,
        "data": "cbpp",
    }


def test_json_of_a_bound_model(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text(CSV)
    answer = json.loads(run("check", spec, "--json", "--data", tmp_path / "some.csv").stdout)
    assert answer["observations"] == 56
    assert answer["parameters"][-1] == "herd"
    assert answer["warnings"] == []
    assert answer["integration"] == [
        {"blocks": 15, "largest_block": 1, "drawn": [], "quadrature": [["herd"]]}
    ]
    assert (answer["first_nodes"], answer["first_draws"], answer["most_draws"]) == (7, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "TICKS ~ 1 | BROOD, LOCATION, INDEX\n",
            [
                "63 blocks of up to 29 effects: quadrature over the effects of LOCATION, then of BROOD,"
                " then of INDEX"
            ],
        ),
        (
            "TICKS ~ 1 | LOCATION, YEAR\nsolver blocks = conditional, integration = importance\n",
            ["1 block of 66 effects: the effects of LOCATION and YEAR are drawn"],
        ),
        (
            "TICKS ~ 1 | LOCATION\nsolver draws = 2048\n",
            [
                "63 blocks of up to 1 effect: the effects of LOCATION are drawn",
                "draws of each block: 2,048, as the spec says",
            ],
        ),
        (
            "TICKS ~ 1 | LOCATION\nsolver integration = importance, max_draws = 4096, tolerance = 0.01\n",
            [
                "draws of each block: 512 at first, then as many as bring the Monte Carlo error to 0.01"
                " standard errors, at most 4,096 (max_draws)"
            ],
        ),
    ],
)
def test_says_how_a_fit_would_integrate(spec: Path, text: str, said: list[str]) -> None:
    spec.write_text(f"data grouseticks\nfamily poisson\n{text}")
    lines = [line.strip() for line in run("check", spec).stdout.splitlines()]
    assert set(said) <= set(lines), lines


def test_a_fit_goes_about_it_as_check_says() -> None:
    """The draws and nodes of the first round, and what draws are taken of, are those of a fit."""
    for text, draws, rules in (
        ("y ~ x | g", False, True),
        ("y ~ x | g, h\nsolver blocks = conditional", True, True),
        ("y ~ x | g, h", True, False),
    ):
        model = parse(f"family poisson\n{text}")
        design = bind(model, HARD)
        expected, first = forecast(design, model.solver), gs.fit(model, HARD).estimate.rounds[0]
        assert (expected.draws, expected.rules) == (draws, rules)
        assert first.draws == (expected.plan.first.draws if draws else 0)
        assert first.order == expected.plan.first.order
        assert ("are drawn, and given them quadrature over those of g" in "".join(lines(expected))) == (
            draws and rules
        )


def test_a_model_that_a_fit_would_refuse_is_a_warning(spec: Path) -> None:
    spec.write_text(CBPP + "solver draws = 1000000, memory = 0.01\n")
    result = run("check", spec)
    assert result.exit_code == 0
    assert "warning: 1000000 draws of the random effects do not fit in 0.01 GiB" in result.stderr


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            CBPP.replace("herd", "hed"),
            {
                "message": "unknown column 'hed' in data 'cbpp'",
                "line": 3,
                "column": 47,
                "hint": "did you mean 'herd'?",
            },
        ),
        (CBPP + "solver drws = 20\n", {"line": 4, "column": 8, "hint": "did you mean 'draws'?"}),
    ],
)
def test_json_of_an_error(spec: Path, text: str, error: dict[str, object]) -> None:
    spec.write_text(text)
    result = run("check", spec, "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, result.stderr, answer["ok"]) == (2, "", False)
    assert len(answer["errors"]) == 1
    assert set(answer["errors"][0]) == {"message", "file", "line", "column", "hint", "code"}
    assert error.items() <= answer["errors"][0].items()
    assert answer["errors"][0]["file"] == str(spec)


def test_json_of_an_error_without_a_place() -> None:
    answer = json.loads(run("check", "nowhere.glmm", "--json").stdout)
    assert answer["errors"][0]["line"] is None


def test_every_mistake_is_said_in_one_run(spec: Path) -> None:
    spec.write_text("family benoulli\ny ~ lgo(x) | g\nlevels z\nmising drop\n")
    result = run("check", spec)
    assert result.exit_code == 2
    places = re.findall(r"^.*:(\d+:\d+): .* \[(G\d+)\]$", result.stderr, re.MULTILINE)
    assert places == [("1:8", "G136"), ("2:5", "G101"), ("3:8", "G024"), ("4:1", "G055")]
    answer = json.loads(run("check", spec, "--json").stdout)
    assert [error["code"] for error in answer["errors"]] == [code for _, code in places]


def test_every_column_that_the_data_lack_is_named(spec: Path) -> None:
    spec.write_text("data cbpp\nfamily binomial\ncbind(incidenc, siz) ~ period | hed\n")
    for flags in ((), ("--quick",)):
        stderr = run("check", spec, *flags).stderr
        assert re.findall(r"unknown column '(\w+)'", stderr) == ["incidenc", "siz", "hed"]


def test_all_that_the_data_do_not_fit_is_said(spec: Path) -> None:
    spec.write_text("data cbpp\nfamily poisson\nsize ~ log(incidence) + scale(herd) | period\nweights herd\n")
    codes = re.findall(r"\[(G\d+)\]", run("check", spec).stderr)
    assert codes == ["G214", "G204", "G204"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (CBPP, []),
        ("data cbpp\nfamily poisson\nincidence ~ 1 | period\n", ["G303"]),
        ("data grouseticks\nfamily poisson\nTICKS ~ BROOD | INDEX\n", ["G306", "G304", "G305"]),
        ("data epil\nfamily poisson\ny ~ trt + (1 | lage)\n", ["G301"]),
        ("data bacteria\nfamily bernoulli\ny ~ I(week > 2) + I(y == 'y'):trt | ID\n", ["G305"]),
    ],
)
def test_what_is_doubtful_is_a_warning(spec: Path, text: str, codes: list[str]) -> None:
    spec.write_text(text)
    result = run("check", spec)
    assert result.exit_code == 0
    assert re.findall(r"^warning: .*\[(G\d+)\]$", result.stderr, re.MULTILINE) == codes
    warnings = json.loads(run("check", spec, "--json").stdout)["warnings"]
    assert [warning["code"] for warning in warnings] == codes


def test_a_large_block_is_a_warning() -> None:
    frame = pd.DataFrame({"y": np.arange(400) % 7, "a": np.arange(400) % 80, "b": np.arange(400) % 79})
    model = parse("family poisson\ny ~ 1 | a, b")
    assert [doubt.code for doubt in advice(model, bind(model, frame))] == ["G307"]
    model = parse("family poisson\ny ~ 1 | a")
    assert list(advice(model, bind(model, frame))) == []


def test_a_code_is_explained() -> None:
    result = run("explain-error", "g012")
    assert result.exit_code == 0
    assert result.stdout.startswith("G012: an operator with nothing before it\n")
    listed = run("explain-error").stdout.splitlines()
    assert [line[:4] for line in listed] == list(MISTAKES)
    assert run("explain-error", "G999").exit_code == 2
