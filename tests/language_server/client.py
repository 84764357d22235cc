"""A real client: the server as a program of its own, spoken to over its stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.cli.support import environment

T = TypeVar("T")
_PATIENCE = 60.0


class Editor:
    """An editor with one spec open.

    Attributes
    ----------
    client
        Speaks the protocol.
    path
        The spec's file.
    """

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client = client
        self.path = path
        self.uri = path.as_uri()
        self.document = types.TextDocumentIdentifier(uri=self.uri)
        self._published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self._published.put_nowait(params)

    async def open(self, text: str) -> list[types.Diagnostic]:
        """Open the spec with that text, and wait for what is said of it."""
        self.path.write_text(text, encoding="utf-8")
        item = types.TextDocumentItem(uri=self.uri, language_id="glmm", version=0, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
        return await self._diagnostics(0)

    async def type(self, text: str, version: int) -> list[types.Diagnostic]:
        """Replace the text, and wait for what is said of it."""
        document = types.VersionedTextDocumentIdentifier(uri=self.uri, version=version)
        whole = types.TextDocumentContentChangeWholeDocument(text=text)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=document, content_changes=[whole])
        )
        return await self._diagnostics(version)

    async def _diagnostics(self, version: int) -> list[types.Diagnostic]:
        while True:
            published = await asyncio.wait_for(self._published.get(), _PATIENCE)
            if published.version == version:
                return list(published.diagnostics)


def edit(path: Path, session: Callable[[Editor], Awaitable[T]]) -> T:
    """Start the server, run what an editor does, and shut it down."""

    async def run() -> T:
        client = LanguageClient("test", "1")
        editor = Editor(client, path)
        await client.start_io(sys.executable, "-m", "glmmspec", "lsp", env=environment())
        capabilities = types.ClientCapabilities()
        await client.initialize_async(
            types.InitializeParams(capabilities=capabilities, root_uri=path.parent.as_uri())
        )
        client.initialized(types.InitializedParams())
        try:
            return await asyncio.wait_for(session(editor), _PATIENCE)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    return asyncio.run(run())
