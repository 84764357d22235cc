"""How a command ends: its exit code, and what the user reads when it fails."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from glmmspec.cli.interrupt import INTERRUPTED, report
from glmmspec.errors import GlmmSpecError

DONE = 0
NO = 1
"""The answer is "no", or is not to be relied on."""

BAD_INPUT = 2
INTERNAL_ERROR = 70
BROKEN_PIPE = 141
"""As a shell reports a program that SIGPIPE ended."""


def reported(command: Callable[..., int]) -> Callable[..., None]:
    """A command as typer runs it: the returned code is the exit code, and no traceback is shown.

    The traceback of an internal error is printed if the environment has GLMMSPEC_TRACEBACK=1.
    """

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        raise typer.Exit(exit_code(lambda: command(**arguments)))

    return run


def error_text(error: GlmmSpecError) -> str:
    """An error as it is printed: one without a place is marked as an error."""
    return str(error) if error.location is not None else f"error: {error}"


def exit_code(command: Callable[[], int]) -> int:
    """The code that a command returns, or that of its error, which is printed."""
    try:
        return command()
    except (typer.Exit, typer.BadParameter):
        raise
    except GlmmSpecError as error:
        typer.echo(error_text(error), err=True)
        return BAD_INPUT
    except KeyboardInterrupt:
        report()
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        _discard_output()
        typer.echo(f"error: {error}", err=True)
        return BAD_INPUT
    except MemoryError:
        typer.echo("error: not enough memory for this model and these data", err=True)
        return BAD_INPUT
    except Exception as error:
        _report(error)
        return INTERNAL_ERROR


def _discard_output() -> None:
    """Let nothing more be written to an output that takes no more, not even when Python exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _report(error: Exception) -> None:
    typer.echo(
        f"internal error: {type(error).__name__}: {error}; please report it"
        " (with GLMMSPEC_TRACEBACK=1 in the environment, the traceback is printed)",
        err=True,
    )
    if os.environ.get("GLMMSPEC_TRACEBACK") == "1":
        traceback.print_exception(error)
