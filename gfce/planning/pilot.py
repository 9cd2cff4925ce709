"""How scores vary: by the study's own scores so far, or else as the paper's vary."""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from gfce.estimating.size import StudySize
from gfce.evaluation.metrics import METRICS, metric_named
from gfce.study import MODEL_KEYS, TABLED_COHORTS, Results

ASSUMED_SD = {metric.name: metric.assumed_sd for metric in METRICS if metric.assumed_sd}
"""Standard deviation between patients of each metric that says one."""
ASSUMED_CORRELATION = 0.5
"""Of two models' scores over the same patients, where nothing is scored."""

Row = Mapping[str, str]
Model = tuple[str, ...]
Spread = dict[str, float]
"""A standard deviation by metric."""


def pilot_scores(size: StudySize) -> list[Row]:
    """Rows of the study's metrics.csv of the whole volume, models on their own tests; or none."""
    scaling = size.config.evaluation.scaling
    try:
        with Results(size.config).metrics.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return []
    return [
        row
        for row in rows
        if (row["region"], row["scaling"]) == ("volume", scaling)
        and row["cohort"] in TABLED_COHORTS
    ]


def patient_sd(rows: Iterable[Row]) -> Spread | None:
    """SD between patients, the mean over models and seeds (None: not known of every metric)."""
    groups: dict[Model, list[Row]] = defaultdict(list)
    for row in rows:
        groups[(*_model(row), row["seed"])].append(row)
    return _spread(
        {
            metric: [
                [float(row[metric]) for row in own if _is_known(row[metric])]
                for own in groups.values()
            ]
            for metric in ASSUMED_SD
        }
    )


def difference_sd(rows: Iterable[Row]) -> Spread | None:
    """SD over patients of the difference of two models, the mean over pairs of models.

    Pairs differ in one thing alone, as those of the paired tests do; seeds are averaged first.
    """
    found: dict[str, list[list[float]]] = {metric: [] for metric in ASSUMED_SD}
    rows = list(rows)
    for metric, differences in found.items():
        scores = _by_patient(rows, metric)
        for a, b in combinations(scores, 2):
            if sum(x != y for x, y in zip(a, b, strict=True)) == 1:
                both = [patient for patient in scores[a] if patient in scores[b]]
                differences.append([scores[a][who] - scores[b][who] for who in both])
    return _spread(found)


def hospital_sd(rows: Iterable[Row]) -> Spread | None:
    """SD between institutions' means, the mean over models (rows of external tests)."""
    rows = list(rows)
    return _spread(
        {
            metric: [_institution_means(own) for own in _by_patient(rows, metric).values()]
            for metric in ASSUMED_SD
        }
    )


def published_hospital_sd() -> Spread:
    """SD between the external institutions' means in the paper's tables 2 and 3, over its models.

    Of a model that misses an institution in the package's copy, it is that of the others.
    """
    from gfce.contract.columns import OVERALL
    from gfce.statistics.audit.published import PRINTED_COLUMNS, read_published

    columns = {own: printed for printed, own in PRINTED_COLUMNS.items()}
    samples: dict[str, list[list[float]]] = {}
    for metric in map(metric_named, ASSUMED_SD):
        for table in read_published().scores.values():
            rows = table[(table["cohort"] == "external") & (table["testing"] != OVERALL)]
            means = rows[columns[metric.mean]].astype(float) / metric.print_factor
            samples.setdefault(metric.name, []).extend(
                list(own) for _, own in means.groupby(rows["model"], sort=False)
            )
    return _means_of_sd(samples)


def _is_known(score: str) -> bool:
    return bool(score) and math.isfinite(float(score))


def _model(row: Row) -> Model:
    return tuple(row.get(key, "") for key in MODEL_KEYS)


def _by_patient(rows: Iterable[Row], metric: str) -> dict[Model, dict[Model, float]]:
    """The mean over seeds by model and (institution, patient)."""
    found: dict[Model, dict[Model, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if _is_known(row[metric]):
            patient = (row["institution"], row["patient_id"])
            found[_model(row)][patient].append(float(row[metric]))
    return {
        model: {patient: statistics.fmean(values) for patient, values in own.items()}
        for model, own in found.items()
    }


def _institution_means(scores: Mapping[Model, float]) -> list[float]:
    found: dict[str, list[float]] = defaultdict(list)
    for (institution, _), score in scores.items():
        found[institution].append(score)
    return [statistics.fmean(values) for values in found.values()]


def _spread(samples: Mapping[str, Iterable[list[float]]]) -> Spread | None:
    """The mean SD of the samples of two numbers or more, by metric (None: one has no such)."""
    known = {
        metric: [values for values in several if len(values) > 1]
        for metric, several in samples.items()
    }
    return _means_of_sd(known) if all(known.values()) else None


def _means_of_sd(samples: Mapping[str, Iterable[list[float]]]) -> Spread:
    return {
        metric: statistics.fmean(map(statistics.stdev, several))
        for metric, several in samples.items()
    }
