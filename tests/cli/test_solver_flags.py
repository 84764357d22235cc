"""Every solver option is a flag, and is read and refused as in a spec."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import glmmspec as gs
from glmmspec.cli.solver_flags import flag, given_options
from glmmspec.errors import SpecError
from glmmspec.options import SolverOptions
from tests.cli.support import CBPP, run

OPTIONS = dataclasses.fields(SolverOptions)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_help_lists_every_option_with_its_meaning(option: dataclasses.Field[object]) -> None:
    text = " ".join(run("fit", "--help").stdout.split())
    assert f"{flag(option.name)} " in text
    assert option.metadata["help"] in text
    assert all(choice in text for choice in option.metadata["choices"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "7", 7),
        ("draws", "1e3", 1000),
        ("tolerance", "0.01", 0.01),
        ("tolerance", "1", 1),
        ("points", "random", "random"),
        ("mixture", "0.5,0.25,0.25", (0.5, 0.25, 0.25)),
    ],
)
def test_values(name: str, text: str, value: object) -> None:
    given = given_options({name: text, "rmax": None})
    assert given == {name: value}
    assert type(given[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "in_spec"),
    [
        ("draws", "15", "15"),
        ("draws", "100.5", "100.5"),
        ("draws", "many", "many"),
        ("tolerance", "2", "2"),
        ("points", "sobl", "sobl"),
        ("blocks", "3", "3"),
        ("mixture", "0.5,0.5", "(0.5, 0.5)"),
        ("mixture", "-1,1,1", "(-1, 1, 1)"),
    ],
)
def test_refused_as_in_a_spec(name: str, text: str, in_spec: str, spec: Path) -> None:
    with pytest.raises(SpecError) as error:
        gs.parse(f"{CBPP}solver {name} = {in_spec}\n")
    result = run("fit", spec, flag(name), text)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {error.value.message} [{error.value.code}]\n")


def test_options_that_do_not_fit_together_are_refused(spec: Path) -> None:
    result = run("fit", spec, "--mixture", "0.5,0.5,0.5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sum to 1.5, not 1" in result.stderr


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="solver option rmax = "):
        given_options({"rmax": text})
