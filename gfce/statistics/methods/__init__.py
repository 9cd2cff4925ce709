"""Estimators, intervals and tests: arithmetic that knows no table and no study."""
