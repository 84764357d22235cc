"""PyPI's mixedlm, by Laplace's approximation."""

import mixedlm
import timing


def prepare(job, data):
    left = f"{job['response']} / {job['trials']}" if job["trials"] else job["response"]
    family = mixedlm.families.Binomial()
    return lambda seed: mixedlm.glmer(f"{left} ~ {job['bars']}", data, family=family)


def read(fit):
    variances = fit.VarCorr()
    return fit.fixef().values(), {group: variances.get_cov(group).item() for group in variances.groups}


timing.run(prepare, read)
