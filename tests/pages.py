"""Pages whose examples are run: a ```python block, and below it in a ```text block what it prints.

    python -m tests.pages docs/vignette.md

runs a page and writes what it prints into it.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import warnings
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
_TIME = re.compile(r"; [0-9.]+ s$", re.MULTILINE)


def run(page: str) -> list[tuple[str, str, str]]:
    """Every block of a page: its code, what the page shows, and what is printed.

    The blocks share their names. A warning is printed after what else is, on a line of its own.
    """
    names: dict[str, Any] = {}
    return [(code, shown, _printed(code, names)) for code, shown in _BLOCK.findall(page)]


def _printed(code: str, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        exec(compile(code, "page", "exec"), names)
    out.writelines(f"{warning.category.__name__}: {warning.message}\n" for warning in warned)
    lines = _TIME.sub("", out.getvalue()).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def agree(shown: str, printed: str) -> bool:
    """The same words, and numbers equal to two units of the last place or a hundredth.

    Draws are the same on every machine, but not the rounding of sums over them.
    """
    if _words(shown) != _words(printed):
        return False
    pairs = zip(_NUMBER.findall(shown), _NUMBER.findall(printed), strict=True)
    return all(_close(one, other) for one, other in pairs)


def _words(text: str) -> str:
    return re.sub(r" +|(?<=\n)-+", " ", _NUMBER.sub("#", text))


def _close(one: str, other: str) -> bool:
    a, b = float(one), float(other)
    place = max(10.0 ** (int(text.partition("e")[2] or 0) - _decimals(text)) for text in (one, other))
    return abs(a - b) <= max(2 * place, 0.01 * max(abs(a), abs(b)))


def _decimals(text: str) -> int:
    return len(text.partition("e")[0].partition(".")[2])


def rewritten(page: str) -> str:
    """The page, showing what its blocks print."""
    blocks = iter(run(page))

    def block(match: re.Match[str]) -> str:
        code, _, printed = next(blocks)
        return f"```python\n{code}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    return _BLOCK.sub(block, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text()))
