"""Kernels that one test compiles serve the others, their programs, other workers, and the next run."""

from __future__ import annotations

import os

import jax
import pytest

_MOST_BYTES = 512 * 2**20


def pytest_configure(config: pytest.Config) -> None:
    """Keep them beside what pytest keeps; a bound on their size makes JAX lock the folder."""
    folder = str(config.rootpath / ".pytest_cache" / "kernels")
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_compilation_cache_max_size", _MOST_BYTES)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.02)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(_MOST_BYTES)
