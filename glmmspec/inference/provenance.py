"""What determines the numbers of a fit."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from glmmspec.design import Design
from glmmspec.ir import Model
from glmmspec.options import SamplerOptions, SolverOptions

_PACKAGES = ("glmmspec", "jax", "numpy", "scipy")


@dataclass(frozen=True)
class Provenance:
    """Equal provenance gives equal estimates.

    Attributes
    ----------
    spec_sha256
        Of the model's canonical text without what leaves the likelihood as it is: title, name of the
        data, priors and options.
    data_sha256
        Of the arrays the model was bound to.
    options
        The solver's options, as resolved.
    versions
        Of the packages that compute.
    """

    spec_sha256: str
    data_sha256: str
    options: dict[str, Any]
    versions: dict[str, str]

    @classmethod
    def of(cls, model: Model, design: Design, options: SolverOptions) -> Provenance:
        """The provenance of fitting `model` to `design` with `options`."""
        plain = replace(
            model, title=None, data=None, priors=(), solver=SolverOptions(), sampler=SamplerOptions()
        )
        return cls(
            spec_sha256=hashlib.sha256(str(plain).encode()).hexdigest(),
            data_sha256=design.data_hash,
            options=asdict(options),
            versions=dict(_versions()),
        )


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Looked up once: it takes milliseconds."""
    return tuple((package, version(package)) for package in _PACKAGES)
