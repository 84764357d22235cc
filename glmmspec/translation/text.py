"""What the generated code has in common, whatever its language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from glmmspec.errors import SpecError, printable


def comment(text: str) -> str:
    """A comment of one line: what could end it, or act on a terminal, stands escaped."""
    return f"# {printable(text)}"


def call(function: str, arguments: Iterable[str], indent: str = "  ") -> str:
    """A call with an argument per line."""
    return f"{function}(\n" + ",\n".join(f"{indent}{argument}" for argument in arguments) + "\n)"


def plain_names(texts: Iterable[str], is_plain: Callable[[str], bool]) -> dict[str, str]:
    """A name for each text: itself where it is plain, else a plain one like it that nothing else has.

    A name that holds quotes, operators or line ends then stands in the code once, as a string, and
    nowhere in a formula, which every program parses in its own way.
    """
    wanted = list(dict.fromkeys(texts))
    found = {text: text for text in wanted if is_plain(text)}
    taken = set(wanted)
    for text in wanted:
        if text not in found:
            found[text] = next(name for name in _like(text) if is_plain(name) and name not in taken)
            taken.add(found[text])
    return found


def checked(*lines: str) -> str:
    """The lines as one text; control characters, which only strings can still hold, stand escaped.

    Raises
    ------
    SpecError
        If a name or a level holds a NUL character.
    """
    code = "".join(f"{line}\n" for line in lines)
    if "\0" in code:
        raise SpecError("a name or a level holds a NUL character, which no code can", hint="rename it")
    return re.sub(r"[\x01-\x08\x0b-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", code)


def _like(text: str) -> Iterator[str]:
    stem = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    stem = stem if stem[:1].isalpha() else f"x_{stem}".strip("_")
    yield stem
    yield from (f"{stem}_{number}" for number in count(2))
