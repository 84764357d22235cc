"""`glmmspec explain-error`: what a mistake's code stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from glmmspec.cli.outcome import DONE
from glmmspec.mistakes import MISTAKES, Mistake, explained

Code = Annotated[
    str | None, typer.Argument(metavar="[CODE]", help="A code, such as G012.", show_default=False)
]


def explain_error(code: Code = None) -> int:
    """Explain a code that stands in square brackets after a message; without one, list them all."""
    if code is None:
        typer.echo("\n".join(f"{mistake.code}  {mistake.message}" for mistake in MISTAKES.values()))
    else:
        typer.echo("\n".join(_lines(explained(code))))
    return DONE


def _lines(mistake: Mistake) -> Iterator[str]:
    yield f"{mistake.code}: {mistake.message}"
    yield f"  {mistake.hint}"
    if mistake.why:
        yield f"  {mistake.why}"
    for example in map(_shortened, mistake.examples[:3]):
        yield from ("", *(f"    {line}" for line in example.splitlines()))


def _shortened(text: str) -> str:
    return text if len(text) < 100 else f"{text[:80]}..."
