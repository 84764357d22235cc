"""The protocol: requests of an editor answered from `document`, `hover` and `completion`."""

from __future__ import annotations

import io
from importlib.metadata import version

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from glmmspec import grammar
from glmmspec.errors import GlmmSpecError, Span
from glmmspec.language_server.completion import complete
from glmmspec.language_server.document import Document, Symbol
from glmmspec.language_server.hover import hover, word_at

server = LanguageServer("glmmspec", version("glmmspec"))

_SYMBOLS = {
    "formula": types.SymbolKind.Function,
    "component": types.SymbolKind.Variable,
    "statement": types.SymbolKind.Property,
    "option": types.SymbolKind.Field,
}
_PROPOSALS = {
    "keyword": types.CompletionItemKind.Keyword,
    "column": types.CompletionItemKind.Field,
    "function": types.CompletionItemKind.Function,
    "option": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Value,
    "component": types.CompletionItemKind.Variable,
}


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: LanguageServer, params: types.DidOpenTextDocumentParams) -> None:
    """Look at a file, with the values of its data."""
    _diagnose(ls, params.text_document.uri, with_values=True)


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
def did_save(ls: LanguageServer, params: types.DidSaveTextDocumentParams) -> None:
    """Look at a file again, with the values of its data."""
    _diagnose(ls, params.text_document.uri, with_values=True)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: LanguageServer, params: types.DidChangeTextDocumentParams) -> None:
    """Look at what was typed, without the values of the data, which would take too long."""
    _diagnose(ls, params.text_document.uri, with_values=False)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: LanguageServer, params: types.DidCloseTextDocumentParams) -> None:
    """Take back what was said of a file."""
    uri = params.text_document.uri
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))


@server.feature(types.TEXT_DOCUMENT_HOVER)
def on_hover(ls: LanguageServer, params: types.HoverParams) -> types.Hover | None:
    """What the word under the pointer means."""
    text = ls.workspace.get_text_document(params.text_document.uri)
    found = hover(_document(text), _offset(text, params.position))
    if found is None:
        return None
    meaning, span = found
    content = types.MarkupContent(kind=types.MarkupKind.Markdown, value=meaning)
    return types.Hover(contents=content, range=_range(text, span))


@server.feature(
    types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["~", "+", "|", "=", "(", ","])
)
def on_completion(ls: LanguageServer, params: types.CompletionParams) -> list[types.CompletionItem]:
    """What may stand here."""
    text = ls.workspace.get_text_document(params.text_document.uri)
    return [
        types.CompletionItem(
            label=proposal.label,
            kind=_PROPOSALS[proposal.kind],
            documentation=proposal.detail,
            insert_text=proposal.inserted,
        )
        for proposal in complete(_document(text), _offset(text, params.position))
    ]


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
def on_definition(ls: LanguageServer, params: types.DefinitionParams) -> types.Location | None:
    """Where the variance component under the pointer is defined."""
    text = ls.workspace.get_text_document(params.text_document.uri)
    document = _document(text)
    word = word_at(document, _offset(text, params.position))
    span = document.components().get(word) if word is not None else None
    return None if span is None else types.Location(uri=text.uri, range=_range(text, span))


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
def on_formatting(ls: LanguageServer, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The text in canonical layout; nothing where it cannot be read."""
    text = ls.workspace.get_text_document(params.text_document.uri)
    try:
        formatted = grammar.format_text(text.source)
    except GlmmSpecError:
        return None
    if formatted == text.source:
        return []
    return [types.TextEdit(range=_range(text, Span(0, len(text.source))), new_text=formatted)]


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def on_symbols(ls: LanguageServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The outline of a spec."""
    text = ls.workspace.get_text_document(params.text_document.uri)
    return [_symbol(text, symbol) for symbol in _document(text).symbols()]


def _symbol(text: TextDocument, symbol: Symbol) -> types.DocumentSymbol:
    place = _range(text, symbol.span)
    return types.DocumentSymbol(
        name=symbol.name,
        kind=_SYMBOLS[symbol.kind],
        range=place,
        selection_range=place,
        children=[_symbol(text, child) for child in symbol.children],
    )


def _document(text: TextDocument) -> Document:
    return Document(text.source, to_fs_path(text.uri) or text.uri)


def _diagnose(ls: LanguageServer, uri: str, *, with_values: bool) -> None:
    text = ls.workspace.get_text_document(uri)
    diagnostics = [_diagnostic(text, error) for error in _document(text).errors(with_values=with_values)]
    ls.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(uri=uri, version=text.version, diagnostics=diagnostics)
    )


def _diagnostic(text: TextDocument, error: GlmmSpecError) -> types.Diagnostic:
    doubtful = (error.code or "") >= "G3"
    return types.Diagnostic(
        range=_range(text, error.span or Span(0, 0)),
        message=error.message + (f"\n{error.hint}" if error.hint else ""),
        severity=types.DiagnosticSeverity.Warning if doubtful else types.DiagnosticSeverity.Error,
        code=error.code,
        source="glmmspec",
    )


def _range(text: TextDocument, span: Span) -> types.Range:
    return types.Range(start=_position(text, span.start), end=_position(text, span.end))


def _position(text: TextDocument, offset: int) -> types.Position:
    """A place as the protocol counts it: by line, and in it by the units that the editor asked for."""
    lines = _lines(text.source[:offset])
    unfinished = lines.pop() if lines and not lines[-1].endswith(("\n", "\r")) else ""
    units: int = text.position_codec.client_num_units(unfinished)
    return types.Position(line=len(lines), character=units)


def _offset(text: TextDocument, position: types.Position) -> int:
    """The offset of a place; a place beyond a line's end is the line's end."""
    lines = _lines(text.source)
    if position.line >= len(lines):
        return len(text.source)
    place = text.position_codec.position_from_client_units(lines, position)
    return sum(map(len, lines[: place.line])) + place.character


def _lines(source: str) -> list[str]:
    """Lines with their ends, which the protocol says are those of Unix, Windows and the old Macintosh."""
    return io.StringIO(source, newline="").readlines()
