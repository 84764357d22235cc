"""statsmodels' BinomialBayesMixedGLM, by variational Bayes under its default priors."""

import numpy as np
import timing
from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM


def prepare(job, data):
    terms = {group: f"0 + C({group})" for group in job["groups"]}
    formula = f"{job['response']} ~ {job['fixed']}"
    return lambda seed: BinomialBayesMixedGLM.from_formula(formula, terms, data).fit_vb()


def read(fit):
    # Its variances are kept as logarithms of standard deviations.
    return fit.fe_mean, dict(zip(fit.model.vcp_names, np.exp(2 * fit.vcp_mean), strict=True))


timing.run(prepare, read)
