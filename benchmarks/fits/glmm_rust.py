"""PyPI's glmm, which is written in Rust: Laplace's approximation, or quadrature."""

import glmm
import timing


def prepare(job, data):
    formula = f"{job['left']} ~ {job['bars']}"
    return lambda seed: glmm.fit(data, formula, "binomial", nagq=job["nodes"])


def read(fit):
    if not fit.converged:
        timing.say("note", "says that it has not converged")
    groups = [group for group, _ in fit.re_groups]
    return fit.beta, {group: fit.stddev_corr(i)[0].item() ** 2 for i, group in enumerate(groups)}


timing.run(prepare, read)
