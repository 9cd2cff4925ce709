"""How precisely each institution's mean will be known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gfce.estimating.size import StudySize
from gfce.planning.pilot import ASSUMED_SD, Spread, patient_sd, pilot_scores


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
    rows = pilot_scores(size)
    return [
        _expected_interval(
            size, name, patient_sd(row for row in rows if row["institution"] == name)
        )
        for name in size.config.cohort.institutions
    ]


def _expected_interval(size: StudySize, institution: str, pilot: Spread | None) -> ExpectedInterval:
    patients = size.tested_at(institution)
    sd = pilot or ASSUMED_SD
    widths = {metric: half_width(sd[metric], patients) for metric in ASSUMED_SD}
    return ExpectedInterval(institution, patients, widths, "pilot" if pilot else "assumed")


def half_width(sd: float, patients: int) -> float | None:
    """Half of a mean's 95 % confidence interval (None: fewer than two patients)."""
    if patients < 2:
        return None
    from scipy.stats import t

    return float(t.ppf(0.975, patients - 1)) * sd / math.sqrt(patients)
