"""The language server, driven by a client."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pygls")

from lsprotocol import types

from tests.language_server.client import Editor, Server

SPEC = """\
data salamander
family bernoulli
Mate ~ 0 + Cross | F = Female, M = Male
prior sd(F) ~ half_normal(1)
solver seed = 7
"""


def at(text: str, word: str, *, after: int = 0) -> types.Position:
    """The place of a word's first character, or of one so many characters after it."""
    offset = text.index(word) + after
    return types.Position(text.count("\n", 0, offset), offset - (text.rfind("\n", 0, offset) + 1))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def test_diagnostics_as_you_type(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        assert await editor.open(SPEC) == []
        (error,) = await editor.type(SPEC.replace("0 + Cross", "0 + Cros"), 1)
        assert (error.code, error.severity) == ("G201", types.DiagnosticSeverity.Error)
        assert error.message == "unknown column 'Cros' in data 'salamander'\ndid you mean 'Cross'?"
        assert error.range == types.Range(types.Position(2, 11), types.Position(2, 15))
        both = await editor.type(SPEC.replace("seed", "sed").replace("half_normal", "half"), 2)
        assert [each.code for each in both] == ["G145", "G140"]
        assert await editor.type(SPEC, 3) == []

    server.edit(tmp_path / "a.glmm", session)


def test_what_is_doubtful_is_a_warning_on_opening(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        (doubt,) = await editor.open("data murder\nfamily poisson\ny ~ race | subject\n")
        assert (doubt.code, doubt.severity) == ("G306", types.DiagnosticSeverity.Warning)

    server.edit(tmp_path / "a.glmm", session)


def test_places_count_as_the_protocol_does(server: Server, tmp_path: Path) -> None:
    """In units of UTF-16, of which a character outside the first plane takes two."""

    async def session(editor: Editor) -> None:
        (error,) = await editor.open("family poisson\n`\U0001d6fd` ~ lgo(x) | g\n")
        assert error.range == types.Range(types.Position(1, 7), types.Position(1, 13))

    server.edit(tmp_path / "a.glmm", session)


def test_a_text_may_be_empty_or_have_odd_line_ends(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        said = await editor.open("")
        assert [each.code for each in said] == ["G132", "G135"]
        assert {(each.range.start.line, each.range.end.character) for each in said} == {(0, 0)}
        (error,) = await editor.type("title 'a\u2028b'  # \x0c\r\nfamily poisson\r\ny ~ lgo(x) | g", 1)
        assert error.range == types.Range(types.Position(2, 4), types.Position(2, 10))

    server.edit(tmp_path / "a.glmm", session)


def test_hover(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        await editor.open(SPEC)

        async def shown(word: str, after: int = 0) -> str:
            place = at(SPEC, word, after=after)
            found = await editor.client.text_document_hover_async(types.HoverParams(editor.document, place))
            assert found is not None
            assert isinstance(found.contents, types.MarkupContent)
            return found.contents.value

        assert "4 levels: R/R, R/W, W/R, W/W" in await shown("Cross")
        assert "The variance of the random intercepts by Female (60 groups)" in await shown("F =")
        assert "seed of all random draws" in (await shown("seed")).lower()
        assert "Default: 1" in await shown("seed")
        assert "The distribution of the response" in await shown("family")
        assert "The standard deviation" in await shown("sd(")

    server.edit(tmp_path / "a.glmm", session)


def test_completion(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        await editor.open(SPEC)
        version = 0

        async def proposed(text: str) -> dict[str, str | None]:
            """What may stand at the end of a text that follows the data statement."""
            nonlocal version
            version += 1
            whole = f"data salamander\n{text}"
            await editor.type(whole, version)
            place = types.Position(whole.count("\n"), len(whole) - (whole.rfind("\n") + 1))
            found = await editor.client.text_document_completion_async(
                types.CompletionParams(editor.document, place)
            )
            assert isinstance(found, list)
            return {item.label: item.insert_text for item in found}

        columns = {"Mate", "Cross", "Female", "Male"}
        assert {"family", "solver", *columns} <= set(await proposed("fam"))
        assert set(await proposed("family ")) == {"bernoulli", "binomial", "poisson"}
        assert {"log", "poly", *columns} <= set(await proposed("Mate ~ 0 + Cr"))
        assert "cbind" not in await proposed("Mate ~ ")
        options = await proposed("solver seed = 1, ")
        assert options["tolerance"] == "tolerance = 0.05"
        assert set(await proposed("solver proposal = ")) == {"laplace", "mixture"}
        assert await proposed("levels Cross = ") == {
            level: f'"{level}"' for level in ("R/R", "R/W", "W/R", "W/W")
        }
        assert set(await proposed("Mate ~ 1 | F = Female, M = Male\nprior sd(")) == {"F", "M"}
        assert "half_normal" in await proposed("prior sd(F) ~ ")

    server.edit(tmp_path / "a.glmm", session)


def test_formatting(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        options = types.FormattingOptions(tab_size=4, insert_spaces=True)
        wanted = types.DocumentFormattingParams(editor.document, options)
        await editor.open("family poisson\ny~x+(1|g)#why")
        (change,) = await editor.client.text_document_formatting_async(wanted) or ()
        assert change.new_text == "family poisson\ny ~ x + (1 | g)  #why\n"
        assert (change.range.start, change.range.end) == (types.Position(0, 0), types.Position(1, 13))
        await editor.type(change.new_text, 1)
        assert not await editor.client.text_document_formatting_async(wanted)
        await editor.type("y ~ (", 2)
        assert await editor.client.text_document_formatting_async(wanted) is None

    server.edit(tmp_path / "a.glmm", session)


def test_definition_and_outline(server: Server, tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        await editor.open(SPEC)
        place = at(SPEC, "sd(F", after=3)
        found = await editor.client.text_document_definition_async(
            types.DefinitionParams(editor.document, place)
        )
        assert isinstance(found, types.Location)
        assert found.range.start == at(SPEC, "F = Female")
        outline = await editor.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(editor.document)
        )
        assert outline is not None
        named = [(symbol.name, [child.name for child in symbol.children or ()]) for symbol in outline]  # type: ignore[union-attr]
        assert named == [
            ("data salamander", []),
            ("family bernoulli", []),
            ("Mate ~ ...", ["F", "M"]),
            ("prior sd(F), half_normal(1)", []),
            ("solver", ["seed"]),
        ]

    server.edit(tmp_path / "a.glmm", session)


def test_without_pygls_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pygls'] = sys.modules['lsprotocol'] = None\n"
        "from glmmspec.cli.app import app; app(['lsp'])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "pip install 'glmmspec[lsp]'" in ended.stderr
