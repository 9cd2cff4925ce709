"""What a study will be able to tell of differences between models, and of a further hospital."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gfce.errors import UserError
from gfce.estimating.size import StudySize
from gfce.planning.pilot import (
    ASSUMED_CORRELATION,
    ASSUMED_SD,
    Spread,
    difference_sd,
    hospital_sd,
    pilot_scores,
    published_hospital_sd,
)

POWER = 0.8
"""What is asked for."""
LEVEL = 0.05
"""Of a two-sided test of a difference; a one-sided test of non-inferiority has half (ICH E9)."""
MOST_PATIENTS = 100_000
MOST_HOSPITALS = 10_000
HOSPITALS = (3, 5, 10, 20, 40)
"""Numbers of external institutions that a plan shows beside the study's own."""


@dataclass(frozen=True)
class ExpectedPower:
    """What a comparison of two models on the same patients will tell, before Holm's adjustment.

    Attributes:
        scope: the institution, or `external` for all external patients.
        patients: number of its test patients.
        sd_of_difference: over patients, by metric.
        detectable: smallest true difference that is found with a power of 80 % (two-sided 5 %), by
            metric, in its unit (None: fewer than two patients).
        margin: of non-inferiority (the configuration's equivalence margin), by metric.
        power_in_margin: that two equally good models are shown to differ by less than the margin
            (one-sided 2.5 %), by metric (None: fewer than two patients).
        patients_for_margin: patients that give this a power of 80 %, by metric (None: more than
            MOST_PATIENTS).
        source: `pilot` (the study's scores so far) or `assumed`.
    """

    scope: str
    patients: int
    sd_of_difference: Spread
    detectable: dict[str, float | None]
    margin: dict[str, float]
    power_in_margin: dict[str, float | None]
    patients_for_margin: dict[str, int | None]
    source: str


@dataclass(frozen=True)
class HospitalInterval:
    """How far from the mean of the external institutions a further one may be.

    Attributes:
        institutions: number of external institutions.
        half_width: of the 95 % prediction interval of one further institution's mean, by metric.
    """

    institutions: int
    half_width: dict[str, float]


@dataclass(frozen=True)
class ExpectedHospitals:
    """Prediction intervals by the number of external institutions.

    Attributes:
        sd: between institutions' means, by metric.
        intervals: for several numbers of institutions, the study's own among them.
        limit: half-width with any number of institutions, by metric.
        wanted: half-widths that were asked for, by metric.
        needed: institutions that they need, by metric (None: no number is enough).
        source: `pilot` or `published` (the external means in the paper's tables 2 and 3).
    """

    sd: Spread
    intervals: list[HospitalInterval]
    limit: dict[str, float]
    wanted: dict[str, float]
    needed: dict[str, int | None]
    source: str


def expected_power(size: StudySize) -> list[ExpectedPower]:
    """The power at each institution, and with all external patients."""
    external = size.config.cohort.external
    scopes = {name: [name] for name in size.config.cohort.institutions} | {"external": external}
    rows = pilot_scores(size)
    return [
        _expected_power(
            size, scope, names, difference_sd(row for row in rows if row["institution"] in names)
        )
        for scope, names in scopes.items()
        if names
    ]


def _expected_power(
    size: StudySize, scope: str, institutions: list[str], pilot: Spread | None
) -> ExpectedPower:
    patients = sum(map(size.tested_at, institutions))
    ratio = math.sqrt(2 * (1 - ASSUMED_CORRELATION))
    sd = pilot or {metric: ratio * value for metric, value in ASSUMED_SD.items()}
    margin = {metric: size.config.statistics.equivalence_margin(metric) for metric in sd}
    return ExpectedPower(
        scope=scope,
        patients=patients,
        sd_of_difference=sd,
        detectable={metric: detectable(sd[metric], patients) for metric in sd},
        margin=margin,
        power_in_margin={m: non_inferiority_power(sd[m], margin[m], patients) for m in sd},
        patients_for_margin={m: patients_for_margin(sd[m], margin[m]) for m in sd},
        source="pilot" if pilot else "assumed",
    )


