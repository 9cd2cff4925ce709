"""The steps `tabulate` and `compare`: files in, files out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import write_csv, write_text
from gfce.images.normalizations import NORMALIZATIONS
from gfce.provenance.state import Provenance
from gfce.statistics import baselines as trivial
from gfce.statistics.aggregation import patient_scores
from gfce.statistics.datapackage import write_datapackage
from gfce.statistics.design import models
from gfce.statistics.effects import drop_intervals, estimates, improvement_intervals
from gfce.statistics.equivalence import equivalence_tests
from gfce.statistics.mixed import mixed_models
from gfce.statistics.paired import differing_from_pooled, paired_tests
from gfce.statistics.reading import gather_metrics, read_metrics, read_optional
from gfce.statistics.rendering import (
    Printed,
    latex,
    markdown,
    print_design,
    print_drops,
    print_improvements,
    print_scores,
)
from gfce.statistics.seeds import seed_spread
from gfce.statistics.stability import findings_text, stability, summary
from gfce.statistics.tables import (
    ScoreTable,
    design_table,
    drop_table,
    improvement_table,
    missing_values,
    score_tables,
    study_rows,
)
from gfce.steps import Task
from gfce.study import Results

BASELINE_COLUMNS = [
    "predictor", "normalization", "training_set", "institution", "cohort", "patient_id",
    "scaling", "mae", "psnr_db",
]  # fmt: skip


def tabulate(config: StudyConfig, state: Provenance | None = None) -> None:
    """Gather metrics.csv from the cells that are scored and write tables 1 to 5 beside it.

    What `state` says does not fit the study any more is left out, and missing.csv says why (None:
    what is there is taken as it is).
    """
    results = Results(config)
    unusable = state.unusable(Task("tabulate")) if state else {}
    metrics = gather_metrics(config, unusable)
    write_csv(metrics, results.metrics)
    write_tables(config, metrics, unusable)


def write_tables(
    config: StudyConfig, metrics: pd.DataFrame, unusable: Mapping[Task, str] | None = None
) -> None:
    """Write tables/: every table as .csv, .md and .tex, and missing.csv."""
    unusable = unusable or {}
    results, grid = Results(config), models(config)
    scores = patient_scores(metrics, config.evaluation.scaling)
    rows = study_rows(config, scores)
    design = design_table(
        config, read_optional(results.training_sets, ["training_set", "patient_id"])
    )
    improvement, drop = improvement_table(rows, grid), drop_table(rows, grid)
    tables = {"table1": design}
    _write(config, "table1", design, print_design(design))
    baselines = None
    if Task("baselines") not in unusable:
        baselines = read_optional(results.baselines, BASELINE_COLUMNS)
    for table, printed in _score_tables(config, scores, rows, baselines):
        tables[table.name] = table.rows
        _write(config, table.name, table.rows, printed)
    tables |= {"table4": improvement, "table5": drop}
    _write(config, "table4", improvement, print_improvements(improvement))
    _write(config, "table5", drop, print_drops(drop))
    missing = missing_values(config, metrics, tables, unusable)
    write_csv(missing, results.table("missing", "csv"))


def _score_tables(
    config: StudyConfig,
    scores: pd.DataFrame,
    rows: pd.DataFrame,
    baselines: pd.DataFrame | None,
) -> Iterator[tuple[ScoreTable, Printed]]:
    """Tables 2 and 3 and further ones, with the trivial predictors in a footnote."""
    results, grid = Results(config), models(config)
    marked = differing_from_pooled(paired_tests(scores, grid))
    if baselines is not None:
        baselines = trivial.baseline_rows(baselines, grid, config.evaluation.scaling)
        write_csv(baselines, results.table("trivial_predictors", "csv"))
    for table in score_tables(config, rows):
        own = [m for m in grid if m.group == (table.network, table.normalization)]
        notes = []
        if baselines is not None and own:
            notes = [trivial.footnote(table.rows, baselines, own)]
        number = table.name.removeprefix("table").split("_")[0]
        yield table, print_scores(number, table.rows, _title(table), notes, marked)


def _title(table: ScoreTable) -> str:
    if not table.normalization:
        return "The grid has no second normalization"
    title = NORMALIZATIONS[table.normalization].title
    return f"Scores per institution, {table.network}, {title}"


def compare(config: StudyConfig) -> None:
    """Read metrics.csv and write statistics/ and datapackage.json."""
    results = Results(config)
    metrics = read_metrics(results.metrics)
    scores = patient_scores(metrics, config.evaluation.scaling)
    effects = estimates(config, scores)
    stable = stability(config, metrics)
    tables = {
        "drops": drop_intervals(config, scores, effects),
        "improvements": improvement_intervals(config, scores, effects),
        "mixed_model": mixed_models(config, scores),
        "equivalence": equivalence_tests(config, scores),
        "seeds": seed_spread(config, metrics),
        "stability": stable,
        "findings": summary(config, stable),
    }
    write_csv(paired_tests(scores, models(config)), results.paired_tests)
    for name, table in tables.items():
        write_csv(table, results.statistics / f"{name}.csv")
    write_text(findings_text(tables["findings"]), results.findings)
    write_datapackage(config)


def _write(config: StudyConfig, name: str, table: pd.DataFrame, printed: Printed) -> None:
    results = Results(config)
    write_csv(table, results.table(name, "csv"))
    write_text(markdown(printed), results.table(name, "md"))
    write_text(latex(printed), results.table(name, "tex"))
