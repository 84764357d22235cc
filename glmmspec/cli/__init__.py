"""The `glmmspec` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from glmmspec.cli.app import app
        from glmmspec.cli.compiled import keep_compiled

        keep_compiled()
        app(prog_name="glmmspec")
    except KeyboardInterrupt:
        sys.exit(130)
