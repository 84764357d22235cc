# Predicted random effects, fitted values, residuals and predictions of lme4's Laplace fits.
# From the repository's root: Rscript tests/reference/lme4_predictions.R > tests/reference/lme4_predictions.json
suppressMessages({library(lme4); library(jsonlite)})
data_of <- function(name) read.csv(file.path("glmmspec/datasets", paste0(name, ".csv")))

answers <- function(fit) {
  effects <- as.data.frame(ranef(fit))
  list(
    parameters = as.list(c(fixef(fit), sapply(VarCorr(fit), function(v) v[1]))),
    ranef = list(term = as.character(effects$grpvar), level = as.character(effects$grp),
                 mode = effects$condval, sd = effects$condsd),
    fitted = unname(fitted(fit)),
    population = unname(predict(fit, re.form = NA, type = "response")),
    deviance = unname(residuals(fit, "deviance")),
    pearson = unname(residuals(fit, "pearson")),
    response = unname(residuals(fit, "response"))
  )
}

control <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-8, maxfun = 1e5))
cbpp <- transform(data_of("cbpp"), period = factor(period), herd = factor(herd))
salamander <- transform(data_of("salamander"), Cross = factor(Cross), Female = factor(Female), Male = factor(Male))
out <- list(
  program = paste("lme4", packageVersion("lme4"), "glmer, Laplace,", R.version.string),
  command = "Rscript tests/reference/lme4_predictions.R",
  cbpp = answers(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, control = control)),
  salamander = answers(glmer(Mate ~ 0 + Cross + (1 | Female) + (1 | Male), salamander, binomial, control = control))
)
cat(toJSON(out, digits = 8, auto_unbox = TRUE, pretty = FALSE), "\n")
