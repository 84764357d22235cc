"""How a result is shown where it is not printed: at a prompt and in a notebook."""

from __future__ import annotations

from glmmspec import html


class Printed:
    """A result that is shown as `print` shows it; it has a `__str__`.

    A dataclass takes its own representation unless it is made with `repr=False`.
    """

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html.block(html.preformatted(str(self)))
