"""Generalized linear mixed models, written once in a small language and fitted by exact maximum likelihood.

Every name is loaded when first used, so that `import glmmspec` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmmspec.api import fit as fit
    from glmmspec.building import build as build
    from glmmspec.building import f as f
    from glmmspec.building import variables as variables
    from glmmspec.datasets import load as load_data  # noqa: F401
    from glmmspec.design import Design as Design
    from glmmspec.design import bind as bind
    from glmmspec.equations import equation as equation
    from glmmspec.errors import DataError as DataError
    from glmmspec.errors import FitError as FitError
    from glmmspec.errors import GlmmSpecError as GlmmSpecError
    from glmmspec.errors import GlmmSpecWarning as GlmmSpecWarning
    from glmmspec.errors import SpecError as SpecError
    from glmmspec.errors import SpecSyntaxError as SpecSyntaxError
    from glmmspec.errors import TranslationError as TranslationError
    from glmmspec.grammar import format_text as format_text
    from glmmspec.grammar import parse as parse
    from glmmspec.grammar import read as read
    from glmmspec.inference.fit import Fit as Fit
    from glmmspec.inference.likelihood_ratio import likelihood_ratio_test as likelihood_ratio_test
    from glmmspec.inference.storage import load as load
    from glmmspec.ir import Model as Model
    from glmmspec.plots.convergence import plot_convergence as plot_convergence
    from glmmspec.plots.estimates import plot_estimates as plot_estimates
    from glmmspec.plots.profile import plot_profile as plot_profile
    from glmmspec.plots.random_effects import plot_random_effects as plot_random_effects
    from glmmspec.plots.trace import plot_trace as plot_trace
    from glmmspec.plots.weights import plot_weights as plot_weights
    from glmmspec.r_glmm import glmm as glmm
    from glmmspec.translation import translate as translate
    from glmmspec.validation.agreement import validate as validate
    from glmmspec.validation.comparison import compare as compare
    from glmmspec.validation.estimators import register_estimator as register_estimator
    from glmmspec.validation.forest import plot_comparison as plot_comparison
    from glmmspec.validation.rank_histograms import plot_ranks as plot_ranks
    from glmmspec.validation.sampling import sample as sample
    from glmmspec.validation.sbc import sbc as sbc
    from glmmspec.validation.study import study as study

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
    "TranslationError": "errors",
    "bind": "design",
    "build": "building",
    "compare": "validation.comparison",
    "equation": "equations",
    "f": "building",
    "fit": "api",
    "format_text": "grammar",
    "glmm": "r_glmm",
    "likelihood_ratio_test": "inference.likelihood_ratio",
    "load": "inference.storage",
    "load_data": "datasets:load",
    "parse": "grammar",
    "plot_comparison": "validation.forest",
    "plot_convergence": "plots.convergence",
    "plot_estimates": "plots.estimates",
    "plot_profile": "plots.profile",
    "plot_random_effects": "plots.random_effects",
    "plot_ranks": "validation.rank_histograms",
    "plot_trace": "plots.trace",
    "plot_weights": "plots.weights",
    "read": "grammar",
    "register_estimator": "validation.estimators",
    "sample": "validation.sampling",
    "sbc": "validation.sbc",
    "study": "validation.study",
    "translate": "translation",
    "validate": "validation.agreement",
    "variables": "building",
}

__all__ = ["__version__", *_HOMES]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext glmmspec`: make the cell magic `%%glmm` known to a notebook."""
    shell.register_magics(importlib.import_module("glmmspec.notebook").GlmmMagics)


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
