"""`python -m fuzz.parser`: the parser under atheris, which looks for texts that reach new code in it.

atheris is no dependency of the tests: `pip install atheris`, with a Python it has a wheel for. What follows
on the command line goes to libFuzzer, such as `-max_total_time=600` or a folder that keeps the texts found.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["glmmspec", "lark"]):
    from glmmspec import grammar
    from glmmspec.errors import GlmmSpecError

    # Loaded here, and not when first used, so that atheris sees their code.
    grammar.format_text(str(grammar.parse("family poisson\ny ~ x | g\n")))


def text_is_read_or_refused(data: bytes) -> None:
    """As in `fuzz.cases`, which needs pandas and Hypothesis beside it."""
    text = data.decode(errors="replace")
    with suppress(GlmmSpecError):
        model = grammar.parse(text, family="poisson")
        assert grammar.parse(str(model)) == model
    with suppress(GlmmSpecError):
        formatted = grammar.format_text(text)
        assert grammar.format_text(formatted) == formatted


def main() -> None:
    """Fuzz until stopped; each text within 10 s and 2 GiB, unless the command line says otherwise."""
    bounds = ["-timeout=10", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *bounds, *sys.argv[1:]], text_is_read_or_refused)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
