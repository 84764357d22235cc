"""The table of mistakes: its examples are answered by their codes, and every error has one."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from glmmspec.errors import GlmmSpecError
from glmmspec.mistakes import MISTAKES, explained

ROOT = Path(__file__).parent.parent
PAGE = runpy.run_path(str(ROOT / "docs" / "errors.py"))
EXAMPLES = [(code, example) for code, mistake in MISTAKES.items() for example in mistake.examples]

# Where a user's spec and data are read: every error there has a code.
READING = [
    *sorted({*(ROOT / "glmmspec" / "grammar").glob("*.py")} - {ROOT / "glmmspec" / "grammar" / "r_call.py"}),
    *(
        ROOT / "glmmspec" / f"{name}.py"
        for name in (
            "columns", "design", "effects", "evaluate", "expression", "functions", "ir", "matrix", "options",
            "prior", "response", "selection", "tables", "terms", "usage",
        )
    ),
]  # fmt: skip
ERRORS = {"SpecSyntaxError", "SpecError", "DataError", "GlmmSpecError", "error"}


@pytest.mark.parametrize(("code", "example"), EXAMPLES, ids=lambda text: repr(text[:40]))
def test_an_example_is_answered_by_its_code_and_remedy(code: str, example: str) -> None:
    said = PAGE["answers"](code, example)
    # A statement alone is also answered by what a spec lacks; advice may be manifold.
    others = {"G132"} if code < "G1" else {"G303"} if code >= "G3" else set()
    assert {error.code for error in said} - (others - {code}) == {code}
    assert all(error.location is not None for error in said if error.code not in ("G223", "G062"))


def test_codes_are_in_order_and_in_their_parts() -> None:
    assert list(MISTAKES) == sorted(MISTAKES)
    assert all(len(code) == 4 and code[0] == "G" and code[1] in "0123" for code in MISTAKES)


@pytest.mark.parametrize("path", READING, ids=lambda path: path.name)
def test_every_error_of_reading_has_a_code_of_the_table(path: Path) -> None:
    for call in _errors(ast.parse(path.read_text(encoding="utf-8"))):
        code = next((keyword.value for keyword in call.keywords if keyword.arg == "code"), None)
        assert code is not None, f"{path.name}:{call.lineno}"
        if isinstance(code, ast.Constant):
            assert code.value in MISTAKES, f"{path.name}:{call.lineno}"


def _errors(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that make an error with a message."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ERRORS:
                yield node


def test_a_code_is_explained_in_either_case() -> None:
    assert explained("g012") is MISTAKES["G012"]
    with pytest.raises(GlmmSpecError, match="no mistake has the code 'G999'"):
        explained("G999")


def test_the_page_is_the_one_that_is_made() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == PAGE["page"]()
