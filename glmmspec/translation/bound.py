"""What must be known of a model's data before its code for another program can be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glmmspec import tables
from glmmspec.columns import kind
from glmmspec.design import Design, bind
from glmmspec.errors import SpecError, TranslationError
from glmmspec.expression import Call, Expression, Name, within_term
from glmmspec.functions import arguments_of, names
from glmmspec.ir import Model, RandomTerm
from glmmspec.selection import select

TO_GLMM = "R's glmm has this: translate to glmm"


@dataclass(frozen=True)
class RandomPart:
    """A random term whose roles are settled.

    Attributes
    ----------
    groups
        The columns whose interaction groups; none for one coefficient that stands for all rows.
    multiplier
        What each effect is multiplied by; None is an intercept.
    component
        The name of its variance component.
    """

    groups: tuple[Name, ...]
    multiplier: Expression | None
    component: str

    def __str__(self) -> str:
        left = "1" if self.multiplier is None else f"0 + {self.multiplier}"
        return f"({left} | {':'.join(map(str, self.groups)) or 'all rows'})"


@dataclass(frozen=True, eq=False)
class Bound:
    """A model, and what its data say of it.

    Attributes
    ----------
    model, random
        The model, and its random terms.
    design
        The model bound to its data, or None where there are none at hand.
    path
        The file that the code is to read; None where the data frame is the reader's own.
    levels
        The levels of each column that is known to be a factor, in order; empty where not known.
    kinds
        What each column holds in what the code reads, as `columns.kind` says; none without data.
    """

    model: Model
    random: tuple[RandomPart, ...]
    design: Design | None
    path: Path | None
    levels: dict[str, tuple[str, ...]]
    kinds: dict[str, str]

    @property
    def order_matters(self) -> set[str]:
        """The columns that do more than group: if they are factors, the order of their levels counts."""
        model = self.model
        parts = [
            *model.response.arguments,
            *(factor for term in model.fixed for factor in term.factors),
            *(part.multiplier for part in self.random if part.multiplier is not None),
            *(part for part in (model.weights, model.offset) if part is not None),
        ]
        return {name.name for part in parts for name in names(part)}

    def value(self, column: str, level: str) -> str | float | bool:
        """A level as its column holds it: a number among numbers, a truth value among those, else text."""
        match self.kinds.get(column):
            case "logical":
                return level.upper() == "TRUE"
            case "number":
                return float(level)
        return level

    def success(self) -> tuple[Name, str] | None:
        """The response and its second level, where it is a factor of two levels that are known."""
        match self.model.response.arguments:
            case (Name(column) as name,) if self.model.family == "bernoulli":
                levels = self.levels.get(column, ())
                return (name, levels[1]) if len(levels) == 2 else None
        return None

    def require_group_each(self, program: str) -> None:
        """Refuse what only R's glmm has: a variance that terms share, and an effect without a group.

        Raises
        ------
        TranslationError
            Naming the terms.
        """
        of: dict[str, RandomPart] = {}
        for part in self.random:
            if not part.groups:
                raise TranslationError(
                    f"{program} takes random effects by group,"
                    f" and the random coefficient on {part.multiplier} has none",
                    hint=TO_GLMM,
                )
            first = of.setdefault(part.component, part)
            if first is not part:
                raise TranslationError(
                    f"{program} gives each random term a variance of its own,"
                    f" and {first} and {part} share '{part.component}'",
                    hint=TO_GLMM,
                )


def bound(model: Model, data: Any = None) -> Bound:
    """A model with what its data say: `data`, or those that it names, or none.

    Raises
    ------
    SpecError
        If there are no data, and it is they that say what groups.
    DataError
        If the data cannot be read or do not fit the model.
    """
    if data is None and model.data is None:
        levels: dict[str, tuple[str, ...]] = {factor.column: () for factor in model.factors}
        levels.update((each.column, each.levels) for each in model.levels)
        random = tuple(_part_by_declarations(term, model, levels) for term in model.random)
        return Bound(model, random, design=None, path=None, levels=levels, kinds={})
    design = bind(model, data)
    path = tables.data_path(model).resolve() if data is None else None
    frame = tables.resolve(model) if data is None else tables.as_frame(data)
    # A data set that ships has labels which its file holds as numbers.
    read = frame if path is None else tables.read_table(path)
    table = select(model, frame, "the data")
    factors = {column: name for column, name in model.columns.items() if table.is_factor(name)}
    return Bound(
        model,
        tuple(_part(term, each.grouping) for term, each in zip(model.random, design.random, strict=True)),
        design=design,
        path=path,
        levels={column: table.factor(name).levels for column, name in factors.items()},
        kinds={column: kind(read[column]) for column in model.columns},
    )


def _part(term: RandomTerm, grouping: str) -> RandomPart:
    """A term whose columns in `grouping` group, as they do when it is bound; one other multiplies."""
    if not term.by_type:
        return RandomPart(tuple(map(_column, term.factors)), term.multiplier, term.component)
    for multiplier in (None, *term.factors):
        groups = tuple(factor for factor in term.factors if factor != multiplier)
        if ":".join(map(within_term, groups)) == grouping:
            return RandomPart(tuple(map(_column, groups)), multiplier, term.component)
    raise SpecError(f"it is not clear what groups in {term}", hint="write (0 + x | g) for a slope on x by g")


def _part_by_declarations(term: RandomTerm, model: Model, factors: dict[str, tuple[str, ...]]) -> RandomPart:
    """A term with its roles as the spec alone settles them, where it does."""
    columns = [factor for factor in term.factors if isinstance(factor, Name)]
    unknown = [column for column in columns if column.name not in factors]
    if term.by_type and unknown:
        raise model.error(
            f"what groups in {term} follows from the type of {unknown[0]}, and there are no data to tell",
            span=unknown[0].span,
            hint="give the data, or say it with a bar: (1 | g) groups by g, (0 + x | g) is a slope on x",
        )
    groups = (factor for factor in term.factors if factor in columns or _is_factor_call(factor))
    return _part(term, ":".join(map(within_term, groups)))


def _is_factor_call(factor: Expression) -> bool:
    return isinstance(factor, Call) and factor.function == "factor"


def _column(factor: Expression) -> Name:
    """The column that groups, for `g` and `factor(g)` alike."""
    column = arguments_of(factor)["x"] if isinstance(factor, Call) else factor
    assert isinstance(column, Name)
    return column
