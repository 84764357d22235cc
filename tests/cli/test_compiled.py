"""What the command keeps of compiled kernels from one run to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glmmspec.cli.compiled import keep_compiled
from tests.cli.support import CBPP, environment

TOLD = "JAX_COMPILATION_CACHE_DIR"


def in_a_cache(folder: Path) -> dict[str, str]:
    """The environment of a user who has set nothing of JAX's."""
    of_user = environment(XDG_CACHE_HOME=str(folder))
    return {name: value for name, value in of_user.items() if not name.startswith("JAX_")}


def fitted(cache: Path, spec: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "glmmspec", "fit", str(spec), "--draws", "512", "--integration", "importance"],
        capture_output=True,
        text=True,
        env=in_a_cache(cache),
    )


@pytest.mark.timeout(300)
def test_the_second_fit_compiles_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "cbpp.glmm"
    spec.write_text(CBPP)
    folder = tmp_path / "caches" / "glmmspec" / "jax"
    written = []
    for _ in range(2):
        ended = fitted(tmp_path / "caches", spec)
        assert (ended.returncode, ended.stderr) == (0, "")
        written.append({path.name: path.stat().st_mtime_ns for path in folder.glob("*-cache")})
    assert any("weighted_sums" in name for name in written[0])
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("more", "folder"),
    [
        ({"XDG_CACHE_HOME": "{}/a"}, "{}/a/glmmspec/jax"),
        ({"XDG_CACHE_HOME": "", "HOME": "{}"}, "{}/.cache/glmmspec/jax"),
        ({"XDG_CACHE_HOME": "{}/a", "GLMMSPEC_CACHE": "{}/b"}, "{}/b/jax"),
        ({"GLMMSPEC_CACHE": ""}, "None"),
        ({"GLMMSPEC_CACHE": "/proc/nowhere"}, "None"),
        ({"JAX_COMPILATION_CACHE_DIR": "{}/own"}, "{}/own"),
    ],
)
def test_where_it_is(
    more: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {name: value.format(tmp_path) for name, value in more.items()}
    monkeypatch.setattr(os, "environ", {"HOME": os.environ["HOME"], **told})
    keep_compiled()
    assert os.environ.get(TOLD) == (None if folder == "None" else folder.format(tmp_path))


def test_the_library_leaves_jax_as_it_is(tmp_path: Path) -> None:
    text = "import glmmspec; glmmspec.fit; import jax; print(jax.config.jax_compilation_cache_dir)"
    command = [sys.executable, "-W", "error", "-c", text]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=in_a_cache(tmp_path))
    assert ended.stdout == "None\n"
    assert list(tmp_path.iterdir()) == []
