"""A spec as an editor sees it: a text, mostly unfinished, and the data it names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lark import Token

from glmmspec import grammar
from glmmspec.errors import GlmmSpecError, Source, Span
from glmmspec.expression import Name
from glmmspec.faults import Faults
from glmmspec.grammar.layout import goes_on, raw_statements
from glmmspec.grammar.nodes import Formula, Option, Spec, Statement
from glmmspec.grammar.parser import read_spec, tokens
from glmmspec.ir import DataReference, Model
from glmmspec.language_server.data import Columns, columns_of


@dataclass(frozen=True)
class Symbol:
    """A part of a spec with a name, for an outline."""

    name: str
    kind: str
    span: Span
    children: tuple[Symbol, ...] = ()


@dataclass(eq=False)
class Document:
    """The text of a spec, and the path it is reported under, from which its data are looked for.

    What is asked of it is found out once.
    """

    text: str
    path: str = "<spec>"

    @cached_property
    def model(self) -> Model | None:
        """The model, if there is nothing wrong with the text."""
        return grammar.examine(self.text, name=self.path)[0]

    @cached_property
    def spec(self) -> Spec:
        """The statements that can be read."""
        try:
            return read_spec(self.text, Faults())
        except GlmmSpecError:
            return Spec(())

    @cached_property
    def statements(self) -> list[list[Token]]:
        """The tokens of each statement, whether or not it can be read."""
        try:
            return raw_statements(list(tokens(self.text, Faults())))
        except GlmmSpecError:
            return []

    def before(self, offset: int) -> tuple[list[Token], Token | None]:
        """The tokens of the statement that is being written at a place, and the word it is in, if any."""
        try:
            found = list(tokens(self.text[:offset], Faults()))
            written = raw_statements(found)
        except GlmmSpecError:
            return [], None
        if not written:
            return [], None
        current, last = written[-1], found[-1]
        if last.type in ("NAME", "QUOTED") and last.end_pos == offset:
            return current[:-1], last
        on_a_new_line = last.type == "NEWLINE" and not goes_on(current)
        return ([] if on_a_new_line else current), None

    @cached_property
    def columns(self) -> Columns:
        """The columns of the data that the text names; none where it names none that can be read."""
        for statement in self.spec.statements:
            if isinstance(statement, Statement) and statement.keyword == "data":
                argument = statement.arguments[0]
                reference = (
                    DataReference("shipped", argument.name)
                    if isinstance(argument, Name)
                    else DataReference("file", getattr(argument, "value", ""))
                )
                return columns_of(reference, self.path)
        return {}

    def errors(self, *, with_values: bool) -> list[GlmmSpecError]:
        """All that is wrong: with the text, the columns' names and, if asked for, the values.

        What is doubtful comes with what is wrong of the values, and has a code from G301.
        """
        model, errors = grammar.examine(self.text, name=self.path)
        if model is None or model.data is None:
            return errors
        try:
            if not with_values:
                from glmmspec.tables import column_names
                from glmmspec.usage import check_columns

                check_columns(model, column_names(model), f"data '{model.data.name}'")
                return []
            from glmmspec.advice import advice
            from glmmspec.design import bind

            return list(advice(model, bind(model)))
        except GlmmSpecError as error:
            for each in error.every:
                each.span = each.span or self._data_span()
            error.locate(Source(self.path, self.text))
            return list(error.every)

    def _data_span(self) -> Span | None:
        """Where the data are named: the place of what is wrong with their file."""
        statements = (each for each in self.spec.statements if isinstance(each, Statement))
        return next((each.span for each in statements if each.keyword == "data"), None)

    def components(self) -> dict[str, Span]:
        """Where each variance component is defined: its name in the `|` list, or else its term."""
        found: dict[str, Span] = {}
        if self.model is not None:
            for term in self.model.random:
                if term.factors[0].span is not None:
                    found.setdefault(term.component, term.factors[0].span)
        for formula in self.spec.statements:
            for entry in reversed(formula.random) if isinstance(formula, Formula) else ():
                if entry.name is not None and entry.name.span is not None:
                    found[entry.name.name] = entry.name.span
        return found

    def symbols(self) -> list[Symbol]:
        """The statements in order, with the components of the formula and the options as children."""
        return [
            _formula_symbol(statement) if isinstance(statement, Formula) else _statement_symbol(statement)
            for statement in self.spec.statements
        ]


def _formula_symbol(formula: Formula) -> Symbol:
    entries = [
        Symbol(
            entry.name.name if entry.name is not None else str(entry.term),
            "component",
            entry.term.span or Span(0, 0),
        )
        for entry in formula.random
    ]
    return Symbol(f"{formula.response} ~ ...", "formula", formula.span or Span(0, 0), tuple(entries))


def _statement_symbol(statement: Statement) -> Symbol:
    options = [
        Symbol(argument.name, "option", argument.span or Span(0, 0))
        for argument in statement.arguments
        if isinstance(argument, Option)
    ]
    shown = ", ".join(str(argument) for argument in statement.arguments if not isinstance(argument, Option))
    name = f"{statement.keyword} {shown}".strip()
    return Symbol(name, "statement", statement.span or Span(0, 0), tuple(options))
