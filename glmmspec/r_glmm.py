"""The call of R's package glmm, transcribed: the same arguments, the same model, our fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glmmspec import api
from glmmspec.errors import DataError, SpecError
from glmmspec.expression import quoted_name
from glmmspec.grammar.r_call import model_of_call

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from glmmspec.inference.fit import Fit

_WEIGHTS = "(weights)"
"""The column that weights given as an array become, as R's model frames call it."""

_THIRD = 1 / 3


def glmm(
    fixed: str,
    random: str | Sequence[str],
    varcomps_names: str | Sequence[str],
    data: Any,
    family: str,
    m: float | None = None,
    varcomps_equal: Sequence[int] | None = None,
    weights: str | ArrayLike | None = None,
    doPQL: bool = True,
    debug: bool = False,
    p1: float | None = None,
    p2: float | None = None,
    p3: float | None = None,
    rmax: float | None = None,
    iterlim: int | None = None,
    par_init: Fit | Mapping[str, float] | Sequence[float] | None = None,
    zeta: float | None = None,
    cluster: None = None,
    **options: Any,
) -> Fit:
    """Fit the model of a call to `glmm` of R's package glmm.

    The arguments are those of R's glmm 1.4.5, in its order, with `_` for the dots of their names and
    `family` for `family.glmm` (docs/coming-from-r.md). What is not given is ours: draws from the
    laplace proposal, block by block. R's own estimator takes `proposal="mixture", blocks="joint",
    points="random", zeta=5` in addition.

    Parameters
    ----------
    fixed
        The formula of the fixed effects, such as `"Mate ~ 0 + Cross"`.
    random
        A formula, or one for each random term, such as `["~ 0 + Female", "~ 0 + Male"]`.
    varcomps_names
        The names of the variance components.
    data
        A data frame, or whatever `fit` takes.
    family
        `"bernoulli"`, `"binomial"` or `"poisson"`; R's `"bernoulli.glmm"` and so on also.
    m
        Draws, here of each block (solver option `draws`); by default as many as `tolerance` asks for.
    varcomps_equal
        For each random formula, the number of its variance component, counted from 1.
    weights
        A column's name (or arithmetic on columns), or an array of shape (n,).
    doPQL
        False starts at coefficients 0 and variances 1 (`start="zero"`).
    debug
        Changes nothing: what R keeps on demand is always kept.
    p1, p2, p3, zeta
        Shares of the mixture proposal, a third each unless given, and the degrees of freedom of its t
        component. One given implies `proposal="mixture"`, unless another is asked for.
    rmax, iterlim
        Largest trust-region radius (in standard errors), most iterations.
    par_init
        Start values: the fixed effects, then the variances; or a fit that ends where this one starts.
    cluster
        Refused unless None: the cores of one machine are used without it.
    **options
        Solver options of ours, such as `seed`.

    Raises
    ------
    SpecSyntaxError, SpecError, DataError, FitError
        As `fit`; also if a random formula is not one term without intercept, or names and numbers of
        the variance components do not fit together.
    """
    if cluster is not None:
        raise SpecError(
            "cluster is not taken: there are no worker processes to hand the draws to",
            hint="leave it out: every core of the machine is used; for accelerators see option devices",
        )
    if weights is not None and not isinstance(weights, str):
        data, weights = _with_weights(data, weights), quoted_name(_WEIGHTS)
    model = model_of_call(fixed, random, varcomps_names, varcomps_equal, family, weights)
    ours = {
        "draws": m,
        "rmax": rmax,
        "iterlim": iterlim,
        "start": "zero" if par_init is None and not doPQL else par_init,
        **_mixture(p1, p2, p3, zeta),
    }
    return api.fit(model, data, **_merged(ours, options))


def _mixture(p1: float | None, p2: float | None, p3: float | None, zeta: float | None) -> dict[str, Any]:
    """The solver options that R's settings of its proposal say."""
    if (p1, p2, p3) == (None, None, None):
        return {"df": zeta}
    return {"df": zeta, "mixture": tuple(_THIRD if p is None else p for p in (p1, p2, p3))}


def _merged(ours: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """What was given, under either name but not both; whole numbers as such, as 1e4 is in R."""
    given = {name: value for name, value in ours.items() if value is not None}
    for name in given.keys() & options.keys():
        raise SpecError(f"solver option {name} is given twice, once by R's name for it", hint="leave out one")
    for name in ("draws", "iterlim"):
        if isinstance(given.get(name), float) and given[name].is_integer():
            given[name] = int(given[name])
    implied = {"proposal": "mixture"} if given.keys() & {"df", "mixture"} else {}
    return {**implied, **given, **options}


def _with_weights(data: Any, weights: ArrayLike) -> Any:
    """The data with the weights as one more column."""
    import numpy as np

    from glmmspec.tables import as_frame

    frame, values = as_frame(data), np.asarray(weights)
    if values.shape != (len(frame),):
        raise DataError(f"weights have shape {values.shape}, and the data {len(frame)} rows")
    return frame.assign(**{_WEIGHTS: values})
