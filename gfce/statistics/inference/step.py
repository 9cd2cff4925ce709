"""The step `compare`: from metrics.csv to statistics/ and datapackage.json."""

from __future__ import annotations

from gfce.config import StudyConfig
from gfce.contract.datapackage import write_datapackage
from gfce.files import write_csv, write_text
from gfce.statistics import inference
from gfce.statistics.inference.against_trivial import against_trivial, against_trivial_text
from gfce.statistics.inference.findings import findings, findings_text
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable, declared
from gfce.statistics.tables.read import read_metrics
from gfce.study import Results, with_remotes


def compare(config: StudyConfig) -> None:
    """Read metrics.csv and write statistics/ and datapackage.json."""
    results = Results(config)
    joined = with_remotes(config)
    study = ScoredStudy(joined, read_metrics(results.metrics))
    for table in declared(inference):
        if isinstance(table, StudyTable) and (made := study.once(table.make)) is not None:
            write_csv(made, results.root / f"{table.name}.csv")
    trivial = study.once(against_trivial)
    text = findings_text(study.once(findings))
    text += "" if trivial is None else against_trivial_text(trivial)
    write_text(text, results.findings)
    write_datapackage(joined)
