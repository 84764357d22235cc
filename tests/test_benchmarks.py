"""The benchmark runs, and says what is there and what is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUN = ROOT / "benchmarks" / "run.py"


def run(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, str(RUN), *arguments], capture_output=True, text=True, timeout=200
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("benchmarks")
    asked = ("--quick", "--repeats", "1", "--cases", "cbpp", "--peers", "glmmspec", "bambi")
    # A Python that is not there has no peer in it.
    run(*asked, "--peer-python", str(out / "no-python"), "--out", str(out))
    return out


def test_a_measurement_is_a_fit(folder):
    (found,) = json.loads((folder / "benchmarks.json").read_text())["measurements"]
    assert (found["case"], found["name"], found["failure"]) == ("cbpp", "glmmspec", "")
    # One warm fit, unless a busy machine used the budget up before it.
    assert 1 <= len(found["seconds"]) == len(found["estimates"]) <= 2
    assert min(found["seconds"]) > 0
    # numpy and jax alone take more than this; a process of gigabytes would have measured something else.
    assert 50 < found["peak_mib"] < 4096
    exact = json.loads((ROOT / "tests" / "reference" / "mle.json").read_text())["cbpp"]
    truth = [*exact["fixed"].values(), *exact["variance"].values()]
    assert found["estimates"][0] == pytest.approx(truth, abs=0.05 * min(exact["se"].values()))


def test_the_page_names_who_is_absent(folder):
    page = (folder / "benchmarks.md").read_text()
    assert "Not installed here: bambi." in page
    row = next(line for line in page.splitlines() if line.startswith("| glmmspec | Monte Carlo"))
    distance, stated = (float(cell) for cell in row.split("|")[-3:-1])
    assert 0 < distance < 0.05
    assert 0 < stated < 0.05


def test_a_program_that_fails_is_a_measurement(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(RUN.parent))
    import dataclasses

    from cases import CASES
    from measure import measure
    from peers import PEERS

    broken = dataclasses.replace(CASES["cbpp"], fixed="period + no_such_column")
    found = measure(PEERS[0], broken, tmp_path, python="", repeats=1)
    assert "no_such_column" in found.failure
    assert found.warm is None
    assert not found.estimates


def test_slopes_are_those_of_powers(monkeypatch):
    monkeypatch.syspath_prepend(str(RUN.parent))
    from measure import Measurement
    from scaling import over_rows, picture

    seconds = {"10^4 rows": 3.0, "10^5 rows": 300.0, "cbpp": 1.0}
    (line,) = over_rows(
        [Measurement(case, "lme4", "Laplace", "laplace", [9.0, s]) for case, s in seconds.items()]
    )
    assert line.sizes == [10**4, 10**5]
    assert line.slope == pytest.approx(2)
    assert "lme4, Laplace (2.00)" in picture([line])
