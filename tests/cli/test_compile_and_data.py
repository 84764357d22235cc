from __future__ import annotations

import json
from pathlib import Path

import glmmspec as gs
from glmmspec import datasets
from tests.cli.support import CBPP, run


def test_compile_prints_the_model(spec: Path) -> None:
    result = run("compile", spec)
    assert result.exit_code == 0
    assert gs.Model.from_json(result.stdout) == gs.parse(CBPP)


def test_compile_writes_the_model(spec: Path, tmp_path: Path) -> None:
    result = run("compile", spec, "--output", tmp_path / "cbpp.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert gs.Model.from_json((tmp_path / "cbpp.json").read_text()) == gs.parse(CBPP)


def test_compile_of_a_wrong_spec_writes_nothing(spec: Path, tmp_path: Path) -> None:
    spec.write_text("family binomial\n")
    result = run("compile", spec, "--output", tmp_path / "cbpp.json")
    assert result.exit_code == 2
    assert not (tmp_path / "cbpp.json").exists()


def test_data_lists_every_data_set() -> None:
    result = run("data")
    for name in datasets.names():
        known = datasets.describe(name)
        assert f"{known.n_rows:5} rows {len(known.columns):3} columns  {known.title}" in result.stdout
        assert known.source in result.stdout


def test_data_describes_one() -> None:
    result = run("data", "epil")
    for column, meaning in datasets.describe("epil").columns.items():
        assert f"  {column:7}  {meaning}\n" in result.stdout


def test_data_as_json() -> None:
    listed = json.loads(run("data", "--json").stdout)
    assert [entry["name"] for entry in listed] == list(datasets.names())
    assert json.loads(run("data", "cbpp", "--json").stdout) == listed[1]


def test_unknown_data() -> None:
    result = run("data", "cbp")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: unknown data set 'cbp' [G138]\n  did you mean 'cbpp'?\n",
    )
