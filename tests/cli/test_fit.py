from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glmmspec.inference.fit import Fit
from tests.cli.support import CBPP, environment, run


def test_prints_the_summary_and_nothing_else(spec: Path) -> None:
    result = run("fit", spec, "--draws", 512)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Formula: cbind(incidence, size - incidence) ~ period | herd\n")
    assert "512 sobol draws" in result.stdout


def test_options_take_the_place_of_the_specs(spec: Path) -> None:
    spec.write_text(CBPP + "solver draws = 1024, points = random\n")
    options = json.loads(run("fit", spec, "--json", "--draws", 512).stdout)["provenance"]["options"]
    assert (options["draws"], options["points"]) == (512, "random")


def test_json_is_the_fit_and_nothing_else(spec: Path, recorded: str) -> None:
    result = run("fit", spec, "--json", "--draws", 512)
    document, written = json.loads(result.stdout), json.loads(recorded)
    assert result.exit_code == 0
    assert document.pop("seconds") > 0
    del written["seconds"]
    assert document == written


def test_json_has_no_nan(spec: Path) -> None:
    """A variance at 0 has no standard error."""
    rows = "".join(f"{g},{y}\n" for g in range(8) for y in (0, 1, 0, 1))
    (spec.parent / "flat.csv").write_text("g,y\n" + rows)
    spec.write_text('data "flat.csv"\nfamily bernoulli\ny ~ 1 | g\n')
    result = run("fit", spec, "--json", "--draws", 512)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in the JSON")

    document = json.loads(result.stdout, parse_constant=refuse)
    assert document["on_boundary"] == ["g"]
    assert document["se"][-1] is None
    assert result.stderr == "".join(f"warning: {warning}\n" for warning in document["warnings"])
    assert document["warnings"]


def test_data_in_place_of_the_specs(spec: Path, tmp_path: Path) -> None:
    data = tmp_path / "other.csv"
    data.write_text("hurd,incidence,size,period\n1,0,4,1\n")
    result = run("fit", spec, "--data", data)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{spec}:3:47: unknown column 'herd' in the data [G201]\n")


def test_a_fit_not_to_be_relied_on_exits_with_1(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fit, "reliable", False)
    result = run("fit", spec, "--draws", 512)
    assert result.exit_code == 1
    assert result.stdout.startswith("Formula: ")


@pytest.mark.parametrize(
    "text", ["family binomial\n", CBPP.replace("herd", "hed"), CBPP + "solver draws = 1\n"]
)
def test_bad_input_writes_nothing(spec: Path, tmp_path: Path, text: str) -> None:
    spec.write_text(text)
    result = run("fit", spec, "--output", tmp_path / "fit.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == [spec]


@pytest.mark.parametrize("flag", ["--output", "--save"])
def test_an_unwritable_output_is_refused_before_the_fit(
    spec: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setattr("glmmspec.cli.fit._fitted", None)
    result = run("fit", spec, flag, "nowhere/fit.json")
    assert result.exit_code == 2
    assert result.stderr == "error: cannot write nowhere/fit.json: there is no such folder\n"


def test_verify_says_same(spec: Path, record: Path) -> None:
    result = run("fit", spec, "--verify", record)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{record}: same (spec, data and options; ")


def test_verify_says_what_differs(spec: Path, record: Path) -> None:
    document = json.loads(record.read_text())
    document["estimate"][0] *= 1 + 1e-6
    document["loglik"] *= 1 - 1e-6
    document["provenance"]["data_sha256"] = "0" * 64
    document["provenance"]["versions"]["jax"] = "0.0"
    record.write_text(json.dumps(document))
    result = run("fit", spec, "--verify", record)
    assert result.exit_code == 1
    lines = [line.split(":")[0].strip() for line in result.stdout.splitlines()[1:]]
    assert lines == ["another data", "estimate of (Intercept)", "log-likelihood", "version of jax"]


def test_verify_of_another_spec(spec: Path, record: Path) -> None:
    spec.write_text(CBPP.replace("period |", "1 |"))
    answer = json.loads(run("fit", spec, "--verify", record, "--json").stdout)
    assert answer["same"] is False
    assert answer["remarks"] == []
    kinds = [line.split(":")[0] for line in answer["differences"]]
    assert kinds == ["another spec", "another data", "other parameters", "log-likelihood"]


def test_versions_may_differ(spec: Path, record: Path) -> None:
    document = json.loads(record.read_text())
    document["provenance"]["versions"]["jax"] = "0.0"
    record.write_text(json.dumps(document))
    result = run("fit", spec, "--verify", record)
    assert result.exit_code == 0
    assert "version of jax: 0.0 recorded, " in result.stdout


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--draws", 512], "--draws"),
        (["--max-draws", 512, "--output", "x"], "--max-draws, --output"),
        (["--save", "x"], "--save"),
    ],
)
def test_verify_takes_no_options(spec: Path, record: Path, more: list[object], named: str) -> None:
    result = run("fit", spec, "--verify", record, *more)
    assert result.exit_code == 2
    assert f"leave out {named}\n" in result.stderr


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"provenance": {}}', '{"provenance": {"options": 3}}', "[" * 100_000, "\x00"]
)
def test_verify_refuses_what_is_no_fit(spec: Path, record: Path, text: str) -> None:
    record.write_text(text)
    result = run("fit", spec, "--verify", record)
    assert result.exit_code == 2
    assert "`glmmspec fit --output`" in result.stderr


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("se",), []),
        (("mcse",), ["1"] * 5),
        (("loglik",), None),
        (("provenance", "options", "draws"), 1),
        (("provenance", "options", "luck"), 1),
    ],
)
def test_verify_refuses_a_malformed_record(
    spec: Path, record: Path, path: tuple[str, ...], value: object
) -> None:
    document = json.loads(record.read_text())
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    record.write_text(json.dumps(document))
    result = run("fit", spec, "--verify", record)
    assert result.exit_code == 2, result.output


def test_progress_shows_on_a_terminal_and_is_gone_in_the_end(spec: Path) -> None:
    """One line, in no colour where NO_COLOR asks for none; the summary goes to stdout alone."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def collect() -> None:
        try:
            while chunk := os.read(ours, 4096):
                shown.append(chunk)
        except OSError:  # the terminal is closed
            return

    reader = threading.Thread(target=collect)
    reader.start()
    ended = subprocess.run(
        [sys.executable, "-m", "glmmspec", "fit", str(spec), "--draws", "512"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(NO_COLOR="1", TERM="xterm", COLUMNS="100"),
        timeout=120,
    )
    os.close(theirs)
    reader.join(timeout=20)
    os.close(ours)
    text = b"".join(shown).decode()
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"Formula: ")
    assert "round 1: 512 draws, Monte Carlo error 0.0" in text
    assert "\x1b[3" not in text
    # The last thing done is to erase the line.
    assert text.rstrip().endswith("\x1b[2K")


def test_no_progress_and_no_colour_where_there_is_no_terminal(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("fit", spec, "--draws", 512)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
