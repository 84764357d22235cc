"""Writing files whole: under its name a file holds all of the new text, or what it held before."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glmmspec.errors import GlmmSpecError

_unfinished: set[Path] = set()


def check_writable(path: Path) -> None:
    """Refuse, before the work is done, a path that the result could not be written to.

    Raises
    ------
    GlmmSpecError
        If the folder is missing or takes no files, or the path is something other than a regular file.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise _unwritable(path, "there is no such folder")
    if target.exists() and not target.is_file():
        raise _unwritable(path, "it is not a regular file")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise _unwritable(path, "its folder is not writable")


def write_whole(path: Path, text: str) -> None:
    """Write `text` to a file: see `written_whole`.

    Raises
    ------
    GlmmSpecError
        If that fails, and then what was there before is untouched.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(text.encode())


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which is put in that place once it is complete.

    A file that is there keeps its mode; a link goes on pointing to what it points to.

    Raises
    ------
    GlmmSpecError
        If that fails, and then what was there before is untouched.
    """
    check_writable(path)
    target = path.resolve()
    temporary = target.with_name(f".glmmspec-{secrets.token_hex(8)}.tmp")
    _unfinished.add(temporary)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    finally:
        _remove(temporary)


def remove_unfinished() -> None:
    """Remove the files that are being written, in a process that ends without finishing them."""
    for temporary in list(_unfinished):
        _remove(temporary)


def _remove(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()
    _unfinished.discard(temporary)


def _unwritable(path: Path, reason: str) -> GlmmSpecError:
    return GlmmSpecError(f"cannot write {path}: {reason}")
