"""improvements.csv: how sure the improvements of table 4 are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, REASON, axes, interval_of
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.effects import Improvement, rows_of
from gfce.statistics.inference.intervals import METHOD
from gfce.statistics.inference.scales import columns_of
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.study import GROUP_KEYS


def improvement_intervals(study: ScoredStudy) -> pd.DataFrame:
    """What each pooled model gains over its uni models, externally."""
    return TABLE.frame([_with_means(study, row) for row in rows_of(study, Improvement)])


def _with_means(study: ScoredStudy, row: dict[str, Any]) -> dict[str, Any]:
    model, metric = row["effect"].model, row["effect"].metric
    return row | {
        "uni_external_mean": study.means.uni_external(model, study.models, metric),
        "external_mean": study.means.external(model, metric),
        "improvement_pct": row["value"],
    }


TABLE = StudyTable(
    name="statistics/improvements",
    title="Improvements with intervals",
    key=("model", "metric"),
    columns=(
        MODEL,
        METRIC,
        Column(
            "uni_external_mean",
            "number",
            "Mean of the uni models' external Overalls",
            UNIT_OF_METRIC,
        ),
        Column("external_mean", "number", "External Overall of the pooled model", UNIT_OF_METRIC),
        Column("improvement_pct", "number", "Improvement as in table 4; positive: better", "%"),
        *interval_of("improvement_pct"),
        METHOD,
        *columns_of("uni_external / external", "better"),
        *axes(GROUP_KEYS),
        REASON,
    ),
    make=improvement_intervals,
)
