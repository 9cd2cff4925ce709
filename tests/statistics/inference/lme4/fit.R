# What lme4 and lmerTest make of scores.csv. Run in this folder: Rscript --vanilla fit.R
# expected.csv is from R 4.2.2, lme4 1.1-31, lmerTest 3.1-3 (Debian 12).
suppressPackageStartupMessages(library(lmerTest))

scores <- read.csv("scores.csv", colClasses = c(patient_id = "character"))
scores$normalization <- factor(scores$normalization, c("min_max", "z_score"))
sets <- c(paste0("uni-Institution-", 1:3), "tri")
scores$training_set <- factor(scores$training_set, sets)
scores$institution <- factor(scores$institution)
scores$patient <- factor(paste(scores$institution, scores$patient_id))
scores$site_set <- interaction(scores$institution, scores$training_set)
scores$site_model <- interaction(scores$institution, scores$training_set, scores$normalization)
control <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9), check.conv.singular = "ignore"
)

rows <- list()
add <- function(fit, name, term, value) {
  rows[[length(rows) + 1]] <<- data.frame(fit = fit, quantity = name, term = term, value = value)
}
add_variances <- function(fit, model) {
  for (group in names(VarCorr(model))) add(fit, "sd", group, attr(VarCorr(model)[[group]], "stddev"))
  add(fit, "sd", "residual", sigma(model))
  add(fit, "deviance", "", -2 * as.numeric(logLik(model, REML = TRUE)))
}
add_all <- function(fit, model) {
  table <- coef(summary(model, ddf = "Satterthwaite"))
  colnames(table) <- c("estimate", "se", "df", "t", "p")
  for (term in rownames(table)) for (name in colnames(table)) add(fit, name, term, table[term, name])
  add_variances(fit, model)
}

averaged <- aggregate(
  cbind(mae, psnr_db) ~ normalization + training_set + institution + patient + site_set + site_model,
  scores, mean
)
random <- ~ . + institution + (1 | patient) + (1 | site_model)
both <- update(~ normalization * training_set + (1 | site_set), random)
add_all("mae", lmer(update(both, log(mae) ~ .), averaged, control = control))
add_all("psnr_db", lmer(update(both, psnr_db ~ .), averaged, control = control))
min_max <- subset(averaged, normalization == "min_max")
add_all("mae min_max", lmer(update(update(~ training_set, random), log(mae) ~ .), min_max, control = control))

for (label in c("Uni-m1", "Tri-Z")) for (metric in c("mae", "psnr_db")) {
  own <- subset(scores, model == label & cohort == "external")
  own$y <- own[[metric]] / sd(own[[metric]])
  model <- lmer(
    y ~ 1 + (1 | institution) + (1 | patient) + (1 | seed) + (1 | institution:seed), own,
    control = control
  )
  unit <- sd(own[[metric]])
  name <- paste("seeds", label, metric)
  for (group in names(VarCorr(model))) {
    add(name, "sd", group, unit * attr(VarCorr(model)[[group]], "stddev"))
  }
  add(name, "sd", "patient:seed", unit * sigma(model))
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE)
