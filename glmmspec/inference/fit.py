"""The fit: what `gs.fit` returns. Each method is a call of the module that does the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from glmmspec.inference.estimates import Estimates
from glmmspec.inference.prediction import Kind, NewLevels, Random
from glmmspec.inference.residuals import Residual
from glmmspec.printed import Printed

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

    from glmmspec.inference.bootstrap import Bootstrap, Count
    from glmmspec.inference.likelihood_ratio import LikelihoodRatioTest
    from glmmspec.inference.profile import Profile
    from glmmspec.inference.summary import Summary
    from glmmspec.inference.wald import WaldTest


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Printed, Estimates):
    """A maximum likelihood fit, and what can be asked of it.

    Estimates, their errors and diagnostics are those of `Estimates`; the methods here derive
    something from them.
    """

    def summary(self) -> Summary:
        """The table of R's summary.glmm, with Monte Carlo errors and diagnostics, as a fit prints."""
        from glmmspec.inference.summary import Summary

        return Summary.of(self)

    def __str__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def to_dataframe(self, level: float = 0.95) -> pd.DataFrame:
        """A row for each parameter, in the columns of R's broom.mixed, and `mc.error`."""
        from glmmspec.inference.tidy import tidy

        return tidy(self, level)

    def ranef(self) -> pd.DataFrame:
        """Predicted random effects: mean and standard deviation of each given the data, at the estimate.

        Returns
        -------
        pd.DataFrame
            Rows by `term` and `level`; columns `mean`, `sd`, and `mcse`, the Monte Carlo standard error
            of the mean. These are means under the exact likelihood, where lme4 gives modes.
        """
        from glmmspec.inference.random_effects import predicted_effects

        return predicted_effects(self)

    def predict(
        self,
        newdata: Any = None,
        kind: Kind = "response",
        random: Random = "conditional",
        new_levels: NewLevels = "error",
        interval: float = 0.95,
    ) -> pd.DataFrame:
        """Predict for the data of the fit, or for new data.

        Parameters
        ----------
        newdata
            A data frame with the columns that the prediction needs; the response is not one of them.
        kind
            `response`, the mean of one trial; or `link`, the linear predictor.
        random
            `conditional` on the data: random effects as they are known from them; `population`: at random
            effects of 0; `marginal`: the mean over the population of random effects.
        new_levels
            What to do, if conditional, with a level that is not in the data of the fit: refuse it
            (`error`), or treat its effect as one of the `population` or a `marginal` one.
        interval
            Level of the confidence interval for the mean, in (0, 1); it counts the uncertainty of the
            parameters and, if conditional, that of the random effects.

        Returns
        -------
        pd.DataFrame
            Columns `estimate`, `se`, `lower`, `upper`; the rows of `newdata`, or those used in the fit.

        Raises
        ------
        DataError
            If a column is missing, or a level is not one of the fit's.
        FitError
            If an argument is none of these.
        """
        from glmmspec.inference.prediction import predict

        return predict(self, newdata, kind=kind, random=random, new_levels=new_levels, interval=interval)

    def marginal_means(self, by: str | Sequence[str], random: str = "marginal") -> pd.DataFrame:
        """Mean responses by levels of variables of the fixed part, averaged over the rows of the fit.

        By the package marginaleffects (`pip install 'glmmspec[marginal]'`), with delta-method errors.
        """
        from glmmspec.inference.marginal_effects import marginal_means

        return marginal_means(self, by, random)

    def contrasts(self, variables: Any, random: str = "marginal") -> pd.DataFrame:
        """Differences of mean responses between levels of a variable, averaged over the rows of the fit.

        Parameters
        ----------
        variables
            A variable's name, or what `marginaleffects.avg_comparisons` takes, such as
            `{"period": "pairwise"}`.
        random
            `marginal`: random effects integrated out; `population`: at 0.
        """
        from glmmspec.inference.marginal_effects import contrasts

        return contrasts(self, variables, random)

    def marginaleffects_model(self, random: str = "marginal") -> Any:
        """The fit as a model for all other functions of the package marginaleffects."""
        from glmmspec.inference.marginal_effects import marginaleffects_model

        return marginaleffects_model(self, random)

    def fitted(self) -> pd.Series[float]:
        """The mean response of each row given the data: of one trial, where there are several.

        Rows have the labels of the data, here and in all that has a row for each of them.
        """
        from glmmspec.inference.residuals import fitted_values

        return fitted_values(self)

    def residuals(self, kind: Residual = "deviance", seed: int = 1) -> pd.Series[float]:
        """Residuals of the rows used.

        Parameters
        ----------
        kind
            `response`, `pearson` or `deviance`, about the fitted values; or `quantile`: randomised quantile
            residuals, standard normal if the model is true, in which random effects are integrated out.
        seed
            Of the randomisation.
        """
        from glmmspec.inference.residuals import residuals

        return residuals(self, kind, seed)

    def simulate(self, n: int = 1, seed: int | None = None) -> pd.DataFrame:
        """Draw n new responses from the fitted model, with new random effects: a column for each."""
        from glmmspec.inference.simulation import simulate

        return simulate(self, n, seed)

    def test(self, hypothesis: Any, value: Any = None) -> WaldTest:
        """Wald test of linear hypotheses.

        Parameters
        ----------
        hypothesis
            Text such as `"CrossR/R = CrossW/W"`, several such, or a matrix with a column for each parameter.
        value
            With a matrix, the right-hand sides; 0 by default.
        """
        from glmmspec.inference.wald import wald_test

        return wald_test(self, hypothesis, value)

    def test_variance(self, components: str | Sequence[str]) -> LikelihoodRatioTest:
        """Likelihood-ratio test that variances are 0, on the boundary, by a mixture of chi-squares."""
        from glmmspec.inference.likelihood_ratio import variance_test

        return variance_test(self, components)

    def profile(
        self,
        parm: str | int | Sequence[str | int] | None = None,
        level: float = 0.95,
        progress: Count | None = None,
    ) -> Profile:
        """Profile likelihood of some or all parameters: curves, and intervals by `confint`.

        Each point maximises the likelihood over the other parameters, with draws of its own.
        """
        from glmmspec.inference.profile import profile

        return profile(self, parm, level, progress)

    def bootstrap(self, n: int = 200, seed: int | None = None, progress: Count | None = None) -> Bootstrap:
        """Parametric bootstrap: simulate n data sets from the fit, and fit each.

        Replicate i depends on the seed and i alone; `progress` is called with how many are done and n.
        """
        from glmmspec.inference.bootstrap import bootstrap

        return bootstrap(self, n, seed, progress)

    def save(self, path: str | PathLike[str]) -> None:
        """Keep the fit in one file, for `gs.load`: the data it used and all numbers, but not its draws.

        Raises
        ------
        GlmmSpecError
            If the file cannot be written; what was there before is then untouched.
        """
        from glmmspec.inference.storage import save

        save(self, path)

    def equation(self, format: Literal["text", "latex"] = "text") -> str:
        """The model with its estimates, as equations."""
        from glmmspec.equations import equation

        return equation(self.model, format=format, design=self.design, estimates=self.params())

    def trace(self) -> pd.DataFrame:
        """The path of the trust region: a row for each iteration of each round."""
        from glmmspec.inference.workings import trace

        return trace(self)

    def draws(self) -> pd.DataFrame:
        """The draws of the random effects at the estimate: a row each, columns by term and level."""
        from glmmspec.inference.workings import draws

        return draws(self)

    def importance_weights(self) -> pd.DataFrame:
        """The weights of the draws at the estimate, summing to 1 in each block: a column for each block."""
        from glmmspec.inference.workings import importance_weights

        return importance_weights(self)

    def model_matrix(self) -> pd.DataFrame:
        """The fixed-effect model matrix X."""
        from glmmspec.inference.workings import model_matrix

        return model_matrix(self)

    def random_matrix(self) -> csr_array:
        """The random-effect matrix Z, sparse; its columns are the rows of `ranef`."""
        from glmmspec.inference.workings import random_matrix

        return random_matrix(self)

    def start_values(self) -> pd.Series[float]:
        """Where the maximisation began: by default at the penalised quasi-likelihood estimate."""
        from glmmspec.inference.workings import start_values

        return start_values(self)

    def start_effects(self) -> pd.Series[float]:
        """The modes of the random effects at `start_values`."""
        from glmmspec.inference.workings import start_effects

        return start_effects(self)
