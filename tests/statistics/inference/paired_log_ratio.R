# Prints the effect and the variance of test_institution_effects.py: log ratio of the means of paired
# scores, measure ROMC of metafor (Lajeunesse 2011). Run: Rscript paired_log_ratio.R
suppressMessages(library(metafor))
a <- c(35.66, 48.30, 47.90, 42.15, 30.41, 42.62, 44.28, 43.20, 37.60)
b <- c(33.96, 41.00, 42.15, 40.38, 30.97, 44.61, 44.35, 45.37, 41.91)
effect <- escalc("ROMC",
  m1i = mean(a), m2i = mean(b), sd1i = sd(a), sd2i = sd(b), ni = length(a), ri = cor(a, b)
)
cat(sprintf("%.17g %.17g\n", effect$yi, effect$vi))
