"""Tests, intervals and models of the scores: each module with a `TABLE` makes one CSV."""
