"""Simulation studies: their numbers, and that nothing of them is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.validation.point_estimate import PointEstimate
from glmmspec.validation.study import Study, study
from tests.cli.support import ROOT, environment, run
from tests.validation.study_script import TRUTH, crossed, small_study

SPEC = "family bernoulli\ny ~ x | a, b"


def drawn(model: gs.Model, design: gs.Design) -> PointEstimate:
    """Normal about 1 with the standard deviation stated; every fourth fails; the last parameter has no se."""
    rng = np.random.default_rng(model.solver.seed)
    if model.solver.seed % 4 == 0:
        raise gs.FitError("a fourth of them")
    se = np.array([0.5, 0.5, 0.5, np.nan])
    return PointEstimate.wald(rng.normal(1, 0.5, size=4), se, n_variances=1)


@pytest.fixture(scope="module")
def of_drawn() -> Study:
    truth = {"(Intercept)": 1.0, "x": 0.8, "a": 1.0, "b": 1.0}
    return study(SPEC, truth, {"drawn": drawn}, 400, data=crossed(4))


def test_bias_rmse_and_coverage_are_those_of_the_estimator(of_drawn):
    """Of known errors; each within 4 of its Monte Carlo errors, missed 1 time in 16,000. Negative control:
    for another bias, and another coverage, the same check fails."""
    table = of_drawn.table().loc["drawn"]

    def off(parameter: str, column: str, value: float) -> float:
        return abs(table.loc[parameter, column] - value) / table.loc[parameter, f"{column}_mcse"]

    assert off("(Intercept)", "bias", 0) < 4
    assert off("x", "bias", 0.2) < 4
    assert off("x", "bias", 0) > 4
    assert off("x", "rmse", np.hypot(0.5, 0.2)) < 4
    assert off("(Intercept)", "coverage", 0.95) < 4
    assert off("(Intercept)", "coverage", 0.85) > 4


def test_failures_and_missing_intervals_are_counted(of_drawn):
    table = of_drawn.table().loc["drawn"]
    failures = of_drawn.results.groupby("replication")["failed"].all().sum()
    assert (table["failures"] == failures).all()
    assert 60 < failures < 140  # binomial(400, 1/4): outside 1 time in 200,000
    assert (table["replications"] == 400).all()
    assert list(table["intervals"]) == [400 - failures] * 3 + [0]
    assert np.isnan(table.loc["b", "coverage"])
    assert f"{failures} failed: a fourth of them" in str(of_drawn)


@pytest.mark.slow
def test_its_monte_carlo_errors_are_true():
    """Over 60 studies of 50 replications the spread of bias, RMSE and coverage is their mean stated error:
    outside [0.7, 1.4] 1 time in 2000 each."""
    tables = [
        study(SPEC, TRUTH, {"drawn": drawn}, 50, data=crossed(4), seed=seed).table().loc[("drawn", "x")]
        for seed in range(60)
    ]
    table = pd.DataFrame(tables)
    for column in ("bias", "rmse", "coverage"):
        assert 0.7 < table[column].std() / table[f"{column}_mcse"].mean() < 1.4


def test_killed_and_resumed_it_gives_the_same_table(tmp_path):
    """SIGKILL while two processes work; the rest is done here, in one. The workers end with their parent."""
    folder, replications = tmp_path / "study", 12
    script = [sys.executable, "-m", "tests.validation.study_script", str(folder), str(replications), "2"]
    program = subprocess.Popen(script, cwd=ROOT, env=environment())
    _wait(lambda: len(list(folder.glob("part-*.parquet"))) >= 2)
    workers = _children(program.pid)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    kept = len(list(folder.glob("part-*.parquet")))
    assert 2 <= kept < replications
    assert workers
    _wait(lambda: not any(_alive(pid) for pid in workers))
    resumed, whole = small_study(folder, replications), small_study(None, replications)
    pd.testing.assert_frame_equal(resumed.table(), whole.table(), check_exact=True)
    timeless = [table.results.drop(columns="seconds") for table in (resumed, whole)]
    pd.testing.assert_frame_equal(*timeless, check_exact=True)
    assert len(pd.read_parquet(folder)) == len(resumed.results)


def _wait(condition, seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_more_replications_go_on_from_those_that_are_there(tmp_path):
    seen: list[tuple[int, int]] = []
    small_study(tmp_path / "s", 2)
    before = (tmp_path / "s" / "part-000001.parquet").stat().st_mtime_ns
    longer = study(
        SPEC,
        TRUTH,
        ["pql", "laplace"],
        3,
        data=crossed(12),
        path=tmp_path / "s",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(3, 3)]
    assert (tmp_path / "s" / "part-000001.parquet").stat().st_mtime_ns == before
    assert longer.results["replication"].unique().tolist() == [0, 1, 2]


def test_an_executor_of_one_s_own():
    with ThreadPoolExecutor(2) as executor:
        found = study(SPEC, TRUTH, ["pql"], 4, data=crossed(6), executor=executor)
    alone = study(SPEC, TRUTH, ["pql"], 4, data=crossed(6))
    pd.testing.assert_frame_equal(found.table(), alone.table(), check_exact=True)


@pytest.mark.slow
def test_a_dask_cluster():
    """Two processes of Dask's give the table that this one gives."""
    distributed = pytest.importorskip("distributed")
    alone = study(SPEC, TRUTH, ["pql"], 4, data=crossed(6))
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        found = study(SPEC, TRUTH, ["pql"], 4, data=crossed(6), executor=executor)
    pd.testing.assert_frame_equal(found.table(), alone.table(), check_exact=True)


