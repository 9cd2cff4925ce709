"""drops.csv: how sure the drops of table 5 are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gfce.contract.columns import MODEL, REASON, axes, interval_of
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.effects import Drop, OverallDrop, rows_of
from gfce.statistics.inference.intervals import METHOD
from gfce.statistics.inference.scales import columns_of
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.study import GROUP_KEYS


def drop_intervals(study: ScoredStudy) -> pd.DataFrame:
    """The drop of every model, uni and pooled, and Overall of the uni models."""
    return TABLE.frame([_with_means(study, row) for row in rows_of(study, Drop, OverallDrop)])


def _with_means(study: ScoredStudy, row: dict[str, Any]) -> dict[str, Any]:
    effect, drop = row["effect"], {"drop_pct": row["value"]}
    if isinstance(effect, OverallDrop):
        no_means = "no means: the drop is the mean of the uni models' drops"
        return row | drop | {"reason": row["reason"] or no_means}
    return (
        row
        | drop
        | {
            "internal_mean": study.means.internal(effect.model, effect.metric),
            "external_mean": study.means.external(effect.model, effect.metric),
        }
    )


TABLE = StudyTable(
    name="statistics/drops",
    title="Drops with intervals",
    key=(*GROUP_KEYS, "model", "metric"),
    columns=(
        MODEL,
        METRIC,
        Column("internal_mean", "number", "Mean of the internal test", UNIT_OF_METRIC),
        Column("external_mean", "number", "Overall of the external test", UNIT_OF_METRIC),
        Column(
            "drop_pct",
            "number",
            "Drop from internal to external in percent of internal, as in table 5; positive: worse",
            "%",
        ),
        *interval_of("drop_pct"),
        METHOD,
        *columns_of("external / internal", "worse"),
        *axes(GROUP_KEYS),
        REASON,
    ),
    make=drop_intervals,
)
