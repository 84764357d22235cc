"""Small pieces of HTML, by which notebooks show models, designs, fits and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = "text-align: {}; padding: 0.1em 0.7em; white-space: nowrap"


def block(*parts: str) -> str:
    """Parts one below the other."""
    return f"<div class='glmmspec'>{''.join(part for part in parts if part)}</div>"


def lines(texts: Iterable[str], *, muted: bool = False) -> str:
    """Texts line by line."""
    style = " style='color: gray; font-size: smaller'" if muted else ""
    return "".join(f"<div{style}>{escape(text)}</div>" for text in texts)


def preformatted(text: str) -> str:
    """A text whose blanks and lines stay."""
    return f"<pre>{escape(text)}</pre>"


def heading(text: str) -> str:
    """A line in bold."""
    return f"<div style='margin-top: 0.5em'><b>{escape(text)}</b></div>"


def table(columns: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """A table of columns, each with its title first; those of `left` are aligned to the left."""
    rows = list(zip(*columns, strict=True))
    head, body = rows[:1], rows[1:]
    cells = "".join(f"<tr>{''.join(_cells('th', row, left))}</tr>" for row in head)
    cells += "".join(f"<tr>{''.join(_cells('td', row, left))}</tr>" for row in body)
    return f"<table style='margin: 0.3em 0; border-collapse: collapse'>{cells}</table>"


def _cells(tag: str, row: Sequence[str], left: Sequence[int]) -> Iterable[str]:
    for i, cell in enumerate(row):
        style = _STYLE.format("left" if i in left else "right")
        yield f"<{tag} style='{style}'>{escape(cell)}</{tag}>"


def spec(text: str) -> str:
    """A spec with its words in colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    from glmmspec.grammar.highlighting import GlmmLexer

    coloured: str = highlight(text, GlmmLexer(), HtmlFormatter(noclasses=True, nobackground=True))
    return coloured
