# Writes meta_analysis.csv: what metafor finds for the problems in this file, with its own defaults made
# exact (convergence to 1e-14). Run: Rscript meta_analysis.R > meta_analysis.csv
suppressMessages(library(metafor))

problems <- list(
  # Colditz et al. 1994, as in metafor's dat.bcg: log risk ratios of tuberculosis after BCG.
  bcg = escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  # Uni-m1 and Uni-z3 at four external institutions: log of the printed mean MAE.
  uni_m1 = data.frame(
    yi = log(c(52.12, 35.03, 34.97, 40.80)),
    vi = c(10.89, 6.56, 4.02, 9.12)^2 / (c(18, 9, 9, 7) * c(52.12, 35.03, 34.97, 40.80)^2)
  ),
  uni_z3 = data.frame(
    yi = log(c(38.30, 31.92, 30.78, 33.51)),
    vi = c(5.53, 7.32, 4.70, 8.08)^2 / (c(18, 9, 9, 7) * c(38.30, 31.92, 30.78, 33.51)^2)
  ),
  # No heterogeneity: tau is 0 by either estimator.
  alike = data.frame(yi = c(0.11, 0.08, 0.13, 0.10), vi = c(0.010, 0.020, 0.015, 0.030)),
  # REML finds no heterogeneity, yet the effects differ by more than their variances say.
  weighed = data.frame(
    yi = c(0.2003517672859405, 0.1070261696155401, 0.4893156817893192, 0.1561323447013040),
    vi = c(0.003214875779469377, 0.004496074188398254, 0.01718353170086432, 0.00129100950193940)
  ),
  three = data.frame(yi = c(0.4, -0.1, 0.9), vi = c(0.02, 0.05, 0.04))
)

rows <- list()
for (name in names(problems)) {
  data <- problems[[name]]
  for (method in c("REML", "DL")) {
    exact <- list(threshold = 1e-14, maxiter = 10000)
    fit <- function(test) rma(yi, vi, data = data, method = method, test = test, control = exact)
    knha <- fit("knha")
    plain <- fit("z")
    # Higgins, Thompson and Spiegelhalter (2009): k - 2 degrees of freedom; with the larger variance.
    riley <- predict(fit("adhoc"), pi.type = "riley")
    rows[[length(rows) + 1]] <- data.frame(
      problem = name, estimator = method, k = knha$k,
      yi = paste(sprintf("%.17g", data$yi), collapse = " "),
      vi = paste(sprintf("%.17g", data$vi), collapse = " "),
      mean = c(knha$b), hksj_se = knha$se, se = plain$se, tau2 = knha$tau2,
      i2 = knha$I2 / 100, q = knha$QE, q_p = knha$QEp,
      ci95_low = knha$ci.lb, ci95_high = knha$ci.ub,
      pi95_low = riley$pi.lb, pi95_high = riley$pi.ub
    )
  }
}
options(digits = 17)
write.csv(do.call(rbind, rows), row.names = FALSE, quote = FALSE)
