"""The data made ready in Python with pandas, so that a formula holds only plain names.

Every variable of the model that is more than a column with a plain name is computed as a column of
its own. formulae, which reads Bambi's formulas, knows less arithmetic than a spec, and reads text
between quotes in ways of its own.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

from glmmspec.expression import Call, Expression, Name, Operation, Text, quoted_text
from glmmspec.functions import children
from glmmspec.translation.bound import Bound
from glmmspec.translation.python import HELPERS, column, is_logical, literal, n_columns, numbers, variable
from glmmspec.translation.text import call, comment, plain_names

# What Bambi calls parts of its own model.
_TAKEN = {"Intercept", "p", "mu"}


@dataclass(frozen=True)
class Frame:
    """The data frame that a formula refers to; `name` is what it calls each variable, by its text."""

    bound: Bound
    name: dict[str, str]

    @classmethod
    def of(cls, bound: Bound) -> Frame:
        """Columns keep their names where Python and Bambi take them."""
        columns = map(str, bound.model.columns.values())
        texts = [*columns, *(text for each, _ in _variables(bound) for text in _texts(each))]
        return cls(bound, plain_names(texts, _is_plain))

    def variable(self, expression: Expression) -> str:
        """A variable as the formula writes it: its name, or the sum of the columns that it makes."""
        names = [self.name[text] for text in _texts(expression)]
        return names[0] if len(names) == 1 else f"({' + '.join(names)})"

    def helpers(self) -> list[str]:
        """The functions that the model calls and pandas has not."""
        called = {function for part in self.bound.model.expressions for function in _functions(part)}
        return [line for name, code in HELPERS.items() if name in called for line in code]

    def preparation(self) -> list[str]:
        """The data read, and made what the spec says they are: rows left out, factors, variables."""
        return [*self._reading(), *self._rows(), *self._factors(), *self._computed()]

    def _reading(self) -> list[str]:
        bound = self.bound
        if bound.path is None:
            return [comment("data: your data frame")]
        path = quoted_text(str(bound.path))
        if bound.path.suffix.lower() == ".parquet":
            return [f"data = pd.read_parquet({path})"]
        text = [f"{quoted_text(name)}: str" for name, held in bound.kinds.items() if held == "text"]
        arguments = [
            path,
            *(['sep="\\t"'] if bound.path.suffix.lower() == ".tsv" else []),
            'na_values=["", "NA"]',
            "keep_default_na=False",
            *([f"dtype={{{', '.join(text)}}}"] if text else []),
        ]
        return [f"data = {call('pd.read_csv', arguments, indent='    ')}"]

    def _rows(self) -> list[str]:
        used = f"[{', '.join(map(quoted_text, self.bound.model.columns))}]"
        if self.bound.model.missing == "drop":
            return [f"data = data.dropna(subset={used}).reset_index(drop=True)"]
        return [] if self.bound.design is not None else [f"assert data[{used}].notna().all(axis=None)"]

    def _factors(self) -> list[str]:
        """Factors with their levels in order; formulae sorts text as a spec does, so that the rest stays."""
        bound = self.bound
        lines = []
        for name, levels in bound.levels.items():
            if name not in bound.order_matters:
                continue
            as_text = ".astype(str)" if levels and bound.kinds.get(name, "other") == "other" else ""
            listed = ", ".join(literal(bound.value(name, level)) for level in levels)
            categories = f", [{listed}]" if levels else ""
            lines.append(
                f"{column(name)} = pd.Categorical({column(name)}{as_text}{categories}, ordered=True)"
            )
        return lines

    def _computed(self) -> list[str]:
        """A line for each variable that is not a column already."""
        made = {}
        for expression, role in _variables(self.bound):
            names = [self.name[text] for text in _texts(expression)]
            as_it_is = isinstance(expression, Name) and names == [expression.name]
            if not as_it_is or is_logical(expression, self.bound):
                quoted = ", ".join(map(quoted_text, names))
                made[quoted if len(names) == 1 else f"[{quoted}]"] = self._value(expression, role)
        return [f"data[{place}] = {value}" for place, value in made.items()]

    def _value(self, expression: Expression, role: str) -> str:
        if role == "group" and isinstance(expression, Name):
            return column(expression.name)
        if role == "count":
            return f"{numbers(expression, self.bound)}.astype(int)"
        return variable(expression, self.bound) if role == "fixed" else numbers(expression, self.bound)


def counts(bound: Bound) -> list[Expression]:
    """The response: a column, or successes and trials; of a factor, whether it is the second level."""
    success = bound.success()
    if success is not None:
        return [Operation("==", (success[0], Text(success[1])))]
    trials = bound.model.response.trials
    return [bound.model.response.arguments[0], *([] if trials is None else [trials])]


def _variables(bound: Bound) -> Iterator[tuple[Expression, str]]:
    """Every variable of the formula, and its role in it."""
    model = bound.model
    for count in counts(bound):
        yield count, "count"
    yield from ((factor, "fixed") for term in model.fixed for factor in term.factors)
    for part in bound.random:
        yield from ((group, "group") for group in part.groups)
        if part.multiplier is not None:
            yield part.multiplier, "number"
    yield from ((part, "number") for part in (model.weights, model.offset) if part is not None)


def _texts(variable: Expression) -> list[str]:
    """A text for each column that a variable makes; `poly` and `bs` make several."""
    size = n_columns(variable)
    return [str(variable)] if size is None else [f"{variable} {number}" for number in range(1, size + 1)]


def _functions(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Call):
        yield expression.function
    for child in children(expression):
        yield from _functions(child)


def _is_plain(name: str) -> bool:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is not None
    return plain and not keyword.iskeyword(name) and name not in _TAKEN
