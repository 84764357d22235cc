"""Reading spec files, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from glmmspec.errors import SpecError, SpecSyntaxError
from glmmspec.grammar import format_text, parse, read
from glmmspec.grammar.parser import MAX_LENGTH

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.glmm"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_specs_in_canonical_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(text) == text
    model = read(path)
    assert parse(str(model)) == model
    assert model.title is not None
    assert model.data is not None
    assert model.data.name == path.stem


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.glmm"
    path.write_bytes("# é\ny ~ lgo(x) | g\n".encode())
    with pytest.raises(SpecError) as caught:
        read(path, family="poisson")
    assert str(caught.value).startswith(f"{path}:2:5: unknown function 'lgo' [G101]\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title '\xe9'", "{path} is not UTF-8 text (byte 8)"),
        (b"x" * (4 * MAX_LENGTH + 2), "the text is longer than"),
        (b"x" * (MAX_LENGTH + 1), "the text is longer than"),
        (None, "cannot read {path}: No such file or directory"),
        (b"", "the spec has no formula"),
        (b"\xef\xbb\xbf'", "the ' is not closed on its line"),
    ],
)
def test_what_cannot_be_read(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.glmm"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((SpecError, SpecSyntaxError)) as caught:
        read(path)
    assert caught.value.message.startswith(message.format(path=path))


def test_a_directory_or_an_impossible_path_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="Is a directory"):
        read(tmp_path)
    with pytest.raises(SpecError, match="null"):
        read("a\0.glmm")


def test_the_language_loads_no_numerical_package() -> None:
    code = (
        "import glmmspec.grammar, sys; glmmspec.grammar.parse('y ~ x | g', family='poisson');"
        "print(*({'jax', 'pandas', 'numpy', 'scipy', 'formulaic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
