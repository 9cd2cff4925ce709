"""The step `compare`: from metrics.csv to statistics/ and datapackage.json."""

from __future__ import annotations

from collections.abc import Iterable

from gfce.config import StudyConfig
from gfce.contract.datapackage import write_datapackage
from gfce.contract.later_columns import write_table
from gfce.files import write_text
from gfce.provenance.state import Provenance
from gfce.statistics import inference
from gfce.statistics.inference.findings import TABLE as FINDINGS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable, declared
from gfce.statistics.tables.read import read_metrics
from gfce.steps import Task
from gfce.study import Results, with_remotes


def compare(config: StudyConfig, state: Provenance | None = None) -> None:
    """Read metrics.csv and write statistics/ and datapackage.json.

    What `state` says does not fit the study any more is left out (None: what is there is taken as
    it is).
    """
    unusable = state.unusable(Task("compare")) if state else {}
    results = Results(config)
    joined = with_remotes(config)
    study = ScoredStudy(joined, read_metrics(results.metrics), unusable)
    tables = [table for table in declared(inference) if isinstance(table, StudyTable)]
    for table in tables:
        if (made := study.once(table.make)) is not None:
            write_table(made, results.root / f"{table.name}.csv")
    write_text(findings_text(study, tables), results.findings)
    write_datapackage(joined)


def findings_text(study: ScoredStudy, tables: Iterable[StudyTable]) -> str:
    """What the tables of a study say of themselves: the claims, then the others in their order."""
    claims_first = sorted(tables, key=lambda table: table.name != FINDINGS.name)
    return "".join(
        table.text(made)
        for table in claims_first
        if table.text is not None and (made := study.once(table.make)) is not None
    )
