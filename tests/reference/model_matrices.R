# Writes formulas/golden.json: what R's model.matrix and lme4's lFormula make of the formulas in formulas/.
# Run from the repository's root: Rscript tests/reference/model_matrices.R [--overwrite]

suppressPackageStartupMessages({
  library(jsonlite)
  library(lme4)
  library(splines)
})

folder <- "tests/reference/formulas"
golden <- file.path(folder, "golden.json")
arguments <- commandArgs(trailingOnly = TRUE)
if (file.exists(golden) && !("--overwrite" %in% arguments)) {
  stop(golden, " is there: give --overwrite to write it again")
}
# Text sorts by the code of its characters, whatever the machine.
invisible(Sys.setlocale("LC_COLLATE", "C"))

data_frame <- function(frame) {
  data <- data.frame(frame$columns, check.names = FALSE, stringsAsFactors = TRUE)
  for (name in names(frame$levels)) {
    data[[name]] <- factor(data[[name]], frame$levels[[name]], ordered = name %in% frame$ordered)
  }
  data
}

frames <- lapply(fromJSON(file.path(folder, "frames.json")), data_frame)

corpus <- function(name) {
  read.delim(file.path(folder, name), header = FALSE, quote = "", fill = TRUE,
             col.names = c("frame", "formula", "here"), colClasses = "character")
}

# As glm and glmer do: levels without a row are dropped.
fixed_matrix <- function(formula, data) {
  formula <- as.formula(paste("~", formula))
  rows <- model.frame(formula, data, drop.unused.levels = TRUE)
  list(x = model.matrix(formula, rows), rank = qr(model.matrix(formula, rows))$rank)
}

# Columns of one name in one frame have the same values, and are written once.
columns <- lapply(frames, function(frame) list())
fixed_entry <- function(frame, formula) {
  built <- fixed_matrix(formula, frames[[frame]])
  for (name in colnames(built$x)) {
    values <- unname(built$x[, name])
    known <- columns[[frame]][[name]]
    stopifnot(is.null(known) || identical(known, values))
    columns[[frame]][[name]] <<- values
  }
  list(frame = unbox(frame), formula = unbox(formula), columns = I(as.character(colnames(built$x))),
       rank = unbox(built$rank))
}

# One random term: in each row the level that its column of Zt belongs to, and the value there.
random_term <- function(zt, grouping, multiplier, levels) {
  dense <- as.matrix(zt)
  stopifnot(all(colSums(dense != 0) == 1), nrow(dense) == length(levels))
  at <- apply(dense != 0, 2, which)
  list(grouping = unbox(grouping), multiplier = unbox(multiplier), levels = levels,
       codes = unname(at) - 1L, values = unname(colSums(dense)))
}

ignored <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore",
                       check.nobs.vs.rankZ = "ignore", check.nlev.gtr.1 = "ignore")

random_entry <- function(frame, formula) {
  data <- cbind(frames[[frame]], response = seq_len(nrow(frames[[frame]])))
  terms <- lFormula(as.formula(paste("response ~", formula)), data, control = ignored)$reTrms
  groupings <- names(terms$cnms)
  factors <- terms$flist[attr(terms$flist, "assign")]
  list(frame = unbox(frame), formula = unbox(formula),
       terms = Map(random_term, unname(terms$Ztlist), names(factors), unname(terms$cnms),
                   lapply(unname(factors), levels)))
}

entries <- function(make, given) Map(make, given$frame, given$formula, USE.NAMES = FALSE)

fixed <- entries(fixed_entry, corpus("fixed.tsv"))
random <- entries(random_entry, corpus("random.tsv"))
provenance <- list(
  R = R.version.string, lme4 = as.character(packageVersion("lme4")),
  command = paste("Rscript", "tests/reference/model_matrices.R", "--overwrite"), date = format(Sys.Date()))

line <- function(value) toJSON(value, digits = NA)
listed <- function(values) paste(vapply(values, line, ""), collapse = ",\n    ")
named <- function(values) {
  paste(sprintf("%s: %s", vapply(names(values), function(n) line(unbox(n)), ""),
                vapply(values, line, "")), collapse = ",\n      ")
}
written <- paste0(sprintf("    %s: {\n      %s}", vapply(names(columns), function(n) line(unbox(n)), ""),
                          vapply(columns, named, "")), collapse = ",\n")
writeLines(c(
  sprintf('{\n  "provenance": %s,', toJSON(provenance, auto_unbox = TRUE)),
  sprintf('  "columns": {\n%s\n  },', written),
  sprintf('  "fixed": [\n    %s\n  ],', listed(fixed)),
  sprintf('  "random": [\n    %s\n  ]\n}', listed(random))), golden)
