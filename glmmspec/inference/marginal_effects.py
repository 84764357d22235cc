"""A fit as the Python package marginaleffects takes it: means, contrasts and slopes are that package's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import ndtri

from glmmspec.columns import Table
from glmmspec.design import Design
from glmmspec.errors import FitError, did_you_mean_or_list
from glmmspec.expression import Name
from glmmspec.family import Family
from glmmspec.functions import names
from glmmspec.inference.marginal import marginal_mean
from glmmspec.new_data import NewData, read_new_data

if TYPE_CHECKING:
    import polars as pl

    from glmmspec.inference.fit import Fit


def marginal_means(fit: Fit, by: str | Sequence[str], random: str) -> pd.DataFrame:
    """Mean responses by levels of variables: see `Fit.marginal_means`."""
    model = marginaleffects_model(fit, random)
    from marginaleffects import avg_predictions

    by = [by] if isinstance(by, str) else list(by)
    _check_variables(fit, by)
    means = _to_pandas(avg_predictions(model, by=by)).sort_values(by, ignore_index=True)
    limits = _limits(fit.design.family, means["estimate"].to_numpy(), means["std_error"].to_numpy())
    return means.assign(conf_low=limits[0], conf_high=limits[1])


def _limits(
    family: Family, mean: Float[np.ndarray, " n"], se: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "2 n"]:
    """The limits of 95 % intervals of means m, symmetric in the link g as those of `predict`.

        h(g(m) -/+ z g'(m) se),     h the inverse of g,  g'(m) = 1 / c''(g(m))

    Those of marginaleffects are symmetric about the mean, and may leave the range of the response.
    """
    link = family.link_function(mean)
    return np.asarray(family.cumulant(link + se / family.cumulant(link)[2] * ndtri([[0.025], [0.975]]))[1])


def contrasts(fit: Fit, variables: Any, random: str) -> pd.DataFrame:
    """Differences of mean responses: see `Fit.contrasts`."""
    model = marginaleffects_model(fit, random)
    from marginaleffects import avg_comparisons

    _check_variables(fit, [variables] if isinstance(variables, str) else list(variables))
    with warnings.catch_warnings():
        # marginaleffects 0.6 uses a part of polars that is to go; hence polars < 2.
        warnings.simplefilter("ignore", DeprecationWarning)
        return _to_pandas(avg_comparisons(model, variables=variables))


def _check_variables(fit: Fit, variables: list[str]) -> None:
    known = [name.name for name in _predictors(fit)]
    for variable in variables:
        if variable not in known:
            raise FitError(
                f"'{variable}' is not in the fixed part", hint=did_you_mean_or_list(str(variable), known)
            )


def _to_pandas(result: Any) -> pd.DataFrame:
    return pd.DataFrame(result.data.to_pandas())


def marginaleffects_model(fit: Fit, random: str) -> Any:
    """A model for the functions of marginaleffects: see `Fit.marginaleffects_model`.

    Its coefficients are all parameters that vary, the variances too: marginal means depend on them.
    """
    if random not in ("marginal", "population"):
        raise FitError(
            f"random = {random!r} is unknown: known: marginal, population",
            hint="rows that are averaged over need not exist, so that none has effects of its own",
        )
    try:
        import polars as pl
        from marginaleffects.classes import ModelAbstract, ModelVault
    except ImportError as error:
        raise FitError(
            "the package marginaleffects is not installed", hint="pip install 'glmmspec[marginal]'"
        ) from error

    class Model(ModelAbstract):  # type: ignore[misc]
        """What marginaleffects asks of a model: the mean response of rows at given coefficients."""

        def get_predict(self, params: Any, newdata: Any) -> pl.DataFrame:
            mean = _mean_response(fit, np.asarray(params), newdata)
            rowid = pl.Series("rowid", np.arange(len(mean)), dtype=pl.Int32)
            return pl.DataFrame({"rowid": rowid, "estimate": mean})

    def formula(newdata: pl.DataFrame) -> tuple[None, Float[np.ndarray, "n c"]]:
        rows = read_new_data(fit.model, fit.design, newdata.to_pandas(), levels=False)
        return None, _row_matrix(fit.design, rows, random == "marginal")

    free = fit.estimate.final.free
    predictors = _predictors(fit)
    vault = ModelVault(
        coef=fit.params().to_numpy()[free],
        coefnames=np.array(fit.design.parameters)[free],
        formula=formula,
        modeldata=_model_data(fit, predictors),
        package="glmmspec",
        vcov=fit.estimate.final.covariance,
        variable_names=[str(fit.model.response.arguments[0]), *(name.name for name in predictors)],
    )
    return Model(fit, vault)


def _row_matrix(design: Design, rows: NewData, marginal: bool) -> Float[np.ndarray, "n c"]:
    """Side by side: X, the offset, and by variance component the squared multipliers to integrate out."""
    squares = np.zeros((len(rows.x), len(design.components)))
    if marginal:
        for t, term in enumerate(design.random):
            squares[:, term.component] += np.square(rows.values[:, t])
    return np.column_stack([rows.x, rows.offset, squares])


def _mean_response(
    fit: Fit, free_parameters: Float[np.ndarray, " P"], matrix: Float[np.ndarray, "n c"]
) -> Float[np.ndarray, " n"]:
    """The mean response of the rows of `_row_matrix`, at given values of the parameters that vary."""
    psi = fit.params().to_numpy().copy()
    psi[fit.estimate.final.free] = free_parameters
    p = len(fit.design.coefficients)
    eta = matrix[:, :p] @ psi[:p] + matrix[:, p]
    return marginal_mean(fit.design.family, eta, np.maximum(matrix[:, p + 1 :] @ psi[p:], 0)).mean


def _predictors(fit: Fit) -> list[Name]:
    """The columns of the fixed part."""
    used = (name for term in fit.model.fixed for factor in term.factors for name in names(factor))
    return list({name.name: name for name in used}.values())


def _model_data(fit: Fit, predictors: list[Name]) -> pl.DataFrame:
    """The data of the fit, factors as categories whatever their type: numbers would be given slopes."""
    import polars as pl

    design = fit.design
    table = Table(fit.model, design.data, design.rows, design.encoding)
    factors = {name.name: table.factor(name) for name in predictors if table.is_factor(name)}
    data = design.data.reset_index(drop=True).assign(
        **{
            column: pd.Categorical.from_codes(factor.codes, pd.Index(factor.levels))
            for column, factor in factors.items()
        }
    )
    enums = [pl.col(column).cast(pl.Enum(factor.levels)) for column, factor in factors.items()]
    return pl.from_pandas(data).with_columns(enums)
