"""A model as the call that fits the same model in another program."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from glmmspec.errors import SpecError, did_you_mean_or_list

if TYPE_CHECKING:
    from glmmspec.ir import Model

TARGETS = ("glmm", "lme4", "glmmTMB", "bambi", "brms")
"""The programs, by the names of their packages."""


def translate(model: Model, to: str, data: Any = None) -> str:
    """The code that fits a model in another program: R, or Python for bambi.

    It reads the data that the model names, leaves out rows and orders levels as the model says, and
    fits. It runs as it stands, but for `data`, a data frame, where the model names none.

    Parameters
    ----------
    model
        The model.
    to
        The program: glmm, lme4, glmmTMB, bambi or brms.
    data
        A data frame in place of the data that the model names, of which the code then takes one
        called `data`.

    Raises
    ------
    TranslationError
        If that program has no such model, with the reason.
    SpecError
        If there is no such program, or there are no data and it is they that say what groups.
    DataError
        If the data cannot be read or do not fit the model.
    """
    if to not in TARGETS:
        raise SpecError(f"no translation to '{to}'", hint=did_you_mean_or_list(to, TARGETS))
    from glmmspec.translation.bound import bound

    program = importlib.import_module(f"glmmspec.translation.{to.lower()}")
    code: str = program.code(bound(model, data))
    return code
