"""glmmspec, with what it says of its own error."""

import timing

import glmmspec as gs


def prepare(job, data):
    model = gs.parse(job["spec"])
    return lambda seed: gs.fit(model, data, **{"seed": seed, **job["options"]})


def read(fit):
    timing.say("error", *fit.se())
    timing.say("mcse", *fit.mcse())
    if fit.warnings:
        timing.say("note", "; ".join(str(warning).splitlines()[0] for warning in fit.warnings))
    return fit.coef(), dict(fit.varcomps())


timing.run(prepare, read)
