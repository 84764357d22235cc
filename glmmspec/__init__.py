"""Generalized linear mixed models, written once in a small language and fitted by exact maximum likelihood.

Every name is loaded when first used, so that `import glmmspec` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmmspec.api import fit as fit
    from glmmspec.datasets import load as load_data  # noqa: F401
    from glmmspec.design import Design as Design
    from glmmspec.design import bind as bind
    from glmmspec.errors import DataError as DataError
    from glmmspec.errors import FitError as FitError
    from glmmspec.errors import GlmmSpecError as GlmmSpecError
    from glmmspec.errors import GlmmSpecWarning as GlmmSpecWarning
    from glmmspec.errors import SpecError as SpecError
    from glmmspec.errors import SpecSyntaxError as SpecSyntaxError
    from glmmspec.grammar import format_text as format_text
    from glmmspec.grammar import parse as parse
    from glmmspec.grammar import read as read
    from glmmspec.inference.fit import Fit as Fit
    from glmmspec.ir import Model as Model

_HOMES = {
    "DataError": "errors",
    "Design": "design",
    "Fit": "inference.fit",
    "FitError": "errors",
    "GlmmSpecError": "errors",
    "GlmmSpecWarning": "errors",
    "Model": "ir",
    "SpecError": "errors",
    "SpecSyntaxError": "errors",
    "bind": "design",
    "fit": "api",
    "format_text": "grammar",
    "load_data": "datasets:load",
    "parse": "grammar",
    "read": "grammar",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("glmmspec")
    if name not in _HOMES:
        raise AttributeError(f"module 'glmmspec' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(f"glmmspec.{module}"), attribute or name)


def __dir__() -> list[str]:
    return sorted(__all__)
