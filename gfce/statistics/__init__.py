"""From metrics to tables, tests, intervals and the audit of published tables."""
