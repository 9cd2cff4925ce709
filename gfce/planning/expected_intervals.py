"""How precisely each institution's mean will be known."""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gfce.estimating.size import StudySize
from gfce.evaluation.metrics import METRICS
from gfce.study import TABLED_COHORTS, Results

ASSUMED_SD = {metric.name: metric.assumed_sd for metric in METRICS if metric.assumed_sd}
"""Standard deviation between patients of each metric that says one."""


@dataclass(frozen=True)
class ExpectedInterval:
    """Half-width of the 95 % confidence interval of one model's mean at an institution.

    Attributes:
        institution: where the patients are from.
        patients: number of its test patients.
        half_width: by metric, in its unit (None: fewer than two patients).
        source: `pilot` (the study's scores so far) or `assumed`.
    """

    institution: str
    patients: int
    half_width: dict[str, float | None]
    source: str


def expected_intervals(size: StudySize) -> list[ExpectedInterval]:
    """The expected precision at each institution: t quantile * SD / sqrt(n)."""
    pilot = pilot_sd(size)
    return [_expected_interval(size, name, pilot) for name in size.config.cohort.institutions]


def _expected_interval(
    size: StudySize, institution: str, pilot: Mapping[str, Mapping[str, float]]
) -> ExpectedInterval:
    patients = size.tested_at(institution)
    sd = pilot.get(institution)
    widths = {metric: half_width((sd or ASSUMED_SD)[metric], patients) for metric in ASSUMED_SD}
    return ExpectedInterval(institution, patients, widths, "pilot" if sd else "assumed")


def half_width(sd: float, patients: int) -> float | None:
    """Half of a mean's 95 % confidence interval (None: fewer than two patients)."""
    if patients < 2:
        return None
    from scipy.stats import t

    return float(t.ppf(0.975, patients - 1)) * sd / math.sqrt(patients)


def pilot_sd(size: StudySize) -> dict[str, dict[str, float]]:
    """SD between patients of each institution, the mean over models, from scores so far."""
    groups: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in _scores(size):
        key = ("institution", "network", "normalization", "training_set", "seed")
        groups[tuple(row[name] for name in key)].append(row)
    spreads: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (institution, *_), rows in groups.items():
        for metric in ASSUMED_SD:
            values = [float(row[metric]) for row in rows if row[metric]]
            if len(values) > 1:
                spreads[institution][metric].append(statistics.stdev(values))
    return {
        name: {metric: statistics.fmean(values) for metric, values in found.items()}
        for name, found in spreads.items()
        if found.keys() == ASSUMED_SD.keys()
    }


def _scores(size: StudySize) -> Iterable[dict[str, str]]:
    scaling = size.config.evaluation.scaling
    try:
        with Results(size.config).metrics.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return []
    return [
        row
        for row in rows
        if row["cohort"] in TABLED_COHORTS
        and row["region"] == "volume"
        and row["scaling"] == scaling
    ]
