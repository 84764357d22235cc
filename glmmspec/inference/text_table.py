"""Tables of numbers as text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from jaxtyping import Float


def aligned(columns: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> Iterator[str]:
    """The rows of a table given by columns; those in `left` are flush left, the others flush right."""
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        cells = zip(row, widths, strict=True)
        yield " ".join(
            cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in enumerate(cells)
        ).rstrip()


def decimals(standard_errors: Float[np.ndarray, " P"]) -> int:
    """Decimal places that show three digits of the smallest standard error."""
    finite = standard_errors[np.isfinite(standard_errors) & (standard_errors > 0)]
    return int(np.clip(2 - np.floor(np.log10(finite.min())), 0, 8)) if len(finite) else 4


def or_blank(value: float, how: str) -> str:
    """A number in the given format, or a stop where there is none."""
    return format(value, how) if np.isfinite(value) else "."


def p_text(p: float) -> str:
    """A p-value as R prints it."""
    if not np.isfinite(p):
        return "."
    if p < 2e-16:
        return "<2e-16"
    return f"{p:.2e}" if p < 1e-4 else f"{p:.5f}"
