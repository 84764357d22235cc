from __future__ import annotations

from pathlib import Path

from tests.cli.support import run


def test_a_kept_fit_is_shown_as_it_was_fitted(spec: Path, tmp_path: Path) -> None:
    for flags in ([], ["--json"]):
        fitted = run("fit", spec, "--draws", 512, "--save", tmp_path / "kept", *flags)
        shown = run("show", tmp_path / "kept", *flags)
        assert (fitted.exit_code, shown.exit_code) == (0, 0), shown.output
        assert shown.stdout == fitted.stdout


def test_an_unreliable_fit_exits_with_1_and_shows_its_warnings(spec: Path, tmp_path: Path) -> None:
    fitted = run("fit", spec, "--draws", 16, "--save", tmp_path / "kept")
    shown = run("show", tmp_path / "kept")
    assert (fitted.exit_code, shown.exit_code) == (1, 1)
    assert "Warning:" in shown.stdout
    assert run("show", tmp_path / "kept", "--json").stderr.startswith("warning: ")


def test_what_is_no_kept_fit(spec: Path, record: Path) -> None:
    for path in (spec, record):
        result = run("show", path)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: cannot load {path}: it is no kept fit")
        assert "`glmmspec fit --save`" in result.stderr
