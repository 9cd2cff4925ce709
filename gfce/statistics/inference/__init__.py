"""Tests, intervals and models of the scores, by `gfce.statistics.methods`: a `TABLE` is a CSV."""
