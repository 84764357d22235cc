"""`glmmspec lsp`: the language server."""

from __future__ import annotations

from glmmspec.cli.outcome import DONE
from glmmspec.errors import GlmmSpecError


def lsp() -> int:
    """Serve an editor over stdin and stdout: diagnostics, hover, completion, formatting, outline.

    It needs pygls: pip install 'glmmspec[lsp]'.
    """
    try:
        from glmmspec.language_server.server import server
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        raise GlmmSpecError(
            "the language server needs pygls, which is not installed", hint="pip install 'glmmspec[lsp]'"
        ) from None
    server.start_io()
    return DONE
