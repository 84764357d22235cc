"""`glmmspec fit`: maximum likelihood estimates of a spec."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmmspec.cli.arguments import AsJson, DataFile, OutputFile, SpecFile
from glmmspec.cli.outcome import DONE, NO
from glmmspec.cli.pictures import picture_paths, write_pictures
from glmmspec.cli.progress import shown_progress
from glmmspec.cli.show import json_text, report
from glmmspec.cli.solver_flags import flag, given_options, with_solver_flags
from glmmspec.files import check_writable, write_whole
from glmmspec.options import solver_values

if TYPE_CHECKING:
    from glmmspec.inference.fit import Fit

Record = Annotated[
    Path | None,
    typer.Option("--verify", metavar="PATH", help="Fit again as this JSON file records, and compare."),
]

Kept = Annotated[
    Path | None,
    typer.Option("--save", metavar="PATH", help="Keep the fit in this file, for `glmmspec show`."),
]

Pictures = Annotated[
    Path | None,
    typer.Option("--plot", metavar="DIR", help="Draw the fit, as SVG files in this folder."),
]


@with_solver_flags
def fit(
    file: SpecFile,
    data: DataFile = None,
    as_json: AsJson = False,
    output: OutputFile = None,
    save: Kept = None,
    plot: Pictures = None,
    verify: Record = None,
    **flags: str | None,
) -> int:
    """Fit a spec by maximum likelihood and print the summary.

    Solver options given here take the place of the spec's. Exits with 1 if the fit is not reliable,
    or if --verify finds a difference.
    """
    options = given_options(flags)
    if verify is not None:
        _refuse_beside_verify(options, {"--output": output, "--save": save, "--plot": plot})
        return _verify(file, data, verify, as_json)
    for path in filter(None, (output, save)):
        check_writable(path)
    pictures = [] if plot is None else picture_paths(plot)
    result = _fitted(file, data, options)
    if output is not None:
        write_whole(output, json_text(result) + "\n")
    if save is not None:
        from glmmspec.inference import storage

        storage.save(result, save)
    answer = report(result, as_json)
    if pictures:
        write_pictures(result, pictures)
        typer.echo("drawn: " + ", ".join(map(str, pictures)), err=True)
    return answer


def _fitted(file: Path, data: Path | None, options: dict[str, Any]) -> Fit:
    from glmmspec import grammar

    model = grammar.read(file)
    resolved = dataclasses.replace(model.solver, **options)
    # The numerical packages load only for a spec that makes sense.
    from glmmspec import api
    from glmmspec.errors import GlmmSpecWarning
    from glmmspec.tables import read_table

    frame = None if data is None else read_table(data)
    with warnings.catch_warnings(), shown_progress(resolved) as progress:
        # They are on the result, and printed with it.
        warnings.simplefilter("ignore", GlmmSpecWarning)
        return api.fit(model, frame, progress=progress, **options)


def _refuse_beside_verify(options: dict[str, Any], paths: dict[str, Path | None]) -> None:
    beside = [*map(flag, options), *(name for name, path in paths.items() if path is not None)]
    if beside:
        raise typer.BadParameter(
            f"it fits as the file records and writes nothing: leave out {', '.join(beside)}",
            param_hint="--verify",
        )


def _verify(file: Path, data: Path | None, path: Path, as_json: bool) -> int:
    from glmmspec.cli.verify import compare, read_record

    record = read_record(path)
    answer = compare(record, _fitted(file, data, solver_values(record["provenance"]["options"])).to_dict())
    if as_json:
        typer.echo(json.dumps({"same": answer.same, **dataclasses.asdict(answer)}, indent=2))
    else:
        typer.echo(f"{path}: {answer}")
    return DONE if answer.same else NO
