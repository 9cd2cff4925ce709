"""What figures of scores and statistics read of a study's results."""

from __future__ import annotations

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.later_columns import with_absent
from gfce.contract.table import Table
from gfce.errors import UserError
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import read_metrics
from gfce.study import Results, with_remotes


def read_scores(config: StudyConfig) -> ScoredStudy:
    """A study's scores as its tables have them, those of merged institutions among them.

    Raises:
        UserError: metrics.csv is not there, or cannot be read.
    """
    return ScoredStudy(with_remotes(config), read_metrics(Results(config).metrics))


def read_statistics(config: StudyConfig, table: Table, step: str = "compare") -> pd.DataFrame:
    """A table of a step; text stays text, and empty values are missing.

    Raises:
        UserError: it has not been made.
    """
    path = Results(config).root / f"{table.name}.csv"
    if not path.exists():
        raise UserError(f"{path}: is not there: run `gfce {step}` first")
    texts = {column.name: str for column in table.columns if column.type == "string"}
    found = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    return with_absent(found, table.names)
