"""A validation report as one HTML page that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from glmmspec.plots.svg import as_svg
from glmmspec.plots.weights import plot_weights
from glmmspec.validation import pictures

if TYPE_CHECKING:
    from glmmspec.validation.report import Report

_PACKAGES = ("glmmspec", "numpyro", "jax", "arviz-stats", "numpy", "scipy")


def page(report: Report) -> str:
    """The page: checks, model, tables side by side, pictures, and what it takes to reproduce them.

    Pictures are drawn without a display and stand in the page as SVG; what a spec or data bring is escaped.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    matplotlib.use("agg")
    loader = PackageLoader("glmmspec.validation", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        report=report,
        title=report.fit.model.title or report.fit.model.formula,
        spec=str(report.fit.model),
        equations=report.fit.equation(),
        summary=report.summary(),
        pictures=[(caption, _embedded(axes, name)) for name, caption, axes in _pictures(report)],
        provenance=json.dumps(_provenance(report), indent=2),
    )


def _pictures(report: Report) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, caption and Axes of each picture."""
    yield "intervals", "Estimates and posterior.", pictures.plot_intervals(report)
    yield "marginals", "Marginal densities by both routes.", pictures.plot_marginals(report)
    yield "pairs", "Pairs of parameters, by NUTS; the cross is the estimate.", pictures.plot_pairs(report)
    if report.effects is not None:
        yield "effects", "Random effects given the data, at the estimate.", pictures.plot_effects(report)
    for name, axes in pictures.plot_chains(report):
        kind = {"plot_trace": "Traces", "plot_rank": "Ranks"}[name]
        yield name, f"{kind} of the chains.", axes
    if report.fit.n_draws:
        yield "weights", "The weights of the solver's draws.", plot_weights(report.fit)


def _embedded(axes: np.ndarray, name: str) -> str:
    """The picture's `svg` element alone, with ids that no other picture of the page has."""
    svg = as_svg(axes, name)
    svg = svg[svg.index("<svg") :]
    return (
        svg.replace('id="', f'id="{name}-')
        .replace("url(#", f"url(#{name}-")
        .replace('href="#', f'href="#{name}-')
    )


def _provenance(report: Report) -> dict[str, object]:
    return {
        **asdict(report.fit.provenance),
        "sampler": asdict(report.sampler),
        "versions": {package: version(package) for package in _PACKAGES},
    }
