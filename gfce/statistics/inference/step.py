"""The step `compare`: from metrics.csv to statistics/ and datapackage.json."""

from __future__ import annotations

from collections.abc import Sequence

from gfce.config import StudyConfig
from gfce.contract.datapackage import write_datapackage
from gfce.contract.later_columns import write_table
from gfce.files import write_text
from gfce.provenance.state import Provenance
from gfce.statistics import inference
from gfce.statistics.questions import QUESTIONS, Question
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


def findings_text(study: ScoredStudy, tables: Sequence[StudyTable]) -> str:
    """What the tables of a study answer, question by question: sections in Markdown."""
    answered = {question: _answers(study, tables, question) for question in QUESTIONS}
    return "\n".join(question.section(lines) for question, lines in answered.items() if lines)


def _answers(study: ScoredStudy, tables: Sequence[StudyTable], question: Question) -> str:
    return "".join(
        table.answers[question](made)
        for table in tables
        if question in table.answers and (made := study.once(table.make)) is not None
    )
