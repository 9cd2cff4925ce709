"""Scores of the cohort `cross` reach the tables that ask for them by name, and no other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import NAMES, simulated_metrics, study, write_cells

from gfce.config import StudyConfig
from gfce.estimating.size import StudySize
from gfce.planning.pilot import patient_sd, pilot_scores
from gfce.statistics.design import models
from gfce.statistics.inference.step import compare
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.step import tabulate
from gfce.study import Cell, Results

ASK_FOR_CROSS = {
    *("metrics.csv", "statistics/transfer.csv", "statistics/findings.md", "datapackage.json"),
    *(f"tables/home_and_away.{kind}" for kind in ("csv", "md", "tex")),
}
"""Files that scores of the cohort cross may change."""


def files(config: StudyConfig, metrics: pd.DataFrame) -> dict[str, bytes]:
    """What tabulate and compare write of scores: files by their path below the results."""
    write_cells(config, metrics)
    rows = metrics[(metrics["region"] == "volume") & (metrics["seed"] == 1)]
    baselines = [
        rows.assign(predictor=name, mae=rows["mae"] * factor)
        for name, factor in (("t1w", 2.0), ("mean_ce", 3.0))
    ]
    pd.concat(baselines).to_csv(Results(config).baselines, index=False)
    tabulate(config)
    compare(config)
    root = Results(config).root
    written = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in sorted(written.items())
        if not name.startswith("metrics/") and name != "baselines.csv"
    }


def test_no_other_file_changes_with_them(tmp_path: Path) -> None:
    """Cross scores that no table could overlook: errors of 30, in two seeds and two regions."""
    grid = {"seeds": [1, 2]}
    written = []
    for folder, spoilt in (("as they are", False), ("spoilt", True)):
        config = study(tmp_path / folder, grid=grid)
        metrics = simulated_metrics(config)
        metrics = pd.concat([metrics, metrics.assign(region="tumour")])
        if spoilt:
            cross = metrics["cohort"] == "cross"
            scores = metrics.columns[metrics.columns.get_loc("mae") :]
            metrics.loc[cross, scores] = metrics.loc[cross, scores] * 7 + 30
        written.append(files(config, metrics))
    clean, spoilt_files = written
    assert clean.keys() == spoilt_files.keys()
    changed = {name for name in clean if clean[name] != spoilt_files[name]}
    assert changed == ASK_FOR_CROSS
    assert {"statistics/skill.csv", "statistics/seeds.csv", "tables/table2.csv"} <= clean.keys()


def test_a_study_gives_them_to_who_asks(config: StudyConfig, metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(config, metrics)
    assert set(metrics["cohort"]) == {"internal", "external", "cross"}
    assert set(scored.metrics["cohort"]) == set(scored.scores["cohort"]) == {"internal", "external"}
    assert set(scored.rows["cohort"]) == {"internal", "external"}
    assert set(scored.cross_scores["cohort"]) == {"cross"}
    assert len(scored.scores) + len(scored.cross_scores) == len(metrics) / 2  # two scalings


def test_a_cohort_that_is_not_known_is_in_no_table(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    strange = metrics.assign(cohort=metrics["cohort"].replace("external", "elsewhere"))
    assert set(ScoredStudy(config, strange).scores["cohort"]) == {"internal"}


def test_which_models_are_guests_where(config: StudyConfig) -> None:
    crossed = {model.label: model.cross for model in models(config)}
    assert crossed["Uni-m2"] == ("Institution-1", "Institution-3")
    assert crossed["Tri-Z"] == ()
    for model in models(config):
        assert sorted([*model.internal, *model.cross]) == NAMES[:3]


def test_planning_takes_the_spread_of_the_cohorts_of_tables(tmp_path: Path) -> None:
    config = study(tmp_path)
    metrics = simulated_metrics(config)
    spreads = []
    for part in (metrics, metrics[metrics["cohort"] != "cross"]):
        Results(config).root.mkdir(parents=True, exist_ok=True)
        part.to_csv(Results(config).metrics, index=False)
        spreads.append(patient_sd(pilot_scores(StudySize(config))))
    assert spreads[0] == spreads[1]


@pytest.mark.parametrize(
    ("training_set", "patients"), [("uni-Institution-1", 3 * 10 + 40), ("tri", 3 * 10 + 40)]
)
def test_planning_counts_them(training_set: str, patients: int) -> None:
    cohort = {"dataset": "b", "development": NAMES[:3], "external": NAMES[3:4]}
    config = study(cohort={**cohort, "training_patients": 30})
    size = StudySize(config, dict.fromkeys(NAMES[:4], 40))
    assert size.test_patients(Cell("mmgsn_net", "min_max", training_set, 1)) == patients
