"""The calls that join the stages: text to model, model to data, data to fit."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmmspec import grammar
from glmmspec.design import bind
from glmmspec.errors import FitError, SpecError, did_you_mean_or_list
from glmmspec.ir import Model
from glmmspec.options import SolverOptions, check_option

if TYPE_CHECKING:
    import pandas as pd

    from glmmspec.inference.fit import Fit
    from glmmspec.solver.maximum_likelihood import Progress


def as_model(model: Model | str | PathLike[str], *, family: str | None = None) -> Model:
    """A model as it is, parsed from a spec's text (anything with a `~`), or read from a spec file.

    Raises
    ------
    SpecError
        If the text is no spec, the file cannot be read, or the model is none of these.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str | PathLike):
        raise SpecError(
            f"a model is a spec's text or its file, and not a {type(model).__name__}",
            hint="give the model first and then the data",
        )
    if isinstance(model, str) and "~" in model:
        return grammar.parse(model, family=family)
    return grammar.read(Path(model), family=family)


def fit(
    model: Model | str | PathLike[str],
    data: Any = None,
    *,
    family: str | None = None,
    progress: Progress | None = None,
    start: str | Fit | Mapping[str, float] | pd.Series[float] | Sequence[float] | None = None,
    **options: Any,
) -> Fit:
    """Fit a generalized linear mixed model by maximum likelihood.

    Parameters
    ----------
    model
        A `Model`, the text of a spec or the path of a spec file.
    data
        A data frame (pandas, polars, pyarrow, ...), or None if the spec names its data.
    family
        The response family, if the text does not say.
    progress
        Called with each `Round` as it ends.
    start
        Where to start: `pql`, `zero`, a previous fit, or values of all parameters, as numbers in their order
        or as a mapping (a pandas Series) from their names.
    **options
        Solver options that take the place of the spec's (see `SolverOptions`).

    Raises
    ------
    SpecError, DataError
        If the spec, the data or an option is wrong.
    FitError
        If the likelihood has no maximum.

    Warns
    -----
    FitWarning, DataWarning
        Of what must be known before the fit is used; also in `Fit.warnings`.
    """
    bound = as_model(model, family=family)
    for name, value in options.items():
        check_option(SolverOptions, name, value)
    resolved = dataclasses.replace(bound.solver, **options)
    design = bind(bound, data)
    if start is not None:
        resolved = dataclasses.replace(resolved, start=_start_option(start, design.parameters))
    from glmmspec.inference.solve import solve

    result = solve(bound, design, resolved, progress)
    for warning in result.warnings:
        warnings.warn(warning, stacklevel=2)
    return result


def _start_option(start: Any, parameters: tuple[str, ...]) -> Any:
    """The value of the option `start`, from all that `fit` takes for it.

    Raises
    ------
    FitError
        If a mapping does not name the parameters of the model.
    SpecError
        If it is none of the things it may be.
    """
    values = start.params() if hasattr(start, "params") else start
    if hasattr(values, "items"):
        named = dict(values.items())
        wrong = next(iter(sorted(named.keys() ^ set(parameters), key=str)), None)
        if wrong is not None:
            state = "is no parameter of the model" if wrong in named else "is missing"
            raise FitError(f"start: '{wrong}' {state}", hint=did_you_mean_or_list(str(wrong), parameters))
        values = [named[name] for name in parameters]
    option = values if isinstance(values, str) else tuple(float(value) for value in values)
    check_option(SolverOptions, "start", option)
    return option
