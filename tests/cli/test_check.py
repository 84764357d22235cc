from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import CBPP, ROOT, run

CSV = (ROOT / "glmmspec/datasets/cbpp.csv").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CBPP, "ok (binomial, 2 fixed terms, 1 random term, 1 variance component)"),
        (
            "data salamander\nfamily bernoulli\nMate ~ 0 + Cross | F = Female, M = Male\n",
            "ok (bernoulli, 1 fixed term, 2 random terms, 2 variance components)",
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
    result = run("check", spec)
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
    result = run("check", spec, "--json")
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
    assert set(answer["errors"][0]) == {"message", "file", "line", "column", "hint"}
    assert error.items() <= answer["errors"][0].items()
    assert answer["errors"][0]["file"] == str(spec)


def test_json_of_an_error_without_a_place() -> None:
    answer = json.loads(run("check", "nowhere.glmm", "--json").stdout)
    assert answer["errors"][0]["line"] is None
