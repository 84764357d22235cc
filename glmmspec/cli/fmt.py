"""`glmmspec fmt`: specs in the canonical layout."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from glmmspec.cli.outcome import BAD_INPUT, DONE, NO, error_text
from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.files import write_whole

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Spec files; - is stdin, written to stdout.", show_default=False),
]
OnlyCheck = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 if a file would change.")
]
OnlyDiff = Annotated[bool, typer.Option("--diff", help="Write nothing; print the changes.")]

_STDIN = Path("-")


@dataclass(frozen=True)
class _Formatted:
    """A spec's text before and after."""

    path: Path
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            str(self.path),
            f"{self.path} (formatted)",
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def fmt(files: Files, only_check: OnlyCheck = False, diff: OnlyDiff = False) -> int:
    """Lay out spec files in canonical form, in place.

    Comments, order and formulas stay as written. A file that is wrong is reported and left as it is,
    and the others are formatted.
    """
    return max(_fmt_one(path, only_check, diff) for path in files)


def _fmt_one(path: Path, only_check: bool, diff: bool) -> int:
    try:
        formatted = _formatted(path)
        if diff:
            typer.echo(formatted.diff(), nl=False)
        if not (only_check or diff):
            _write(formatted)
    except GlmmSpecError as error:
        typer.echo(error_text(error), err=True)
        return BAD_INPUT
    if only_check and formatted.changed:
        typer.echo(f"{path} would change", err=True)
        return NO
    return DONE


def _formatted(path: Path) -> _Formatted:
    from glmmspec import grammar

    before = _stdin_text() if path == _STDIN else grammar.read_text(path)
    name = "<stdin>" if path == _STDIN else str(path)
    return _Formatted(path, before, grammar.format_text(before, name=name))


def _stdin_text() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"<stdin> is not UTF-8 text (byte {error.start + 1})") from None


def _write(formatted: _Formatted) -> None:
    if formatted.path == _STDIN:
        typer.echo(formatted.after, nl=False)
    elif formatted.changed:
        write_whole(formatted.path, formatted.after)
        typer.echo(f"{formatted.path} formatted", err=True)
