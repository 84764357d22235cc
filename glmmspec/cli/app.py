"""The commands under one name, and what stands beside them: `--version` and help."""

from __future__ import annotations

from typing import Annotated

import typer

from glmmspec.cli.check import check
from glmmspec.cli.compare import compare
from glmmspec.cli.compile import compile_spec
from glmmspec.cli.data import data
from glmmspec.cli.explain import explain
from glmmspec.cli.explain_error import explain_error
from glmmspec.cli.fit import fit
from glmmspec.cli.fmt import fmt
from glmmspec.cli.lsp import lsp
from glmmspec.cli.new import new
from glmmspec.cli.outcome import reported
from glmmspec.cli.sample import sample
from glmmspec.cli.show import show
from glmmspec.cli.study import study
from glmmspec.cli.translate import translate
from glmmspec.cli.validate import validate

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import glmmspec

        typer.echo(f"glmmspec {glmmspec.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def glmmspec_command(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Generalized linear mixed models: written once in a small language, fitted by exact maximum likelihood.

    Exit codes: 0 done; 1 the answer is "no" or "not reliable"; 2 bad use, bad spec or bad data.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("fit")(reported(fit))
app.command("show")(reported(show))
app.command("sample")(reported(sample))
app.command("validate")(reported(validate))
app.command("new")(reported(new))
app.command("check")(reported(check))
app.command("fmt")(reported(fmt))
app.command("compile")(reported(compile_spec))
app.command("explain")(reported(explain))
app.command("explain-error")(reported(explain_error))
app.command("compare")(reported(compare))
app.command("study")(reported(study))
app.command("translate")(reported(translate))
app.command("data")(reported(data))
app.command("lsp")(reported(lsp))