def detectable(sd: float, patients: int) -> float | None:
    """Smallest true mean difference that a paired t-test finds with 80 % power (two-sided 5 %).

    By the noncentral t distribution (Cohen 1988; `statsmodels`).

    Args:
        sd: of the differences over patients.
        patients: pairs.
    """
    if patients < 2:
        return None
    if sd == 0:
        return 0.0
    from statsmodels.stats.power import tt_solve_power

    return sd * float(tt_solve_power(nobs=patients, alpha=LEVEL, power=POWER))


def non_inferiority_power(sd: float, margin: float, patients: int) -> float | None:
    """Power to show a difference below a margin if there is none (one-sided 2.5 %; paired t-test).

    Julious 2004 (Stat Med 23:1921-1986): the test of a difference of `margin`.
    """
    if patients < 2:
        return None
    if sd == 0:
        return 1.0
    from statsmodels.stats.power import ttest_power

    return float(ttest_power(margin / sd, patients, LEVEL / 2, alternative="larger"))


def patients_for_margin(sd: float, margin: float) -> int | None:
    """Patients that give `non_inferiority_power` 80 % (None: more than MOST_PATIENTS)."""
    numbers = range(2, MOST_PATIENTS + 1)
    place = bisect_left(numbers, POWER, key=lambda n: non_inferiority_power(sd, margin, n) or 0.0)
    return numbers[place] if place < len(numbers) else None


def expected_hospitals(size: StudySize, wanted: Mapping[str, float]) -> ExpectedHospitals:
    """The prediction intervals of a further hospital's mean.

    Raises:
        UserError: a half-width is wanted of a metric that is not planned, or is not above 0.
    """
    _check(wanted)
    external = size.config.cohort.external
    pilot = hospital_sd(row for row in pilot_scores(size) if row["institution"] in external)
    sd = pilot or published_hospital_sd()
    numbers = sorted({*HOSPITALS, len(external)} - {0, 1})
    return ExpectedHospitals(
        sd=sd,
        intervals=[
            HospitalInterval(k, {metric: prediction_half_width(sd[metric], k) for metric in sd})
            for k in numbers
        ],
        limit={metric: prediction_half_width(sd[metric], None) for metric in sd},
        wanted=dict(wanted),
        needed={metric: hospitals_for(sd[metric], width) for metric, width in wanted.items()},
        source="pilot" if pilot else "published",
    )


def _check(wanted: Mapping[str, float]) -> None:
    for metric, width in wanted.items():
        if metric not in ASSUMED_SD:
            raise UserError(f"{metric}: is not planned: give one of {', '.join(ASSUMED_SD)}")
        if not 0 < width < math.inf:
            raise UserError(f"{metric}={width:g}: give a half-width above 0")


def prediction_half_width(sd: float, institutions: int | None) -> float:
    """Half of the 95 % prediction interval of a further institution's mean.

    t(k - 1) sd sqrt(1 + 1/k): institutions' means are one normal sample (Hahn and Meeker 1991);
    sd holds the chance of their patients, as many as the further one has.

    Args:
        sd: between institutions' means.
        institutions: k, two or more (None: all that there are).
    """
    from scipy.stats import norm

    return float(norm.ppf(0.975) * sd if institutions is None else _half_widths(sd, institutions))


def _half_widths(sd: float, institutions: ArrayLike) -> NDArray[np.float64]:
    from scipy.stats import t

    k = np.asarray(institutions)
    return np.asarray(t.ppf(0.975, k - 1) * sd * np.sqrt(1 + 1 / k))


def hospitals_for(sd: float, half_width: float) -> int | None:
    """External institutions for this half-width (None: more than MOST_HOSPITALS, or no number)."""
    numbers = np.arange(2, MOST_HOSPITALS + 1)
    enough = numbers[_half_widths(sd, numbers) <= half_width]
    return int(enough[0]) if len(enough) else None