@pytest.mark.parametrize("change", [{"seed": 2}, {"estimators": ["pql"]}, {"truth": {**TRUTH, "a": 2.0}}])
def test_the_folder_of_another_study_is_refused(tmp_path, change):
    given = {"truth": TRUTH, "estimators": ["pql", "laplace"], "replications": 1, "data": crossed(6)}
    study(SPEC, path=tmp_path / "s", **given)
    with pytest.raises(gs.FitError, match=f"another study: its {next(iter(change))}"):
        study(SPEC, path=tmp_path / "s", **{**given, **change})


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear Sir")
    with pytest.raises(gs.GlmmSpecError, match="holds no study"):
        small_study(tmp_path, 1)


def test_a_damaged_file_is_refused(tmp_path):
    small_study(tmp_path / "s", 1)
    (tmp_path / "s" / "part-000000.parquet").write_bytes(b"PAR1")
    with pytest.raises(gs.DataError, match=r"part-000000\.parquet"):
        small_study(tmp_path / "s", 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"truth": {"x": 1.0}}, "is missing"),
        ({"truth": {**TRUTH, "z": 1.0}}, "'z' is no parameter"),
        ({"truth": {**TRUTH, "a": -1.0}}, "below 0"),
        ({"truth": {**TRUTH, "x": float("nan")}}, "not a finite number"),
        ({"replications": 0}, "replications = 0"),
        ({"processes": 1.5}, "processes = 1.5"),
        ({"seed": -1}, "seed = -1"),
        ({"estimators": {"mine": lambda model, design: None}, "processes": 2}, "cannot be sent"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(gs.FitError, match=message):
        study(SPEC, **{"truth": TRUTH, "data": crossed(4), **given})


def test_the_command(tmp_path):
    spec, table = tmp_path / "s.glmm", tmp_path / "d.csv"
    spec.write_text(SPEC + "\n")
    crossed(8).to_csv(table, index=False)
    truth = [part for name, value in TRUTH.items() for part in ("--truth", f"{name}={value}")]
    result = run("study", spec, "--data", table, *truth, "--replications", 3, "--estimators", "pql")
    assert result.exit_code == 0
    assert result.output.startswith("Study of 3 replications\n\npql:\n")
    assert run("study", spec, "--truth", "x").exit_code == 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_coverage_of_maximum_likelihood_and_of_quasi_likelihood(tmp_path):
    """200 replications, 20 by 20 crossed. MCLA's 95 % intervals for x hold: within 3.5 Monte Carlo errors of
    nominal, missed 1 time in 2000; its estimate is unbiased to the same. Negative control: PQL's bias, and
    its intervals for the variances, fail the same checks.

    PQL's interval of x was expected to fail too, and with this seed did not (0.930). That those of the
    variances do was found here, and MCLA's own fall short (0.85): a Wald interval is symmetric.
    """
    found = small_study(tmp_path / "s", 200, processes=2, levels=20, estimators=["pql", "mcla"])
    table = found.table()
    short = (0.95 - table["coverage"]) / np.sqrt(0.95 * 0.05 / table["intervals"])
    bias = table["bias"] / table["bias_mcse"]
    assert abs(short["mcla", "x"]) < 3.5
    assert abs(bias["mcla", "x"]) < 3.5
    assert bias["pql", "x"] < -3.5
    assert (short["pql"][["a", "b"]] > 3.5).all()
    assert (table["coverage"]["pql"] < table["coverage"]["mcla"])[["a", "b"]].all()
