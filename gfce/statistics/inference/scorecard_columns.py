"""What scorecard.csv compares, and its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from gfce.config import StudyConfig
from gfce.contract.columns import COHORT, MODEL, REASON, TESTING, N, axes
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.study import METHOD_KEYS

RATIO = "enhancement_ratio"
"""The measure that says whether a tumour is detected."""
ALL = "all"
"""Stands for tumours of every volume."""


@dataclass(frozen=True)
class Measure:
    """A measure of two images, by the columns of enhancement.csv.

    Attributes:
        name: its name in scorecard.csv.
        reference: the column of what it is set against (None: 0).
        synthetic: the column of the synthetic CE.
        against: what the reference is: the real CE, or T1w itself in the place of a synthetic CE.
    """

    name: str
    reference: str | None
    synthetic: str
    against: str = "real"


def _of_both(name: str) -> Measure:
    return Measure(name, f"{name}_real", f"{name}_synthetic")


def _of_error(region: str) -> Measure:
    name = f"enhancement_error_{region}"
    return Measure(name, f"{name}_t1w", name, "t1w")


MEASURES = (
    _of_both(RATIO),
    _of_both("cnr"),
    _of_error("tumour"),
    _of_error("head"),
    _of_both("enhancing_ml"),
    Measure("over_enhancement_ml", None, "over_enhancement_ml"),
    Measure("under_enhancement_ml", None, "under_enhancement_ml"),
)
AGAINST = {measure.name: measure.against for measure in MEASURES}
COUNTS = ("n_enhancing", "n_detected")
"""The columns of the measure `RATIO` alone, besides the sensitivity."""


def volume_groups(config: StudyConfig) -> list[str]:
    """The groups of tumour volumes, smallest first; a limit belongs to the group above it."""
    limits = [f"{limit:g}" for limit in config.evaluation.tumour_volumes_ml]
    if not limits:
        return []
    between = [f"{low} to {high} ml" for low, high in pairwise(limits)]
    return [f"below {limits[0]} ml", *between, f"{limits[-1]} ml and more"]


def _number(name: str, meaning: str, unit: str = UNIT_OF_METRIC) -> Column:
    return Column(name, "number", meaning, unit)


def _interval(name: str, of: str) -> tuple[Column, Column]:
    bounds = (("low", "Lower"), ("high", "Upper"))
    return tuple(  # type: ignore[return-value]
        _number(f"{name}_ci95_{end}", f"{word} bound of the 95 % confidence interval of {of}")
        for end, word in bounds
    )


def _count(name: str, meaning: str) -> Column:
    return Column(name, "integer", f"{meaning} ({RATIO} alone)", minimum=0)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "number", f"{meaning} ({RATIO} alone)", "1", minimum=0, maximum=1)


COLUMNS = (
    *axes(METHOD_KEYS),
    MODEL,
    replace(
        TESTING,
        meaning="Institution that the model is tested on, or Overall: all patients of the "
        "cohort, each with the same weight",
    ),
    COHORT,
    Column("measure", "string", "What is compared", allowed=tuple(AGAINST)),
    Column(
        "against",
        "string",
        "What the synthetic CE is set against: the real CE, or T1w itself in its place",
        allowed=("real", "t1w"),
    ),
    Column(
        "tumour_volume",
        "string",
        "Volume of the tumours (evaluation.tumour_volumes_ml), or all",
        allowed=lambda config: [ALL, *volume_groups(config)],
    ),
    N,
    _number("mean_reference", "Mean of the real CE or of T1w; 0 for volumes of one image alone"),
    _number("mean_synthetic", "Mean of the synthetic CE"),
    _number("bias", "Mean difference, synthetic CE less the other"),
    *_interval("bias", "the bias"),
    _number("loa_low", "Lower limit of agreement: bias less 1.96 SD of the differences"),
    *_interval("loa_low", "the lower limit"),
    _number("loa_high", "Upper limit of agreement: bias and 1.96 SD of the differences"),
    *_interval("loa_high", "the upper limit"),
    _count("n_enhancing", "Tumours that enhance in the real CE"),
    _count("n_detected", "Tumours of these that enhance in the synthetic CE"),
    _share("sensitivity", "n_detected / n_enhancing"),
    _share("sensitivity_ci95_low", "Lower bound of its exact 95 % confidence interval"),
    _share("sensitivity_ci95_high", "Upper bound of its exact 95 % confidence interval"),
    REASON,
)
