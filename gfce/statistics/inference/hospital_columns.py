"""Columns of the tables about institutions as a sample, of studies and of published tables."""

from __future__ import annotations

from dataclasses import replace

from gfce.contract.columns import CI95_HIGH, CI95_LOW, MODEL, REASON, axes
from gfce.contract.columns import N as N_COLUMN
from gfce.contract.table import Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.institution_effects import (
    DROP,
    IMPROVEMENT,
    NORMALIZATION,
    ONE_SAMPLE,
    PAIRED,
    UNPAIRED,
)
from gfce.statistics.inference.scales import DIFFERENCE, LOG_RATIO
from gfce.statistics.methods.meta_analysis import ESTIMATORS
from gfce.study import GROUP_KEYS

STUDY, PUBLISHED = "study", "published"
UNIT_OF_SCALE = "log ratio, or unit of the metric"
SOURCE = Column(
    "source",
    "string",
    "study: of the patients' scores; published: of printed means and standard deviations",
    allowed=(STUDY, PUBLISHED),
)
KEY = ("source", "effect", "metric", "model", "reference")
"""What identifies a question."""
QUESTION = (
    SOURCE,
    Column(
        "effect",
        "string",
        "drop: from internal to external, positive is worse; improvement: of a pooled model over "
        "uni models, normalization: of a later over an earlier one, both positive is better",
        allowed=(DROP, IMPROVEMENT, NORMALIZATION),
    ),
    METRIC,
    replace(MODEL, meaning="Model whose effect it is"),
    Column(
        "reference",
        "string",
        "What it is set against: internal (its own internal test), or a model; several, of which "
        "the mean is taken, are parted by semicolons",
    ),
    *axes(GROUP_KEYS),
    Column(
        "scale",
        "string",
        "log_ratio: of means, where smaller is better; difference: of means",
        allowed=(LOG_RATIO.name, DIFFERENCE.name),
    ),
)
"""Columns about the question."""
PAIRING = Column(
    "pairing",
    "string",
    "How variances within institutions were made: of one sample of patients, of pairs of scores, "
    "or as if the models had different patients",
    allowed=(ONE_SAMPLE, PAIRED, UNPAIRED),
)
ESTIMATOR = Column("estimator", "string", "Of tau", allowed=tuple(ESTIMATORS))
N = replace(N_COLUMN, meaning="Number of external patients")


def number(
    name: str, meaning: str, unit: str = UNIT_OF_SCALE, least: float | None = None
) -> Column:
    """A column of numbers."""
    return Column(name, "number", meaning, unit, minimum=least)


CI = (replace(CI95_LOW, unit=UNIT_OF_SCALE), replace(CI95_HIGH, unit=UNIT_OF_SCALE))
PI = (
    number("pi95_low", "Lower bound of the 95 % prediction interval of a new hospital's effect"),
    number("pi95_high", "Upper bound of it"),
)


def as_reported(*columns: Column) -> tuple[Column, ...]:
    """The same numbers in percent or in the unit of the metric, and which of the two."""
    unit = Column("reported_unit", "string", "Unit of the columns reported_...")
    meaning = "{} as tables 4 and 5 give it: percent of a ratio, else a difference"
    renamed = (
        replace(c, name=f"reported_{c.name}", meaning=meaning.format(c.name), unit="reported_unit")
        for c in columns
    )
    return (*renamed, unit)


ESTIMATE = number("estimate", "Mean effect over all hospitals like these, on the scale")
NEXT_HOSPITAL = (
    *QUESTION,
    ESTIMATOR,
    Column("k", "integer", "Number of external institutions that are pooled", minimum=0),
    N,
    PAIRING,
    ESTIMATE,
    number("se", "Standard error of estimate (Hartung, Knapp, Sidik, Jonkman)", least=0),
    *CI,
    *PI,
    number("tau", "Standard deviation of the true effects between hospitals", least=0),
    Column("i2", "number", "I squared: share of variance between them", "1", 0, 1),
    Column("q", "number", "Cochran's Q of homogeneity", "1", minimum=0),
    Column("q_p", "number", "p of Q, chi squared with k - 1 degrees of freedom", "1", 0, 1),
    *as_reported(ESTIMATE, *CI, *PI),
    REASON,
)
"""Columns of next_hospital.csv."""


def of_published(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same for printed tables, whose models are those of no configuration."""
    free = {"model", *GROUP_KEYS}
    return tuple(replace(c, allowed=()) if c.name in free else c for c in columns)
