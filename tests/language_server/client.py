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


class Server:
    """The server, from its start to its end, and the client that speaks to it."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.client = LanguageClient("test", "1")
        self.published: dict[str, asyncio.Queue[types.PublishDiagnosticsParams]] = {}

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri].put_nowait(params)

    def __enter__(self) -> Server:
        self._runner.run(self._start())
        return self

    async def _start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "glmmspec", "lsp", env=environment())
        await self.client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
        self.client.initialized(types.InitializedParams())

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    async def _stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def edit(self, path: Path, session: Callable[[Editor], Awaitable[T]]) -> T:
        """Run what an editor does with that file."""
        self.published[path.as_uri()] = asyncio.Queue()
        return self._runner.run(asyncio.wait_for(session(Editor(self, path)), _PATIENCE))


class Editor:
    """An editor with one spec open.

    Attributes
    ----------
    client
        Speaks the protocol.
    path
        The spec's file.
    """

    def __init__(self, server: Server, path: Path) -> None:
        self.client = server.client
        self.path = path
        self.uri = path.as_uri()
        self.document = types.TextDocumentIdentifier(uri=self.uri)
        self._published = server.published[self.uri]

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
