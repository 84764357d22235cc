"""Bambi: means of the posterior under its default priors, by NUTS in PyMC."""

import bambi
import numpy as np
import timing


def prepare(job, data):
    left = f"p({job['response']}, {job['trials']})" if job["trials"] else job["response"]

    def fit(seed):
        model = bambi.Model(f"{left} ~ {job['bars']}", data, family=job["family"])
        drawn = model.fit(draws=1000, tune=1000, chains=4, cores=2, random_seed=seed, progressbar=False)
        return job, model, drawn.posterior

    return fit


def read(fit):
    job, model, posterior = fit
    means = posterior.mean(("chain", "draw"))
    common = model.components["p"].common_terms if "p" in model.components else {}
    names = ["Intercept"] * ("Intercept" in means) + [name for name in common if name in means]
    fixed = np.concatenate([np.atleast_1d(means[name].to_numpy()) for name in names])
    groups = {group: posterior[f"1|{group}_sigma"] for group in job["groups"]}
    return fixed, {group: (sigma**2).mean().item() for group, sigma in groups.items()}


timing.run(prepare, read)
