"""Models beside two predictors that learn nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from samples_of_scores import simulated_metrics, study, write_cells

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results

KEYS = ["metric", "model", "testing", "cohort"]


def compared(tmp_path: Path, mae: float) -> StudyConfig:
    """A study whose T1w has this MAE everywhere, and whose mean CE is hopeless."""
    config = study(tmp_path)
    metrics = simulated_metrics(config)
    write_cells(config, metrics)
    rows = metrics[metrics["scaling"] == "reference"].drop(columns=["model", "region", "ssim"])
    t1w = rows.assign(predictor="t1w", mae=mae, psnr_db=1.0)
    mean = rows.assign(predictor="mean_ce", mae=0.9, psnr_db=0.5)
    pd.concat([t1w, mean]).to_csv(Results(config).baselines, index=False)
    tabulate(config)
    compare(config)
    return config


def rows_of(config: StudyConfig) -> pd.DataFrame:
    path = Results(config).statistics / "against_trivial.csv"
    return pd.read_csv(path).set_index(KEYS).sort_index()


def findings(config: StudyConfig) -> list[str]:
    """The lines about the predictors, one for each metric."""
    lines = Results(config).findings.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("- Against two predictors")]


def test_models_that_are_better_everywhere(tmp_path: Path) -> None:
    config = compared(tmp_path, mae=0.5)
    rows = rows_of(config)
    assert rows["beats_both"].all()
    assert {"mae", "psnr_db"} == set(rows.index.get_level_values("metric"))
    scored = len(rows) // 2
    assert findings(config) == [
        "- Against two predictors that learn nothing (MAE): models are better in "
        f"{scored} of {scored} rows of tables 2 and 3",
        "- Against two predictors that learn nothing (PSNR): models are better in "
        f"{scored} of {scored} rows of tables 2 and 3",
    ]


def test_where_a_model_is_not_better_it_is_named(tmp_path: Path) -> None:
    config = study(tmp_path / "first")
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    means = pd.read_csv(Results(config).table("table2", "csv"))
    worst = means.loc[means["mae_mean"].idxmax()]
    threshold = means["mae_mean"].nlargest(2).mean()  # between the worst row and the next
    config = compared(tmp_path / "second", mae=threshold)
    rows = rows_of(config)
    assert not rows.loc[("mae", worst["model"], worst["testing"], worst["cohort"]), "beats_both"]
    assert f"{worst['model']} at " in findings(config)[0]
    assert f"T1w itself {1000 * threshold:.1f}" in findings(config)[0]


def test_overall_rows_are_compared_with_the_predictors_overall(tmp_path: Path) -> None:
    rows = rows_of(compared(tmp_path, mae=0.3))
    overall = rows.loc[("mae", "Tri-M", OVERALL, "external")]
    assert round(overall["t1w"], 9) == 0.3
    assert round(overall["mean_ce"], 9) == 0.9


def test_many_losses_are_counted(tmp_path: Path) -> None:
    config = compared(tmp_path, mae=1e-6)
    losses = int((~rows_of(config).loc["mae", "beats_both"]).sum())
    assert losses > 4
    assert f" and {losses - 4} more (against_trivial.csv)" in findings(config)[0]


def test_without_scored_predictors_there_is_nothing_to_compare(tmp_path: Path) -> None:
    config = study(tmp_path)
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    assert not (Results(config).statistics / "against_trivial.csv").exists()
    assert "predictors" not in Results(config).findings.read_text(encoding="utf-8")
