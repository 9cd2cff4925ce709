"""next_hospital.csv: drops, improvements and normalizations at a hospital that is not yet known."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.files import records
from gfce.statistics.inference.hospital_columns import KEY, NEXT_HOSPITAL, STUDY
from gfce.statistics.inference.institution_effects import (
    DROP,
    IMPROVEMENT,
    NORMALIZATION,
    effects_of_study,
)
from gfce.statistics.inference.random_effects import hospital_rows
from gfce.statistics.methods.meta_analysis import ESTIMATORS
from gfce.statistics.questions import NEXT
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where
from gfce.statistics.study_tables import StudyTable

MAIN_ESTIMATOR = next(iter(ESTIMATORS))
"""The estimator of tau of texts and figures."""
SHOWN = 8
"""Rows that a sentence names; the table has all of them."""
EFFECTS = {
    DROP: "Drop from home to a next hospital ({}; positive is worse{})",
    IMPROVEMENT: "Improvement over the mean of the uni models at a next hospital ({}; positive is "
    "better{})",
    NORMALIZATION: "A later normalization against an earlier one at a next hospital ({}; positive "
    "is better{})",
}


def next_hospital(study: ScoredStudy) -> pd.DataFrame:
    """Random-effects meta-analyses over the external institutions (docs/statistics.md)."""
    effects = study.once(effects_of_study)
    return TABLE.frame([{"source": STUDY} | row for row in hospital_rows(effects)])


def next_hospital_text(table: pd.DataFrame) -> str:
    """A line of Markdown for each effect and tested metric."""
    lines = [
        line
        for metric in TESTED_METRICS
        for effect in EFFECTS
        if (line := _sentence(effect, metric, headline_rows(table, effect, metric)))
    ]
    return "".join(f"- {line}\n" for line in lines)


def headline_rows(table: pd.DataFrame, effect: str, metric: Metric) -> list[dict[str, Any]]:
    """The rows to show of an effect: by REML, and of improvements those that table 4 has."""
    choice = {"effect": effect, "metric": metric.name, "estimator": MAIN_ESTIMATOR}
    rows = records(where(table, choice))
    return [row for row in rows if effect != IMPROVEMENT or ";" in row["reference"]]


def _sentence(effect: str, metric: Metric, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    numbers = sorted({row["k"] for row in rows})
    pooled = f"; {' or '.join(str(k) for k in numbers)} institutions"
    texts = [f"{_label(row)} {_result(row)}" for row in rows[:SHOWN]]
    more = f"; and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{EFFECTS[effect].format(metric.label, pooled)}: {'; '.join(texts)}{more}"


def _label(row: dict[str, Any]) -> str:
    against = f" against {row['reference']}" if row["effect"] == NORMALIZATION else ""
    return f"{row['model']}{against}"


def _result(row: dict[str, Any]) -> str:
    """An effect in its unit: `+48.2 % [9.0, 101.5], new hospital [-35.1, 238.4]`."""
    if pd.isna(row["reported_estimate"]):
        return f"not known ({row['reason']})"
    unit = "" if row["reported_unit"] == "1" else f" {row['reported_unit']}"
    value = f"{row['reported_estimate']:+.2f}{unit}"
    if pd.isna(row["reported_pi95_low"]):
        return f"{value} (no interval: {row['reason']})"
    mean, new = (
        f"[{row[f'reported_{kind}_low']:.2f}, {row[f'reported_{kind}_high']:.2f}]"
        for kind in ("ci95", "pi95")
    )
    return f"{value} {mean}, new hospital {new}"


TABLE = StudyTable(
    name="statistics/next_hospital",
    title="What a new hospital would see",
    key=(*KEY, "estimator"),
    columns=NEXT_HOSPITAL,
    make=next_hospital,
    answers={NEXT: next_hospital_text},
)
