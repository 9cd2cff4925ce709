"""audit_next_hospital.csv: what the printed tables say about a hospital that is not yet known.

The functions are those of a study's next_hospital.csv. What they are given is less: printed means,
standard deviations and numbers of patients, which know nothing of who is paired with whom. So
models are compared as if they had been tested on different patients. With scores of the same
patients, which go together, the true variances are smaller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from gfce.contract.table import Table
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.statistics.audit.intervals import Interval
from gfce.statistics.audit.published import PRINTED_COLUMNS, Published
from gfce.statistics.design import Model
from gfce.statistics.inference.hospital_columns import (
    KEY,
    NEXT_HOSPITAL,
    PUBLISHED,
    of_published,
)
from gfce.statistics.inference.institution_effects import (
    IMPROVEMENT,
    NORMALIZATION,
    UNPAIRED,
    Estimate,
    InstitutionEffects,
    as_loss,
    drop,
    improvements,
    names_of,
    unpaired,
)
from gfce.statistics.inference.random_effects import hospital_rows

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0, "not printed")
_COLUMNS = {column: printed for printed, column in PRINTED_COLUMNS.items()}


def published_next_hospital(published: Published, audited: pd.DataFrame) -> pd.DataFrame | None:
    """next_hospital.csv of printed tables (None: no numbers of patients are given).

    Args:
        published: the printed tables.
        audited: what `audit_tables` found; absent rows that it implies are used, and remarked.
    """
    if published.patients is None:
        return None
    printed = _Printed(published, audited)
    effects = [
        effect
        for kind in (_drops, _improvements, _normalizations)
        for metric in TESTED_METRICS
        if metric.mean in _COLUMNS
        for effect in kind(printed, published.models(), metric)
    ]
    return TABLE.frame([{"source": PUBLISHED} | row for row in hospital_rows(effects)])


class _Printed:
    """Printed means as estimates; those of absent rows where an Overall implies them."""

    def __init__(self, published: Published, audited: pd.DataFrame) -> None:
        self._patients: Mapping[str, int] = published.patients or {}
        self._values = {
            (f"{row['model']} {row['testing']} {row['cohort']}", name): value.value
            for table in published.scores.values()
            for row in records(table)
            for name in PRINTED_COLUMNS
            if (value := Interval.of_printed(row[name])).known
        }
        implied = audited[audited["implied"].astype(bool)]
        self._implied = {(row["row"], row["column"]): row["recomputed"] for row in records(implied)}

    def mean(self, model: Model, testing: str, cohort: str, metric: Metric) -> Estimate:
        """A printed mean with the variance sd^2 / n, on the scale of metrics.csv."""
        n = self._patients.get(testing, 0)
        mean, sd = (
            self._value(model, testing, cohort, column) / metric.print_factor
            for column in (metric.mean, metric.sd)
        )
        if math.isnan(mean) or math.isnan(sd):
            return UNKNOWN
        if n < 2:
            return Estimate(mean, math.nan, math.nan, n, "fewer than two patients, or not printed")
        return Estimate(mean, sd**2 / n, n - 1, n)

    def _value(self, model: Model, testing: str, cohort: str, column: str) -> float:
        key = (f"{model.label} {testing} {cohort}", _COLUMNS[column])
        return self._values.get(key, self._implied.get(key, math.nan))

    def remark(self, models: Sequence[Model], metric: Metric) -> str:
        """Which means are not printed but implied."""
        implied = [
            f"{model.label} at {testing}"
            for model in models
            for testing, cohort in model.institutions()
            if (f"{model.label} {testing} {cohort}", _COLUMNS[metric.mean]) in self._implied
        ]
        return f"implied by a printed Overall: {', '.join(implied)}" if implied else ""


Effects = Iterator[InstitutionEffects]


def _drops(printed: _Printed, grid: Sequence[Model], metric: Metric) -> Effects:
    for model in grid:
        means = {
            testing: printed.mean(model, testing, cohort, metric)
            for testing, cohort in model.institutions()
        }
        yield drop(model, metric, means, printed.remark([model], metric))


def _improvements(printed: _Printed, grid: Sequence[Model], metric: Metric) -> Effects:
    for model, references in improvements(grid):
        yield _unpaired(printed, IMPROVEMENT, metric, model, references)


def _normalizations(printed: _Printed, grid: Sequence[Model], metric: Metric) -> Effects:
    """Printed models say what they were trained on by their institutions alone."""
    for number, later in enumerate(grid):
        for earlier in grid[:number]:
            if earlier.internal == later.internal and earlier.group != later.group:
                yield _unpaired(printed, NORMALIZATION, metric, later, [earlier])


def _unpaired(
    printed: _Printed, effect: str, metric: Metric, model: Model, references: Sequence[Model]
) -> InstitutionEffects:
    def gain(testing: str) -> Estimate:
        own, *others = (printed.mean(m, testing, "external", metric) for m in (model, *references))
        reference = unpaired([(1 / len(others), other) for other in others])
        return unpaired([(1, as_loss(metric, reference)), (-1, as_loss(metric, own))])

    at = {testing: gain(testing) for testing in model.external}
    remark = printed.remark([model, *references], metric)
    return InstitutionEffects(
        effect, metric, model, names_of(references), UNPAIRED, at, remark=remark
    )


TABLE = Table(
    name="audit_next_hospital",
    title="What published tables say about a new hospital",
    key=(*KEY, "estimator"),
    columns=of_published(NEXT_HOSPITAL),
)
