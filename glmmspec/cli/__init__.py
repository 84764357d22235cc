"""The `glmmspec` command."""

from __future__ import annotations

import gc

_ALLOCATIONS = 200_000
"""Between two searches for garbage: more objects than Python waits for, since imports make far more and no
garbage, and searching them takes a tenth of a cold fit."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_ALLOCATIONS)
    try:
        from glmmspec.cli import interrupt

        interrupt.watch()
        from glmmspec.cli.app import app
        from glmmspec.cli.compiled import keep_compiled

        keep_compiled()
        app(prog_name="glmmspec")
    except KeyboardInterrupt:
        from glmmspec.cli import interrupt

        interrupt.end()
    except SystemExit as ended:
        if ended.code == interrupt.INTERRUPTED:
            interrupt.end()
        raise
    finally:
        gc.freeze()  # or Python would search all that is left once more, for half a second
