"""Studies at the edge of what a configuration allows: every step runs and every figure is drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from cohorts import COHORT, Configure, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.evaluation.baselines import evaluate_baselines
from gfce.evaluation.evaluate import evaluate
from gfce.evaluation.predict import predict
from gfce.images.preprocess import preprocess
from gfce.report.drawing import draw_figure
from gfce.report.figure import FIGURE_FORMATS, study_figures
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results, cells
from gfce.training.cell import train_cell

ONE = {"networks": {"unet": {"width": 2}}, "normalizations": ["min_max"]}

STUDIES: dict[str, dict[str, Any]] = {
    "no external institution": {
        "cohort": {"development": ["A", "B"], "external": []},
        "grid": ONE,
    },
    "no model of an institution": {
        "cohort": {"development": ["A", "B", "C"], "external": []},
        "grid": {**ONE, "training_sets": {"uni-A": ["A"], "duo": ["A", "B"]}},
    },
    "one institution": {
        "cohort": {"development": ["A"], "external": []},
        "grid": ONE,
    },
    "one model and no other": {
        "cohort": {"development": ["A", "B"], "external": ["D"]},
        "grid": {**ONE, "training_sets": {"both": ["A", "B"]}},
    },
}


def run(config: StudyConfig) -> Results:
    """Every step of a study, in this process."""
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    for institution in config.cohort.institutions:
        preprocess(config, institution)
    for cell in cells(config):
        train_cell(config, cell)
        predict(config, cell)
        evaluate(config, cell)
    evaluate_baselines(config)
    tabulate(config)
    compare(config)
    for figure in study_figures(config):
        draw_figure(config, figure)
    return Results(config)


@pytest.mark.parametrize("name", STUDIES)
def test_a_small_study_runs_to_its_figures(configure: Configure, name: str) -> None:
    config = configure(**STUDIES[name], statistics={"bootstrap_resamples": 99})
    results = run(config)
    for name in set(study_figures(config)) - {"next_hospital"}:
        assert all(results.figure(name, kind).exists() for kind in FIGURE_FORMATS)
    assert len(list((results.figures / "learning").rglob("*.png"))) == len(cells(config))
    assert results.findings.stat().st_size > 0
    metrics = pd.read_csv(results.metrics)
    assert set(metrics["training_set"]) == set(config.training_sets())
    every = set(config.cohort.development)
    cohorts = {"internal"} | ({"external"} if config.cohort.external else set())
    if any(set(names) != every for names in config.training_sets().values()):
        cohorts |= {"cross"}
    assert set(metrics["cohort"]) == cohorts
    transfer = pd.read_csv(results.statistics / "transfer.csv")
    unis = [names for names in config.training_sets().values() if len(names) == 1]
    assert set(transfer["institution"]) == (
        {*(name for [name] in unis), "Overall"} if len(unis) > 1 else set()
    )
    patients = metrics.groupby("model")["patient_id"].agg(set)
    assert all(tested == patients.iloc[0] for tested in patients), (
        "all models, all held-out patients"
    )
