"""Code in R: names, strings, expressions, formulas, and the data made ready.

Every column whose name R would have to quote is first copied to one with a plain name, so that
no program has to parse, or to write into a formula of its own, a name in backticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from glmmspec.expression import Call, Expression, Keyword, Name, Operation, number_text, quoted_text
from glmmspec.functions import arguments_of
from glmmspec.ir import INTERCEPT
from glmmspec.terms import FixedTerm, written
from glmmspec.translation.bound import Bound, RandomPart
from glmmspec.translation.text import call, checked, comment, plain_names

_RESERVED = {"if", "else", "repeat", "while", "function", "for", "next", "break", "in",
             "TRUE", "FALSE", "NULL", "Inf", "NaN", "NA"}  # fmt: skip


def vector(values: Iterable[str | float | bool]) -> str:
    """`c(...)` of strings, numbers or truth values."""
    return f"c({', '.join(map(_literal, values))})"


@dataclass(frozen=True)
class Script:
    """R code for one model: `name` is what each column is called in it."""

    bound: Bound
    name: dict[str, str]

    @classmethod
    def of(cls, bound: Bound) -> Script:
        """The names are those of the columns, where R takes them without quotes."""
        return cls(bound, plain_names(bound.model.columns, _is_plain))

    def expression(self, expression: Expression) -> str:
        """A variable of a formula, or arithmetic."""
        return str(self._variable(expression))

    def arithmetic(self, expression: Expression) -> str:
        """An expression whose value R must take for a plain vector."""
        return str(self._rewritten(expression))

    def code(
        self, library: str, fitting: str, *, notes: Iterable[str] = (), before: Iterable[str] = ()
    ) -> str:
        """The whole code: title, notes, the data, what stands before the call, and the call (`fitting`)."""
        title = self.bound.model.title
        return checked(
            *([comment(title)] if title is not None else []),
            *map(comment, notes),
            f"library({library})",
            *self.preparation(),
            *before,
            f"fit <- {fitting}",
            "summary(fit)",
        )

    def fixed(self) -> list[str]:
        """The fixed terms, `0` first if there is no intercept, and the offset last."""
        model = self.bound.model
        terms = [self.term(term) for term in written(model.fixed) if term != INTERCEPT]
        if INTERCEPT not in model.fixed:
            terms.insert(0, "0")
        elif not terms:
            terms = ["1"]
        return terms if model.offset is None else [*terms, f"offset({self.arithmetic(model.offset)})"]

    def term(self, term: FixedTerm) -> str:
        """A fixed term."""
        return ":".join(map(self.expression, term.factors))

    def bar(self, part: RandomPart) -> str:
        """A random term as lme4 writes it, and those that took its notation over."""
        left = "1" if part.multiplier is None else f"0 + {self.expression(part.multiplier)}"
        return f"({left} | {':'.join(self.name[group.name] for group in part.groups)})"

    def counts(self) -> list[Expression]:
        """The response: one column, or successes and failures."""
        response = self.bound.model.response
        if response.form != "proportion":
            return list(response.arguments)
        successes, trials = response.arguments
        return [successes, Operation("-", (trials, successes))]

    def response(self) -> str:
        """The response as R's glm takes it: a column, or successes and failures side by side."""
        counts = list(map(self.arithmetic, self.counts()))
        return counts[0] if len(counts) == 1 else f"cbind({', '.join(counts)})"

    def formula(self, response: str) -> str:
        """The formula in lme4's notation."""
        return f"{response} ~ {' + '.join([*self.fixed(), *map(self.bar, self.bound.random)])}"

    def preparation(self) -> list[str]:
        """The data read, and made what the spec says they are: rows left out, names, factors."""
        columns = self.bound.model.columns
        copied = [c for c in columns if self.name[c] != c]
        return [
            *self._reading(),
            *(f"data${self.name[column]} <- data[[{quoted_text(column)}]]" for column in copied),
            *self._rows(),
            *self._factors(),
        ]

    def _reading(self) -> list[str]:
        bound = self.bound
        if bound.path is None:
            return [comment("data: your data frame")]
        if bound.path.suffix.lower() == ".parquet":
            return [f"data <- as.data.frame(arrow::read_parquet({quoted_text(str(bound.path))}))"]
        text = [
            f'{quoted_text(column)} = "character"' for column, held in bound.kinds.items() if held == "text"
        ]
        arguments = [
            quoted_text(str(bound.path)),
            'na.strings = c("", "NA")',
            "check.names = FALSE",
            *([f"colClasses = c({', '.join(text)})"] if text else []),
        ]
        # R takes fewer spellings of the truth values for such than a spec does.
        logical = [f"data[[{quoted_text(c)}]]" for c, held in bound.kinds.items() if held == "logical"]
        reader = "read.delim" if bound.path.suffix.lower() == ".tsv" else "read.csv"
        return [f"data <- {call(reader, arguments)}", *(f"{c} <- as.logical({c})" for c in logical)]

    def _rows(self) -> list[str]:
        complete = f"complete.cases(data[{vector(self.name[column] for column in self.bound.model.columns)}])"
        if self.bound.model.missing == "drop":
            return [f"data <- data[{complete}, ]"]
        return [] if self.bound.design is not None else [f"stopifnot({complete})"]

    def _factors(self) -> list[str]:
        """Factors with their levels in order; where the data are not at hand, all text is sorted as here."""
        bound = self.bound
        lines = []
        if bound.design is None:
            lines += [
                "text <- vapply(data, is.character, NA)",
                'data[text] <- lapply(data[text], function(x) factor(x, sort(unique(x), method = "radix")))',
            ]
        for column, levels in bound.levels.items():
            name = self.name[column]
            listed = column in bound.order_matters and levels
            values = vector(bound.value(column, level) for level in levels)
            lines.append(f"data${name} <- factor(data${name}{f', levels = {values}' if listed else ''})")
        return lines

    def _variable(self, expression: Expression) -> Expression:
        """As R writes a variable of a formula; there `scale` may stay the matrix that R makes of it."""
        if not isinstance(expression, Call):
            return self._rewritten(expression)
        arguments = tuple(map(self._rewritten, expression.arguments))
        keywords = tuple(Keyword(each.name, self._rewritten(each.value)) for each in expression.keywords)
        match expression.function:
            case "center":
                return Call("scale", arguments, (*keywords, Keyword("scale", Name("FALSE"))))
            case "bs":
                return Call("splines::bs", arguments, keywords)
            case "relevel":
                return self._relevel(expression)
        return Call(expression.function, arguments, keywords)

    def _relevel(self, call: Call) -> Call:
        """R's relevel takes factors only."""
        arguments = arguments_of(call)
        x = self._rewritten(arguments["x"])
        factor = x if isinstance(x, Call) else Call("factor", (x,))
        return Call("relevel", (factor,), (Keyword("ref", arguments["ref"]),))

    def _rewritten(self, expression: Expression) -> Expression:
        """As R writes it, column names replaced."""
        match expression:
            case Name(column):
                return Name(self.name[column])
            case Operation(operator, operands):
                return Operation(operator, tuple(map(self._rewritten, operands)))
            case Call("scale" | "center"):
                return Call("c", (self._variable(expression),))
            case Call():
                return self._variable(expression)
        return expression


def _literal(value: str | float | bool) -> str:
    match value:
        case str():
            return quoted_text(value)
        case bool():
            return str(value).upper()
    return number_text(float(value))


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9._]*", name) is not None and name not in _RESERVED
