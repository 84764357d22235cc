"""What the README and the docs show is what happens."""

import re
import warnings
from pathlib import Path

import pytest

import glmmspec as gs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_spec_in_the_readme_is_the_example():
    shown = next(iter(blocks(README, "glmm")))
    assert gs.parse(shown) == gs.read(ROOT / "examples" / "salamander.glmm")


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_python_in_the_readme_runs(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert "Variance components" in capsys.readouterr().out


def test_the_readme_has_the_two_commands_that_ci_runs():
    commands = re.findall(r"^python3 -m venv .*$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("glmmspec fit examples/salamander.glmm")
    assert ".venv/bin/pytest --quiet" in commands[1]


def test_the_picture_shows_the_fit():
    """Draws are the same on every machine, up to rounding; so are the printed figures but the last digit."""
    svg = (ROOT / "docs" / "salamander.svg").read_text().replace("&#160;", " ")
    shown = re.sub(r"<[^>]+>", "\n", svg)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = gs.fit(ROOT / "examples" / "salamander.glmm")
    for name, estimate in fit.params().items():
        row = next(line for line in shown.splitlines() if line.split()[:1] == [name])
        assert float(row.split()[1]) == pytest.approx(estimate, abs=2e-3)


def test_every_link_between_documents_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_homes_of_formulas_exist():
    text = (ROOT / "docs" / "mathematics.md").read_text()
    homes = re.findall(r"\[`([\w/]+\.py)`\]", text)
    assert len(homes) > 10
    for home in homes:
        assert (ROOT / "glmmspec" / home).exists(), home
