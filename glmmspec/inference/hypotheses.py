"""Linear hypotheses on the parameters of a fit, from text or from a matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from glmmspec.errors import Location, Source, Span, SpecError, did_you_mean_or_list
from glmmspec.expression import number_text

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"`[^`]*`?|[^\s+\-*=]+")
_OPERATORS = "+-*/="
_SIZES = (1e-100, 1e100)
"""Within these no square overflows or vanishes."""

Affine = Float[np.ndarray, " P+1"]
"""A linear combination of P parameters and, last, a constant."""


@dataclass(frozen=True, eq=False)
class LinearHypotheses:
    """matrix psi = value, one hypothesis a row.

    Attributes
    ----------
    labels
        Each hypothesis as text.
    """

    labels: tuple[str, ...]
    matrix: Float[np.ndarray, "h P"]
    value: Float[np.ndarray, " h"]

    def __post_init__(self) -> None:
        sizes = np.abs(np.column_stack([self.matrix, self.value]))
        low, high = _SIZES
        for label, size in zip(self.labels, sizes, strict=True):
            if not ((size == 0) | ((size > low) & (size < high))).all():
                raise SpecError(
                    f"the numbers of the hypothesis '{label}' are out of range",
                    hint=f"in size they are 0, or between {low:g} and {high:g}",
                )
            if not size[:-1].any():
                raise SpecError(
                    f"the hypothesis '{label}' says nothing of any parameter", hint="give one a weight"
                )

    @classmethod
    def of(cls, hypothesis: Any, value: Any, names: Sequence[str]) -> LinearHypotheses:
        """From text, one or several, or from a matrix with a column for each of `names`.

        Raises
        ------
        SpecError
            If a text is no hypothesis, a name is unknown, or the shapes do not fit.
        """
        try:
            given = np.asarray(hypothesis)
        except ValueError:  # ragged
            given = np.asarray(hypothesis, dtype=object)
        if all(isinstance(item, str) for item in given.flat):
            if value is not None:
                raise SpecError(
                    "the value of a hypothesis in words stands in its text", hint="write it after ="
                )
            return cls._from_texts(given.ravel().tolist(), names)
        return cls._from_matrix(given, value, names)

    @classmethod
    def _from_texts(cls, texts: Sequence[str], names: Sequence[str]) -> LinearHypotheses:
        if not texts:
            raise SpecError("there is no hypothesis to test", hint="say one, as in 'x = 0'")
        labels, sides = zip(*(_Reader(text, names).hypothesis() for text in texts), strict=True)
        return cls(labels, np.array(sides)[:, :-1], 0 - np.array(sides)[:, -1])

    @classmethod
    def _from_matrix(cls, given: Any, value: Any, names: Sequence[str]) -> LinearHypotheses:
        try:
            matrix = np.atleast_2d(given.astype(float))
            values = np.asarray(0.0 if value is None else value, dtype=float)
        except (TypeError, ValueError):
            raise SpecError(
                "a hypothesis is text, as 'a = b', or numbers",
                hint=f"a matrix has {len(names)} columns: {', '.join(names)}",
            ) from None
        if matrix.ndim != 2 or matrix.shape[1] != len(names) or not len(matrix):
            raise SpecError(
                f"a matrix of hypotheses of shape {matrix.shape} does not fit {len(names)} parameters",
                hint=f"it has a row for each hypothesis, and a column for each of {', '.join(names)}",
            )
        if values.ndim > 1 or values.size not in (1, len(matrix)):
            raise SpecError(f"{values.size} values do not fit {len(matrix)} hypotheses")
        values = np.broadcast_to(values, len(matrix))
        labels = (_written(row, float(v), names) for row, v in zip(matrix, values, strict=True))
        return cls(tuple(labels), matrix, values)


class _Reader:
    """Reads one hypothesis: two sums of multiples of parameters and of numbers, or one, with = between.

    A parameter is written as it is named, in backticks or not. Where several names fit, the longest
    is meant, but a number before a name of that length; a name ends at a blank, at an operator, or
    where the text ends. Nothing is evaluated.
    """

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._text = text
        self._names = names
        self._spellings = _spellings(names)
        self._at = 0

    def hypothesis(self) -> tuple[str, Affine]:
        """The hypothesis with single blanks and its right side, and its left side less its right."""
        label = " ".join(self._text.split())
        # What overflows is refused with the whole hypothesis.
        with np.errstate(over="ignore", invalid="ignore"):
            total = self._sum()
            if self._accept("="):
                total = total - self._sum()
            else:
                label += " = 0"
        if self._peek():
            raise self._error("a hypothesis has one = at most", self._at, hint="give several in a list")
        return label, total

    def _sum(self) -> Affine:
        total = np.zeros(len(self._names) + 1)
        sign = self._accept("+-") or "+"
        while sign:
            total += self._product() if sign == "+" else -self._product()
            sign = self._accept("+-")
        return total

    def _product(self) -> Affine:
        product = self._factor()
        while operator := self._accept("*/"):
            self._peek()
            start, other = self._at, self._factor()
            if other[:-1].any() and (operator == "/" or product[:-1].any()):
                raise self._error("a hypothesis is linear: parameters are multiplied by numbers", start)
            if operator == "/" and not other[-1]:
                raise self._error("division by 0", start)
            if operator == "/":
                product = product / other[-1]
            else:
                product = other * product[-1] if other[:-1].any() else product * other[-1]
        return product

    def _factor(self) -> Affine:
        value = np.zeros(len(self._names) + 1)
        self._peek()
        start = self._at
        name = next((s for s in self._spellings if self._stands_here(s)), "")
        number = _NUMBER.match(self._text, start)
        if number and len(number[0]) >= len(name):
            self._at = number.end()
            value[-1] = float(number[0])
        elif name:
            self._at = start + len(name)
            value[self._position(name, start)] = 1
        else:
            raise self._not_a_factor()
        if self._peek() and self._peek() not in _OPERATORS:
            raise self._error("expected +, -, *, / or =", self._at)
        return value

    def _stands_here(self, spelling: str) -> bool:
        end = self._at + len(spelling)
        following = self._text[end : end + 1]
        return self._text.startswith(spelling, self._at) and (
            not following or following.isspace() or following in _OPERATORS
        )

    def _position(self, spelling: str, start: int) -> int:
        positions = self._spellings[spelling]
        if len(positions) > 1:
            raise self._error(
                f"'{spelling}' names two parameters", start, self._at, hint="give the hypothesis as a matrix"
            )
        return positions[0]

    def _not_a_factor(self) -> SpecError:
        word = _WORD.match(self._text, self._at)
        if not word:
            return self._error("expected a parameter or a number", self._at)
        hint = did_you_mean_or_list(word[0].strip("`"), self._names)
        return self._error(f"unknown parameter '{word[0].strip('`')}'", self._at, word.end(), hint=hint)

    def _peek(self) -> str:
        """The character that follows the blanks, or nothing."""
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _accept(self, operators: str) -> str:
        found = self._peek()
        if not found or found not in operators:
            return ""
        self._at += 1
        return found

    def _error(self, message: str, start: int, end: int = 0, hint: str | None = None) -> SpecError:
        source = Source("<hypothesis>", self._text)
        return SpecError(message, hint=hint, location=Location.of(source, Span(start, end)))


def _spellings(names: Sequence[str]) -> dict[str, list[int]]:
    """The positions of each name, as it is and in backticks, longest first."""
    found: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        for spelling in (name, f"`{name}`"):
            found.setdefault(spelling, []).append(position)
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _written(row: Float[np.ndarray, " P"], value: float, names: Sequence[str]) -> str:
    """A hypothesis given by numbers, as text."""
    signed = [
        ("- " if weight < 0 else "+ ") + ("" if abs(weight) == 1 else f"{number_text(abs(weight))}*") + name
        for name, weight in zip(names, row.tolist(), strict=True)
        if weight
    ]
    return f"{' '.join(signed).removeprefix('+ ')} = {number_text(value)}"
