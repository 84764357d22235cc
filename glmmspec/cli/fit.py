"""`glmmspec fit`: maximum likelihood estimates of a spec."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glmmspec.cli.arguments import AsJson, DataFile, FamilyName, OutputFile, SpecFile
from glmmspec.cli.outcome import DONE, NO
from glmmspec.cli.pictures import picture_paths, write_pictures
from glmmspec.cli.progress import shown_progress
from glmmspec.cli.show import json_text, report
from glmmspec.cli.solver_flags import flag, given_options, with_solver_flags
from glmmspec.cli.together import Company, run_together
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

Coordinator = Annotated[
    str | None,
    typer.Option("--coordinator", metavar="HOST:PORT", help="Where process 0 of several listens."),
]

Processes = Annotated[
    int | None, typer.Option("--processes", metavar="P", min=1, help="Processes that share the draws.")
]

ProcessId = Annotated[
    int | None, typer.Option("--process-id", metavar="I", min=0, help="Which of them this is, from 0.")
]


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The spec's file, and what is given beside it."""

    file: Path
    data: Path | None
    family: str | None


@dataclasses.dataclass(frozen=True)
class Outputs:
    """The files, and the folder of pictures, that a fit is written to."""

    output: Path | None
    save: Path | None
    plot: Path | None


@with_solver_flags
def fit(
    file: SpecFile,
    data: DataFile = None,
    family: FamilyName = None,
    as_json: AsJson = False,
    output: OutputFile = None,
    save: Kept = None,
    plot: Pictures = None,
    verify: Record = None,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process_id: ProcessId = None,
    **flags: str | None,
) -> int:
    """Fit a spec by maximum likelihood and print the summary.

    Solver options given here take the place of the spec's. With --coordinator, --processes and --process-id,
    processes of the same command share the draws, and process 0 prints and writes. Exits with 1 if the fit is
    not reliable, or if --verify finds a difference.
    """
    options = given_options(flags)
    inputs, outputs = Inputs(file, data, family), Outputs(output, save, plot)
    company = Company.of(coordinator, processes, process_id)
    if verify is not None:
        _refuse_beside_verify(options, outputs)

    def command() -> int:
        if verify is not None:
            return _verify(inputs, verify, as_json)
        with _written_by(company, outputs) as mine:
            return _fit_and_write(inputs, options, as_json, mine)

    return command() if company is None else run_together(company, command)


@contextlib.contextmanager
def _written_by(company: Company | None, outputs: Outputs) -> Iterator[Outputs]:
    """Where this process writes: one that does not speak has to compute the same, and keeps nothing."""
    if company is None or company.speaks:
        yield outputs
        return
    with tempfile.TemporaryDirectory() as folder:
        given = dataclasses.asdict(outputs)
        own = {name: path and Path(folder) / name for name, path in given.items()}
        if own["plot"]:
            own["plot"].mkdir()
        yield Outputs(**own)


def _fit_and_write(inputs: Inputs, options: dict[str, Any], as_json: bool, outputs: Outputs) -> int:
    for path in filter(None, (outputs.output, outputs.save)):
        check_writable(path)
    pictures = [] if outputs.plot is None else picture_paths(outputs.plot)
    result = _fitted(inputs, options)
    if outputs.output is not None:
        write_whole(outputs.output, json_text(result) + "\n")
    if outputs.save is not None:
        from glmmspec.inference import storage

        storage.save(result, outputs.save)
    answer = report(result, as_json)
    if pictures:
        write_pictures(result, pictures)
        typer.echo("drawn: " + ", ".join(map(str, pictures)), err=True)
    return answer


def _fitted(inputs: Inputs, options: dict[str, Any]) -> Fit:
    from glmmspec import grammar

    model = grammar.read(inputs.file, family=inputs.family)
    resolved = dataclasses.replace(model.solver, **options)
    # The numerical packages load only for a spec that makes sense.
    from glmmspec import api
    from glmmspec.errors import GlmmSpecWarning
    from glmmspec.tables import read_table

    frame = None if inputs.data is None else read_table(inputs.data)
    with warnings.catch_warnings(), shown_progress(resolved) as progress:
        # They are on the result, and printed with it.
        warnings.simplefilter("ignore", GlmmSpecWarning)
        return api.fit(model, frame, progress=progress, **options)


def _refuse_beside_verify(options: dict[str, Any], outputs: Outputs) -> None:
    written = [name for name, path in dataclasses.asdict(outputs).items() if path is not None]
    beside = [*map(flag, (*options, *written))]
    if beside:
        raise typer.BadParameter(
            f"it fits as the file records and writes nothing: leave out {', '.join(beside)}",
            param_hint="--verify",
        )


def _verify(inputs: Inputs, path: Path, as_json: bool) -> int:
    from glmmspec.cli.verify import compare, read_record

    record = read_record(path)
    answer = compare(record, _fitted(inputs, solver_values(record["provenance"]["options"])).to_dict())
    if as_json:
        typer.echo(json.dumps({"same": answer.same, **dataclasses.asdict(answer)}, indent=2))
    else:
        typer.echo(f"{path}: {answer}")
    return DONE if answer.same else NO
