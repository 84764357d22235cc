"""`glmmspec explain`: a spec's model as equations, and its random terms in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glmmspec.cli.arguments import DataFile, FamilyName, SpecFile
from glmmspec.cli.outcome import DONE
from glmmspec.errors import printable

if TYPE_CHECKING:
    from glmmspec.design import Design
    from glmmspec.equations import Effects
    from glmmspec.ir import Model

Latex = Annotated[bool, typer.Option("--latex", help="Print the equations in LaTeX, and nothing else.")]


def explain(file: SpecFile, data: DataFile = None, family: FamilyName = None, latex: Latex = False) -> int:
    """Print the model of a spec as equations, and in words.

    Where the data are at hand, coefficients have their names, and levels and blocks are counted.
    """
    from glmmspec import grammar
    from glmmspec.equations import equation

    model = grammar.read(file, family=family)
    design = _design(model, data)
    if latex:
        typer.echo(equation(model, "latex", design=design), nl=False)
        return DONE
    title = [printable(model.title), ""] if model.title is not None else []
    words = [*_terms(model, design), *([] if design is None else [_blocks(design)])]
    typer.echo("\n".join([*title, equation(model, design=design), *words]))
    return DONE


def _design(model: Model, data: Path | None) -> Design | None:
    """The model bound to the file `data`, or to the data that it names, or None."""
    from glmmspec.design import bind
    from glmmspec.tables import read_table

    if data is None and model.data is None:
        return None
    return bind(model, None if data is None else read_table(data))


def _terms(model: Model, design: Design | None) -> Iterator[str]:
    """A line for each random term: what the effects are, how many, and their variance."""
    from glmmspec.equations import effects

    every = effects(model, design)
    for each in every:
        others = [other.label for other in every if other.component == each.component and other is not each]
        shared = f", shared with {', '.join(others)}" if others else ""
        yield printable(f"{each.label}: {_what(each)}; variance {each.component}{shared}")


def _what(each: Effects) -> str:
    if not each.grouping:
        return f"random coefficient on {each.multiplier}"
    effect = f"slope on {each.multiplier}" if each.multiplier else "intercept"
    count = "" if each.size is None else f", {each.size} of them"
    return f"random {effect} for each level of {each.grouping}{count}"


def _blocks(design: Design) -> str:
    import numpy as np

    from glmmspec.blocks import partition

    sizes = np.bincount(partition(design).effect_block)
    blocks = f"{len(sizes)} independent block{'s' if len(sizes) > 1 else ''}"
    largest = f"{sizes.max()} effect{'s' if sizes.max() > 1 else ''}"
    return f"{len(design.y)} observations; {blocks} of up to {largest}"
