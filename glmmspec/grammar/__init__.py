"""The model language: from text to `ir.Model`, and to the same text well laid out."""

from __future__ import annotations

from pathlib import Path

from glmmspec.errors import GlmmSpecError, Source, SpecError
from glmmspec.faults import Faults
from glmmspec.ir import Model

__all__ = ["examine", "format_text", "parse", "read"]


def parse(text: str, *, family: str | None = None, name: str = "<spec>") -> Model:
    """The model that a spec's text describes.

    Parameters
    ----------
    text
        A spec in the model language (docs/language.md).
    family
        The response family, for a spec that does not say it.
    name
        What the text is called in error messages.

    Raises
    ------
    SpecSyntaxError
        If the text is not in the language.
    SpecError
        If it is, and makes no sense. Either is the first mistake in the text, and holds the
        others (`every`).
    """
    model, errors = examine(text, family=family, name=name)
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]
    assert model is not None, "no model, and nothing wrong"
    return model


def examine(
    text: str, *, family: str | None = None, name: str = "<spec>"
) -> tuple[Model | None, list[GlmmSpecError]]:
    """The model of a spec's text, or None, and all that is wrong with the text, in its order.

    The parameters are those of `parse`; nothing is raised.
    """
    from glmmspec.grammar.lower import lower
    from glmmspec.grammar.parser import read_spec

    source, faults = Source(name, text), Faults()
    try:
        model = lower(read_spec(text, faults), family, source, faults)
        faults.raise_any()
    except GlmmSpecError as error:
        error.locate(source)
        errors = list(error.every)
        error.others = ()
        return None, errors
    return model, []


def read(path: str | Path, *, family: str | None = None) -> Model:
    """The model in a spec file, as `parse` gives it.

    Raises
    ------
    SpecSyntaxError, SpecError
        As `parse`; also a SpecError if the file cannot be read as UTF-8 text.
    """
    return parse(read_text(path), family=family, name=str(path))


def read_text(path: str | Path) -> str:
    """The text of a spec file.

    Raises
    ------
    SpecError
        If there is no such file, or it is too large or not UTF-8.
    """
    from glmmspec.grammar.parser import MAX_LENGTH

    try:
        with Path(path).open("rb") as file:
            # Enough for the longest text in any UTF-8; what is longer still, parsing refuses.
            raw = file.read(4 * MAX_LENGTH + 4)
        return raw.decode("utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str | Path, error: OSError | ValueError) -> SpecError:
    if isinstance(error, UnicodeDecodeError):
        return SpecError(
            f"{path} is not UTF-8 text (byte {error.start + 1})",
            hint="save it as UTF-8, without other encodings",
            code="G157",
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SpecError(f"cannot read {path}: {reason}", hint="give the path of a .glmm file", code="G157")


def format_text(text: str, *, name: str = "<spec>") -> str:
    """A spec's text in canonical layout: comments, order and formula as written.

    Raises
    ------
    SpecSyntaxError
        If the text is not in the language.
    """
    from glmmspec.grammar.formatter import format_spec

    try:
        return format_spec(text)
    except GlmmSpecError as error:
        error.locate(Source(name, text))
        raise
