"""The `glmmspec` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
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
