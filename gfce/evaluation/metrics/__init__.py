"""Every metric: each module of this package declares one as `METRIC`.

To add one, write `gfce/evaluation/metrics/<stem>.py` with `METRIC = Metric(...)`. Columns, tables,
tests and keys of the configuration follow from the declaration.
"""

from __future__ import annotations

from gfce.declarations import imported
from gfce.evaluation.metric import Metric


def _discover() -> tuple[Metric, ...]:
    metrics = imported(__name__, __path__, "METRIC").values()
    return tuple(sorted(metrics, key=lambda metric: (metric.rank, metric.name)))


METRICS: tuple[Metric, ...] = _discover()
"""All metrics, the paper's first."""
PRINTED_METRICS = tuple(metric for metric in METRICS if metric.printed)
"""Those of printed tables and of findings.md."""
TESTED_METRICS = tuple(metric for metric in METRICS if metric.tested)
"""Those of the pre-specified tests (study: families A, B, C)."""


def metric_named(name: str) -> Metric:
    """The metric whose column in metrics.csv has this name.

    Raises:
        KeyError: there is none.
    """
    return {metric.name: metric for metric in METRICS}[name]
