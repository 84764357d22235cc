"""Writing whole: under its name a file holds all of the new text or what it held before; a folder, all."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glmmspec.errors import GlmmSpecError

_unfinished: set[Path] = set()
_writing = threading.RLock()


def check_writable(path: Path) -> None:
    """Refuse, before the work is done, a path that the result could not be written to.

    Raises
    ------
    GlmmSpecError
        If the folder is missing or takes no files, or the path is something other than a regular file.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise _unwritable(path, "it is not a regular file")
    _check_folder_of(path)


def check_new_folder(path: Path) -> None:
    """Refuse, before the work is done, a path that no new folder could be put at.

    Raises
    ------
    GlmmSpecError
        If there is something at the path already, or the folder it would be in is missing or takes no files.
    """
    if path.exists() or path.is_symlink():
        raise GlmmSpecError(f"cannot write {path}: it exists", hint="remove it, or give another name")
    _check_folder_of(path)


def _check_folder_of(path: Path) -> None:
    target = path.resolve()
    if not target.parent.is_dir():
        raise _unwritable(path, "there is no such folder")
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
    temporary = target.with_name(_temporary_name())
    with _writing:
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


def end_writing(within: float) -> None:
    """In a process that is about to end: begin no file any more, and leave none half written.

    One that is not complete within some seconds is removed.
    """
    if _writing.acquire(timeout=within):
        return
    for temporary in list(_unfinished):
        _remove(temporary)


def _remove(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()
    _unfinished.discard(temporary)


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill, which gets that name once it is complete.

    Raises
    ------
    GlmmSpecError
        If that fails, or there is something at the path already; nothing is left behind.
    """
    check_new_folder(path)
    temporary = path.resolve().with_name(_temporary_name())
    try:
        temporary.mkdir()
        yield temporary
        for written in filter(Path.is_file, temporary.rglob("*")):
            with written.open("rb") as file:
                os.fsync(file.fileno())
        temporary.rename(path.resolve())
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_name() -> str:
    return f".glmmspec-{secrets.token_hex(8)}.tmp"


def _unwritable(path: Path, reason: str) -> GlmmSpecError:
    return GlmmSpecError(f"cannot write {path}: {reason}")
