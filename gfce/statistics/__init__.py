"""From metrics to tables, tests, intervals and the audit of published tables."""

from gfce.statistics.auditing import audit
from gfce.statistics.datapackage import write_datapackage
from gfce.statistics.steps import compare, tabulate

__all__ = ["audit", "compare", "tabulate", "write_datapackage"]
