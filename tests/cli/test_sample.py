from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from glmmspec.cli import draws_output
from glmmspec.cli.draws_output import write_draws
from glmmspec.validation import agreement
from tests.cli.support import run

SHORT = ["--chains", 2, "--warmup", 150, "--draws", 100]


@pytest.mark.slow
def test_sampling_too_short_prints_writes_and_exits_with_1(spec: Path, tmp_path: Path) -> None:
    output = tmp_path / "draws.nc"
    result = run("sample", spec, *SHORT, "--output", output)
    assert result.exit_code == 1
    assert "few effective draws" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["Mean", "Std.", "Dev."]
    assert [line.split()[0] for line in lines[1:]] == ["(Intercept)", "period2", "period3", "period4", "herd"]
    with xr.open_datatree(output, engine="h5netcdf") as tree:
        mean = float(tree["posterior"]["beta"].sel(coef="period2").mean())
        assert tree["posterior"]["nu"].shape == (2, 100, 1)
    assert float(lines[2].split()[1]) == pytest.approx(mean, abs=1e-2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cbpp.glmm", "draws.nc"]


@pytest.fixture
def tree() -> xr.DataTree:
    values = np.arange(6.0).reshape(2, 3)
    posterior = xr.Dataset({"u[a∕b]": (("chain", "coef"), values)}, {"coef": ["(Intercept)", "β", "x"]})
    return xr.DataTree.from_dict({"posterior": posterior, "observed_data": posterior * 2})


def test_draws_as_zarr_are_the_draws(tree: xr.DataTree, tmp_path: Path) -> None:
    write_draws(tree, tmp_path / "draws.zarr")
    with xr.open_datatree(tmp_path / "draws.zarr", engine="zarr") as kept:
        xr.testing.assert_identical(kept.load(), tree)
    assert [path.name for path in tmp_path.iterdir()] == ["draws.zarr"]


def test_no_half_of_a_zarr_folder_is_left(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted when some is written."""

    def interrupted(tree: xr.DataTree, folder: Path, **options: object) -> None:
        (folder / "zarr.json").write_text("{")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.DataTree, "to_zarr", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_draws(tree, tmp_path / "draws.zarr")
    assert list(tmp_path.iterdir()) == []


def test_zarr_refuses_what_is_there_and_a_missing_package(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "draws.zarr").mkdir()
    result = run("sample", spec, "--output", tmp_path / "draws.zarr")
    assert result.exit_code == 2
    assert "draws.zarr: it exists" in result.stderr
    monkeypatch.setattr(draws_output, "find_spec", lambda name: None)
    result = run("sample", spec, "--output", tmp_path / "other.zarr")
    assert result.exit_code == 2
    assert "pip install 'glmmspec[zarr]'" in result.stderr


@pytest.mark.slow
def test_sampling_writes_zarr(spec: Path, tmp_path: Path) -> None:
    assert run("sample", spec, *SHORT, "--output", tmp_path / "draws.zarr").exit_code == 1
    with xr.open_datatree(tmp_path / "draws.zarr", engine="zarr") as tree:
        assert tree["posterior"]["nu"].shape == (2, 100, 1)
        assert tree["posterior"]["coef"].to_numpy().tolist()[0] == "(Intercept)"


@pytest.mark.slow
def test_json_and_flat_priors(spec: Path) -> None:
    result = run("sample", spec, *SHORT, "--prior", "flat", "--centred", "--json")
    table = json.loads(result.stdout)
    assert list(table) == ["(Intercept)", "period2", "period3", "period4", "herd"]
    assert np.isfinite(list(table["herd"].values())).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prior", "wek"], "unknown prior set 'wek'"),
        (["--chains", "0"], "sampler option chains = 0: expected a whole number between 1 and 1024"),
        (["--output", "draws.csv"], "cannot write draws.csv: draws are kept as netCDF or Zarr"),
        (["--output", "nowhere/draws.nc"], "cannot write nowhere/draws.nc: there is no such folder"),
        (["--output", "nowhere/draws.zarr"], "cannot write nowhere/draws.zarr: there is no such folder"),
    ],
)
def test_bad_use(spec: Path, arguments: list[str], message: str) -> None:
    result = run("sample", spec, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")


class Found:
    """In place of a report."""

    def __init__(self, verdict: str) -> None:
        self.passed = verdict == "pass"

    def __str__(self) -> str:
        return "Verdict"

    def to_dict(self) -> dict[str, object]:
        return {"passed": self.passed}


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("doubtful", 1), ("fail", 1)])
def test_validate_exits_with_0_only_if_all_passes(
    spec: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, code: int
) -> None:
    monkeypatch.setattr(agreement, "validate", lambda model, data, **options: Found(verdict))
    assert run("validate", spec).exit_code == code
    assert json.loads(run("validate", spec, "--json").stdout) == {"passed": code == 0}


def test_validate_refuses_a_page_it_could_not_write(spec: Path) -> None:
    result = run("validate", spec, "--report", "nowhere/page.html")
    assert (result.exit_code, result.stdout) == (2, "")
