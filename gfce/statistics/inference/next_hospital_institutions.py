"""next_hospital_institutions.csv: each institution's effect, and what is found without it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from gfce.contract.columns import INSTITUTION, REASON
from gfce.contract.table import Column
from gfce.statistics.inference.hospital_columns import (
    CI,
    ESTIMATE,
    KEY,
    PI,
    QUESTION,
    STUDY,
    N,
    as_reported,
    number,
)
from gfce.statistics.inference.institution_effects import effects_of_study
from gfce.statistics.inference.random_effects import institution_rows
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable


def next_hospital_institutions(study: ScoredStudy) -> pd.DataFrame:
    """A row for each question of next_hospital.csv and each external institution."""
    effects = study.once(effects_of_study)
    return TABLE.frame([{"source": STUDY} | row for row in institution_rows(effects)])


def _without(column: Column) -> Column:
    meaning = f"{column.name} of next_hospital.csv (REML) without this institution"
    return replace(column, name=f"{column.name}_without", meaning=meaning)


OWN = replace(ESTIMATE, meaning="Effect at this institution, on the scale")
TABLE = StudyTable(
    name="statistics/next_hospital_institutions",
    title="Effects of the institutions one by one, and their influence",
    key=(*KEY, "institution"),
    columns=(
        *QUESTION,
        replace(INSTITUTION, meaning="External institution"),
        N,
        OWN,
        number("se", "Standard error of estimate within the institution", least=0),
        *CI,
        Column("weight", "number", "Its share in the mean effect (REML)", "1", 0, 1),
        *as_reported(OWN, *CI),
        *(_without(column) for column in (ESTIMATE, *CI, *PI)),
        number("tau_without", "tau (REML) without this institution", least=0),
        REASON,
    ),
    make=next_hospital_institutions,
)
