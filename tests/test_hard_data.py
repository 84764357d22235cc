"""Data that break fits: a right answer, or a refusal that names the cause (docs/hard-data.md)."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

import glmmspec as gs
from tests import hard_data, pages
from tests.cli.support import run
from tests.hard_data import CASES, Case, Estimated, Refused, cell, outcome

NAMES = [case.name for case in CASES]
SECONDS = 120
"""Of processor time; the slowest takes some 10 s, most of it compiling."""


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_is_right_or_refused(case: Case) -> None:
    began = time.process_time()
    happened = outcome(case)
    assert time.process_time() - began < SECONDS
    assert all(issubclass(w.category, gs.GlmmSpecWarning) for w in happened.warnings), happened.warnings
    if isinstance(case.expected, Refused):
        assert isinstance(happened.error, case.expected.kind), happened
        assert re.match(case.expected.says, happened.error.message)
        assert happened.error.hint
    else:
        assert happened.fit is not None, happened
        check_fit(happened.fit, case.expected)


def check_fit(fit: gs.Fit, expected: Estimated) -> None:
    """Reliable, without a NaN but for the errors of a variance of 0, and within its own stated errors."""
    assert fit.converged
    assert fit.reliable
    said = [str(warning) for warning in fit.warnings]
    assert len(said) == bool(expected.warns)
    assert all(re.match(expected.warns, one) for one in said)
    answer = expected.answer(fit)
    se, mcse = fit.se().to_numpy(), fit.mcse().to_numpy()
    estimated = fit.params().to_numpy() != 0
    assert np.isfinite([fit.loglik, *fit.params()]).all()
    assert np.isfinite([se[estimated], mcse[estimated]]).all()
    assert (mcse[estimated] <= 0.05 * se[estimated]).all()
    stated = 0.0 if answer.same_draws else 4 * mcse[estimated]
    off = np.abs(fit.params().to_numpy() - answer.estimates)[estimated]
    assert (off < stated + answer.rounding * se[estimated]).all(), (fit.params(), answer)
    assert (answer.estimates[~estimated] == 0).all()
    np.testing.assert_allclose(se[estimated], answer.standard_errors[estimated], rtol=0.05)


def test_a_wrong_answer_fails() -> None:
    """Negative control: estimates a fifth of a standard error away, or errors a tenth too small."""
    case = next(c for c in CASES if c.name == "10^6 trials in each row")
    fit = outcome(case).fit
    assert fit is not None
    answer = case.expected.answer(fit)
    moved = hard_data.Answer(answer.estimates + 0.2 * answer.standard_errors, answer.standard_errors, 0.01)
    narrow = hard_data.Answer(answer.estimates, 1.1 * answer.standard_errors, 0.01)
    for wrong in (moved, narrow):
        with pytest.raises(AssertionError):
            check_fit(fit, Estimated(lambda _, wrong=wrong: wrong))


def test_the_page_shows_every_case_and_what_happens() -> None:
    shown = hard_data.rows(hard_data.PAGE.read_text())
    assert [row[0] for row in shown] == NAMES
    for case, (_, _, happens, why) in zip(CASES, shown, strict=True):
        assert pages.agree(happens, cell(outcome(case))), f"{case.name}\n{cell(outcome(case))}"
        assert why == case.why


ON_THE_COMMAND_LINE = {
    "complete separation: y is 1 where x > 0, and else 0": 2,
    "one grouping twice, under two names": 2,
    "an offset of -700, for counts": 0,
    "a variance that is truly 0: counts": 0,
}


@pytest.mark.parametrize("name", ON_THE_COMMAND_LINE)
def test_so_does_the_command(name: str, tmp_path: Path) -> None:
    case = next(c for c in CASES if c.name == name)
    spec, data = tmp_path / "hard.glmm", tmp_path / "hard.csv"
    spec.write_text(case.spec + "\n")
    case.data().to_csv(data, index=False)
    result = run("fit", spec, "--data", data, "--json")
    assert result.exit_code == ON_THE_COMMAND_LINE[name]
    if isinstance(case.expected, Refused):
        assert not result.stdout
        assert re.search(case.expected.says, result.stderr)
        assert "Traceback" not in result.stderr
    else:
        assert "NaN" not in result.stdout
        assert json.loads(result.stdout)["converged"]
