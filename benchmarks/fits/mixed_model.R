# The programs in R: CODE is what `gs.translate` gives, which reads the data and ends in `fit <- ...` and its
# summary. Prints what fits/timing.py describes.
#
#     Rscript mixed_model.R CODE REPEATS BUDGET NODES

options(warn = -1)
given <- commandArgs(TRUE)
repeats <- as.integer(given[2])
budget <- as.numeric(given[3])
nodes <- as.integer(given[4])

say <- function(word, ...) cat(word, ..., "\n")
digits <- function(x) sprintf("%.17g", x)

estimates <- function(fit) UseMethod("estimates")
estimates.merMod <- function(fit) {
  v <- as.data.frame(VarCorr(fit))
  list(fixed = fixef(fit), groups = v$grp, variances = v$vcov)
}
estimates.glmmTMB <- function(fit) {
  v <- VarCorr(fit)$cond
  list(fixed = fixef(fit)$cond, groups = names(v), variances = sapply(v, function(m) m[1, 1]))
}
estimates.glmm <- function(fit) list(fixed = fit$beta, groups = fit$varcomps.names, variances = fit$nu)

code <- parse(given[1])
assigns_fit <- function(e) is.call(e) && identical(e[[1]], as.name("<-")) && identical(e[[2]], as.name("fit"))
at <- which(sapply(code, assigns_fit))
suppressMessages(for (e in code[seq_len(at - 1)]) eval(e))
fitting <- code[[at]][[3]]
if (nodes > 1) fitting$nAGQ <- nodes

spent <- 0
for (seed in seq_len(repeats + 1)) {
  set.seed(seed)
  seconds <- system.time(fit <- eval(fitting))[["elapsed"]]
  found <- estimates(fit)
  say("seconds", digits(seconds))
  say("fixed", digits(found$fixed))
  for (i in seq_along(found$groups)) say("variance", found$groups[i], digits(found$variances[i]))
  spent <- spent + seconds
  if (spent > budget) break
}
status <- readLines("/proc/self/status")
say("peak_mib", as.numeric(gsub("[^0-9]", "", grep("VmHWM", status, value = TRUE))) / 1024)
