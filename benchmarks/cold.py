"""How long `glmmspec fit` takes from a shell: with nothing cached, and with what the first left behind.

python benchmarks/cold.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import table

ROOT = Path(__file__).parent.parent
TIMES = ("first", "second", "third")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as cache:
        rows = [[time_of_run, f"{seconds(Path(cache)):.2f}"] for time_of_run in TIMES]
    print("\n".join(table(("`glmmspec fit examples/salamander.glmm`", "seconds"), rows)))


def seconds(cache: Path) -> float:
    """One command, with its caches in a folder of its own."""
    command = [sys.executable, "-m", "glmmspec", "fit", str(ROOT / "examples" / "salamander.glmm")]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)}
    began = time.perf_counter()
    subprocess.run(command, env=surroundings, capture_output=True, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
