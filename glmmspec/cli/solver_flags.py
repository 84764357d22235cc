"""One flag for each option of the solver, or of the sampler, made from the table of options itself."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import typer

from glmmspec.expression import number_text
from glmmspec.options import Options, SamplerOptions, SolverOptions, check_option


def with_solver_flags(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose `**flags` are the solver's options, each as the text given, or None."""
    return _with_flags(command, SolverOptions)


def with_sampler_flags(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose `**flags` are the sampler's options, each as the text given, or None."""
    return _with_flags(command, SamplerOptions)


def _with_flags(command: Callable[..., int], kind: type[Options]) -> Callable[..., int]:
    @functools.wraps(command)
    def run(**arguments: Any) -> int:
        return command(**arguments)

    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    flags = [_parameter(field) for field in dataclasses.fields(kind)]
    run.__signature__ = signature.replace(parameters=[*own, *flags])  # type: ignore[attr-defined]
    return run


def given_options(flags: Mapping[str, str | None], kind: type[Options] = SolverOptions) -> dict[str, Any]:
    """The options given on the command line, as values.

    Raises
    ------
    SpecError
        As for the same value in a spec, if one has the wrong type or is out of range.
    """
    known = {field.name: field for field in dataclasses.fields(kind)}
    given = {name: _value(known[name], text) for name, text in flags.items() if text is not None}
    for name, value in given.items():
        check_option(kind, name, value)
    return given


def flag(name: str) -> str:
    """The flag of an option."""
    return f"--{name.replace('_', '-')}"


def _parameter(field: dataclasses.Field[Any]) -> inspect.Parameter:
    """A keyword-only parameter that takes the option's text; the option's own check reads it."""
    default = "" if field.default is None else f"  [default: {_shown(field.default)}]"
    option = typer.Option(
        None, flag(field.name), metavar=_metavar(field), help=field.metadata["help"] + default
    )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=str | None
    )


def _metavar(field: dataclasses.Field[Any]) -> str:
    if field.metadata["choices"]:
        return "|".join(field.metadata["choices"]) + ("|X,X,..." if field.metadata["or_numbers"] else "")
    if isinstance(field.default, tuple):
        return ",".join("X" * len(field.default))
    return "X" if isinstance(field.default, float) else "N"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(f"{part:.3g}" for part in value)
    return number_text(value) if isinstance(value, float) else str(value)


def _value(field: dataclasses.Field[Any], text: str) -> Any:
    """The value that a text stands for: numbers separated by commas, a number, or else the text itself."""
    listed = field.metadata["or_numbers"] and text not in field.metadata["choices"]
    if isinstance(field.default, tuple) or listed:
        return tuple(_scalar(part) for part in text.split(","))
    return text if field.metadata["choices"] else _scalar(text)


def _scalar(text: str) -> int | float | str:
    """A number as a spec reads it: one that is whole, however it is written, is an int."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
