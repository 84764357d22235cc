from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import CBPP, run


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "cbpp.glmm"
    path.write_text(CBPP)
    return path


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The JSON of a fit of the spec with 512 draws."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "cbpp.glmm").write_text(CBPP)
    result = run("fit", folder / "cbpp.glmm", "--draws", 512, "--output", folder / "fit.json")
    assert result.exit_code == 0, result.output
    return (folder / "fit.json").read_text()


@pytest.fixture
def record(recorded: str, tmp_path: Path) -> Path:
    path = tmp_path / "fit.json"
    path.write_text(recorded)
    assert json.loads(recorded)["draws"] == 512
    return path
