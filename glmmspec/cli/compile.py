"""`glmmspec compile`: a spec as the JSON of its intermediate representation."""

from __future__ import annotations

import typer

from glmmspec.cli.arguments import FamilyName, OutputFile, SpecFile
from glmmspec.cli.outcome import DONE
from glmmspec.files import write_whole


def compile_spec(file: SpecFile, family: FamilyName = None, output: OutputFile = None) -> int:
    """Print the model of a spec as JSON.

    The schema of the document ships as glmmspec/schema.json.
    """
    from glmmspec import grammar

    document = grammar.read(file, family=family).to_json().rstrip("\n")
    if output is None:
        typer.echo(document)
    else:
        write_whole(output, document + "\n")
    return DONE
