"""What the command keeps of compiled kernels from one run to the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import CBPP, environment

SHOWN = "import jax; print(jax.config.jax_compilation_cache_dir)"
OF_COMMAND = f"from glmmspec.cli.compiled import keep_compiled; keep_compiled(); {SHOWN}"


def answer(text: str, **more: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        capture_output=True,
        text=True,
        check=True,
        env=environment(**more),
    ).stdout.strip()


def fitted(cache: Path, spec: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "glmmspec", "fit", str(spec), "--draws", "512", "--integration", "importance"],
        capture_output=True,
        text=True,
        env=environment(XDG_CACHE_HOME=str(cache)),
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
def test_where_it_is(more: dict[str, str], folder: str, tmp_path: Path) -> None:
    told = {name: value.format(tmp_path) for name, value in more.items()}
    assert answer(OF_COMMAND, **told) == folder.format(tmp_path)


def test_the_library_leaves_jax_as_it_is(tmp_path: Path) -> None:
    text = f"import glmmspec; glmmspec.fit; {SHOWN}"
    assert answer(text, XDG_CACHE_HOME=str(tmp_path)) == "None"
    assert list(tmp_path.iterdir()) == []
