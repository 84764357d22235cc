"""`%%glmm`: a notebook's cell as a spec. `%load_ext glmmspec` makes it known."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from glmmspec import grammar
from glmmspec.errors import DataError, GlmmSpecError, did_you_mean_or_list

if TYPE_CHECKING:
    from glmmspec.ir import Model


@magics_class
class GlmmMagics(Magics):
    """The cell magic `%%glmm`."""

    @magic_arguments()
    @argument("name", nargs="?", help="The variable that takes the model, or with --fit the fit.")
    @argument("--data", help="A variable that holds the data; by default those that the spec names.")
    @argument("--family", help="The response family, if the spec does not say.")
    @argument("--fit", action="store_true", help="Fit the model.")
    @cell_magic
    def glmm(self, line: str, cell: str) -> Any:
        """Read the cell as a spec: its model is the cell's value, and that of the variable that is named."""
        given = parse_argstring(self.glmm, line)
        try:
            model = grammar.parse(cell, family=given.family, name="cell")
            value = self._with_data(model, given.data, fit=given.fit)
        except GlmmSpecError as error:
            print(error, file=sys.stderr)
            return None
        if given.name is not None:
            self._variables[given.name] = value
        return value

    @property
    def _variables(self) -> dict[str, Any]:
        """The notebook's variables."""
        variables: dict[str, Any] = self.shell.user_ns  # type: ignore[union-attr]
        return variables

    def _with_data(self, model: Model, name: str | None, *, fit: bool) -> Any:
        """The fit; or the model, after its data are checked and what is doubtful is said."""
        if name is not None and name not in self._variables:
            frames = [key for key, each in self._variables.items() if hasattr(each, "columns")]
            raise DataError(f"there is no variable '{name}'", hint=did_you_mean_or_list(name, frames))
        data = None if name is None else self._variables[name]
        if fit:
            from glmmspec.api import fit as fit_model

            return fit_model(model, data)
        if name is not None or model.data is not None:
            from glmmspec.advice import advice
            from glmmspec.design import bind

            for doubt in advice(model, bind(model, data)):
                print(f"warning: {doubt}", file=sys.stderr)
        return model
