"""Skill against T1w itself: the drop adjusted for difficulty."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study, write_cells

from gfce.config import StudyConfig
from gfce.statistics.inference.skill import skill, skill_text
from gfce.statistics.inference.step import compare
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import read_metrics
from gfce.statistics.tables.step import tabulate
from gfce.study import Results


def scored(
    folder: Path,
    difficulty: dict[str, float],
    t1w: float | None = None,
    sizes: dict[str, int] = SMALL_SIZES,
) -> ScoredStudy:
    """A study whose errors, those of T1w too, are as many times as large as an institution is hard.

    T1w has twice the model's error in every patient, or the same everywhere but for the difficulty.
    """
    config = study(folder)
    metrics = simulated_metrics(config, sizes)
    hard = metrics["institution"].map(difficulty).fillna(1.0)
    metrics["mae"] *= hard
    write_cells(config, metrics)
    reference = 2 * metrics["mae"] if t1w is None else t1w * hard
    t1w_rows = metrics.assign(predictor="t1w", mae=reference)
    mean = metrics.assign(predictor="mean_ce", mae=9 * metrics["mae"])
    pd.concat([t1w_rows, mean]).to_csv(Results(config).baselines, index=False)
    tabulate(config)
    return ScoredStudy(config, read_metrics(Results(config).metrics))


def rows_of(study: ScoredStudy) -> pd.DataFrame:
    table = skill(study)
    assert table is not None
    return table.set_index("model")


def test_a_drop_that_is_difficulty_alone_is_none(tmp_path: Path) -> None:
    rows = rows_of(scored(tmp_path, dict.fromkeys(NAMES[3:], 3.0)))
    assert rows["skill_internal"].to_numpy() == pytest.approx(0.5)
    assert rows["skill_external"].to_numpy() == pytest.approx(0.5)
    assert rows["skill_drop"].abs().max() < 1e-12
    assert set(rows["method"]) == {"none"}, "a ratio that is the same in every draw has no spread"


def test_skill_is_taken_institution_by_institution(tmp_path: Path) -> None:
    difficulty = {"Institution-4": 5.0, "Institution-6": 0.2}
    both = [rows_of(scored(tmp_path / str(k), d, t1w=0.1)) for k, d in enumerate((difficulty, {}))]
    for column in ("skill_internal", "skill_external", "skill_drop", "ci95_low", "ci95_high"):
        assert both[0][column].to_numpy() == pytest.approx(both[1][column].to_numpy())
    assert both[0]["ci95_low"].notna().all()


def test_a_model_by_hand(tmp_path: Path) -> None:
    study = scored(tmp_path, {"Institution-5": 2.0}, t1w=0.1)
    own = study.scores[study.scores["model"] == "Uni-z1"]
    means = own.groupby("institution")["mae"].mean()
    hard = {"Institution-5": 2.0}
    skills = {name: 1 - mean / (0.1 * hard.get(str(name), 1.0)) for name, mean in means.items()}
    external = sum(skills[name] for name in NAMES[3:]) / 4
    row = rows_of(study).loc["Uni-z1"]
    assert row["skill_internal"] == pytest.approx(skills["Institution-1"])
    assert row["skill_external"] == pytest.approx(external)
    assert row["skill_drop"] == pytest.approx(skills["Institution-1"] - external)
    assert row["ci95_low"] < row["skill_drop"] < row["ci95_high"]
    assert row["skill_internal_ci95_low"] < row["skill_internal"] < row["skill_internal_ci95_high"]
    assert row["method"] == "delta method", "the smallest institution has three patients"


def test_a_shown_loss_of_skill_is_counted(tmp_path: Path) -> None:
    study = scored(tmp_path, {}, t1w=0.1, sizes=dict.fromkeys(NAMES, 30))
    table = skill(study)
    assert table is not None
    lost = int((table["ci95_low"] > 0).sum())
    most = table.loc[table["skill_drop"].idxmax()]
    assert lost > 0, "errors of external patients are 0.01 larger"
    assert skill_text(table) == (
        "- Difficulty-adjusted drop (skill: 1 - MAE / MAE of T1w itself): a loss of skill outside "
        f"is shown for {lost} of 8 models; the largest is {most['model']}'s, from "
        f"{most['skill_internal']:.2f} to {most['skill_external']:.2f}, by "
        f"{most['skill_drop']:.2f} [{most['ci95_low']:.2f}, {most['ci95_high']:.2f}]\n"
    )


def test_a_single_patient_has_no_interval(tmp_path: Path) -> None:
    rows = rows_of(scored(tmp_path, {}, t1w=0.1, sizes=SMALL_SIZES | {"Institution-1": 1}))
    assert rows.loc["Uni-m1", "reason"].startswith("no interval: an institution has a single")
    assert pd.isna(rows.loc["Uni-m1", "ci95_low"])
    assert rows.loc["Uni-m1", "skill_external_ci95_low"] < rows.loc["Uni-m1", "skill_external"]
    assert rows.loc["Uni-m2", "reason"] == ""


def test_predictors_that_are_not_scored_everywhere(tmp_path: Path) -> None:
    study = scored(tmp_path, {}, t1w=0.1)
    path = Results(study.config).baselines
    baselines = pd.read_csv(path, dtype={"patient_id": str})
    baselines[baselines["institution"] != "Institution-7"].to_csv(path, index=False)
    rows = rows_of(ScoredStudy(study.config, study.all_metrics))
    assert rows["skill_external"].isna().all()
    assert rows["skill_internal"].notna().all()
    assert rows["reason"].str.startswith("needs scores of the model and of T1w").all()
    assert "not known: needs scores" in skill_text(rows.reset_index())


def test_without_scored_predictors_there_is_no_skill(config: StudyConfig) -> None:
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    assert not (Results(config).statistics / "skill.csv").exists()
