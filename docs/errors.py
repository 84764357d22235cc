"""Write docs/errors.md, the list of every mistake that glmmspec explains, from the table of them.

python docs/errors.py
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from glmmspec import grammar
from glmmspec.advice import advice
from glmmspec.design import bind
from glmmspec.errors import GlmmSpecError
from glmmspec.mistakes import MISTAKES, Mistake
from glmmspec.mistakes.data import TABLE

ROOT = Path(__file__).parent.parent
_PARTS = {
    "G0": "## Syntax: the text is not in the language",
    "G1": "## Meaning: the spec makes no sense",
    "G2": "## Data: they do not fit the spec",
    "G3": "## Advice: what `glmmspec check` warns of",
}
_INTRODUCTION = f"""\
# Every mistake, by its code

A message ends with a code in square brackets. `glmmspec explain-error G012` explains it at the command line.
A code is never given to another kind of mistake. All that is wrong with a spec is said in one run; what could
not be read is then left out, so that one mistake is not answered twice.

This page is written by `docs/errors.py` from the table (`glmmspec/mistakes`) that also tests the parser: each
answer is what glmmspec says. The examples of the parts on data are about this table:

```text
{TABLE.rstrip()}
```"""


def answers(code: str, example: str) -> list[GlmmSpecError]:
    """All that is said of an example of the mistake with that code."""
    try:
        model = grammar.parse(example, family="poisson" if code < "G1" else None, name="spec.glmm")
        if code < "G2":
            return []
        design = bind(model, None if model.data is not None else pd.read_csv(io.StringIO(TABLE)))
        return list(advice(model, design))
    except GlmmSpecError as error:
        return list(error.every)


def page() -> str:
    """The text of the page."""
    parts = [_INTRODUCTION]
    for code, mistake in MISTAKES.items():
        if _PARTS[code[:2]] not in parts:
            parts.append(_PARTS[code[:2]])
        parts.extend(_section(mistake))
    return "\n\n".join(parts) + "\n"


def _section(mistake: Mistake) -> Iterator[str]:
    yield f"### {mistake.code}"
    yield f"{_sentence(mistake.message)} {_sentence(mistake.hint)}"
    if mistake.why:
        yield mistake.why
    example = next((text for text in mistake.examples if len(text) < 100 and text.isascii()), None)
    if example is not None:
        said = next(error for error in answers(mistake.code, example) if error.code == mistake.code)
        yield f"```glmm\n{example}\n```"
        yield f"```text\n{said.text}\n```"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


if __name__ == "__main__":
    (ROOT / "docs" / "errors.md").write_text(page(), encoding="utf-8")
