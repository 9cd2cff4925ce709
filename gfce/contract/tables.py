"""Every table of the results, declared beside the code that makes it."""

from __future__ import annotations

from functools import cache

from gfce.cohort.tables import ADAPTATION, EXCLUSIONS, LEAKS, PATIENTS, TRAINING_SETS
from gfce.contract.table import Table
from gfce.dissection.table import TABLE as DISSECTION
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.tables import BASELINES_TABLE, METRICS_TABLE
from gfce.exchange.tables import REMOTE_TABLES
from gfce.images.alignment_table import TABLE as ALIGNMENT
from gfce.quality.columns import TABLE as QUALITY
from gfce.quality.distance_tables import INSTITUTION_DISTANCES, TRAINING_DISTANCES
from gfce.statistics import inference, tables
from gfce.statistics.audit.next_hospital import TABLE as AUDIT_NEXT_HOSPITAL
from gfce.statistics.audit.recompute import TABLE as AUDIT
from gfce.statistics.study_tables import declared
from gfce.training.tables import HISTORY


@cache
def all_tables() -> tuple[Table, ...]:
    """The tables in the order of the study."""
    return (
        *(PATIENTS, TRAINING_SETS, ADAPTATION, EXCLUSIONS, LEAKS, ALIGNMENT, QUALITY),
        *(INSTITUTION_DISTANCES, TRAINING_DISTANCES),
        HISTORY,
        *(METRICS_TABLE, BASELINES_TABLE, ENHANCEMENT_TABLE),
        *declared(tables),
        *declared(inference),
        DISSECTION,
        *(AUDIT, AUDIT_NEXT_HOSPITAL),
        *REMOTE_TABLES,
    )


def declaration(name: str) -> Table | None:
    """The table that a file is, by its path below the results without `.csv` (None: none is)."""
    return next((table for table in all_tables() if table.title_of(name)), None)
