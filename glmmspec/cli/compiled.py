"""Compiled kernels, kept from one command to the next."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

_MOST_BYTES = 256 * 2**20


def keep_compiled() -> None:
    """Let JAX, if this process comes to load it, keep what it compiles in the user's cache folder.

    That is `$GLMMSPEC_CACHE`, or `glmmspec` in `$XDG_CACHE_HOME` or `~/.cache`. Nothing is kept where it
    cannot be written, or where GLMMSPEC_CACHE is empty. What the environment says of JAX's own cache stands.
    """
    folder = _folder()
    if folder is None or not _is_writable(folder):
        return
    # Read by JAX when it loads, here and in the processes that this one starts.
    for name, value in (
        ("COMPILATION_CACHE_DIR", str(folder)),
        ("PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0"),
        ("PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1"),
        ("COMPILATION_CACHE_MAX_SIZE", str(_MOST_BYTES)),
    ):
        os.environ.setdefault(f"JAX_{name}", value)
    # A disk that is full is no matter of the fit.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")


def _folder() -> Path | None:
    chosen = os.environ.get("GLMMSPEC_CACHE")
    if chosen is not None:
        return Path(chosen) / "jax" if chosen else None
    caches = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(caches) if caches else Path.home() / ".cache") / "glmmspec" / "jax"
    except RuntimeError:  # the user has no home
        return None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)
