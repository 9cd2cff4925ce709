"""Every empty value of the tables has a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, table, write_cells

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.metrics import METRICS
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results, cells


def test_every_empty_value_has_a_reason(config: StudyConfig, metrics: pd.DataFrame) -> None:
    partial = metrics[metrics["model"] != "Uni-m2"]
    partial = partial[(partial["model"] != "Tri-Z") | (partial["institution"] != "Institution-6")]
    one = (partial["institution"] == "Institution-7") & (partial["patient_id"] != "700")
    write_cells(config, partial[~one])
    tabulate(config)
    missing = table(config, "missing")
    explained = set(
        missing[["table", "model", "testing", "cohort", "column"]].itertuples(index=False)
    )
    for name in ("table2", "table3"):
        for row in table(config, name).to_dict("records"):
            for column in (c for c, value in row.items() if pd.isna(value)):
                assert (name, row["model"], row["testing"], row["cohort"], column) in explained
    reasons = missing.set_index(["table", "model"])["reason"]
    assert "mmgsn_net/min_max/uni-Institution-2/seed-1.csv" in reasons["metrics", "Uni-m2"]
    assert "Uni-m2" in str(reasons["table4", "Tri-M"])
    overall = missing.query("model == 'Tri-Z' and testing == 'Overall' and column == 'mae_mean'")
    assert overall["reason"].item() == "Overall needs every institution: no value for Institution-6"
    single = missing.query("testing == 'Institution-7' and model == 'Uni-z1'")
    assert set(single["column"]) == {
        sd for metric in METRICS for sd in (metric.sd, metric.sd_total)
    }
    assert set(single["reason"]) == {"a single patient has no SD"}


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("gfce: epoch 3\ngfce: error: the loss is not finite\n", "the loss is not finite"),
        ("Traceback (m\n  File /home/x\nKeyError: '/home/x'\n", "KeyError (see its log)"),
    ],
)
def test_a_failed_cell_gives_its_reason(config: StudyConfig, log: str, reason: str) -> None:
    broken = cells(config)[0]
    path = Results(config).root / "logs" / "train" / f"{broken}.log"
    path.parent.mkdir(parents=True)
    path.write_text(log)
    tabulate(config)
    reasons = table(config, "missing").query("table == 'metrics'")["reason"].tolist()
    assert reasons[0] == f"not scored: train failed: {reason}"
    assert all("not scored yet" in other for other in reasons[1:])


def test_a_study_with_nothing_scored_has_all_tables(config: StudyConfig) -> None:
    tabulate(config)
    scores = table(config, "table2")
    assert scores["mae_mean"].isna().all()
    assert (scores["n"] == 0).all()
    assert (table(config, "missing")["table"] == "metrics").sum() == 8


def test_one_seed_of_two_is_tabulated_and_the_other_is_named(tmp_path: Path) -> None:
    config = study(tmp_path, grid={"seeds": [1, 2]})
    metrics = simulated_metrics(config)
    write_cells(config, metrics[(metrics["seed"] == 1) | (metrics["model"] != "Tri-M")])
    tabulate(config)
    named = table(config, "missing").query("table == 'metrics'")
    assert named[["model", "seed"]].to_numpy().tolist() == [["Tri-M", 2]]
    assert table(config, "table4")["mae_improvement_pct"].notna().all()


def test_a_single_normalization_leaves_table_3_empty_with_a_reason(tmp_path: Path) -> None:
    config = study(tmp_path, grid={"normalizations": ["z_score"]})
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    assert table(config, "table2")["model"].iloc[0] == "Uni-z1"
    assert table(config, "table3").empty
    reason = table(config, "missing").set_index("table")["reason"]["table3"]
    assert reason == "the grid has a single normalization"


def test_no_external_institution(tmp_path: Path) -> None:
    cohort = {"dataset": "bids", "development": ["Institution-1", "Institution-2"]}
    config = study(tmp_path, cohort=cohort)
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    missing = table(config, "missing").query("table == 'table4'")
    assert set(missing["reason"]) == {"the study has no external institution"}


def test_a_pooled_model_without_its_uni_models_is_not_improved_on(tmp_path: Path) -> None:
    names = ["Institution-1", "Institution-2"]
    config = study(tmp_path, grid={"training_sets": {"two": names, "one": names[:1]}})
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    assert table(config, "table4")["mae_improvement_pct"].isna().all()
    reason = table(config, "missing").query("table == 'table4'")["reason"].iloc[0]
    assert reason.startswith("not every institution of this model has a uni-institution model")


def test_identical_models_and_perfect_images(config: StudyConfig, metrics: pd.DataFrame) -> None:
    same = metrics.assign(mae=0.0, psnr_db=float("inf"), ssim=1.0)
    write_cells(config, same)
    tabulate(config)
    compare(config)
    tests = pd.read_csv(Results(config).paired_tests)
    mae = tests[tests["metric"] == "mae"]
    assert (mae["p"] == 1).all()
    assert mae["reason"].str.startswith("identical").all()
    psnr = tests[tests["metric"] == "psnr_db"]
    assert (psnr["n"] == 0).all()
    reasons = table(config, "missing").query("table == 'table2' and column == 'psnr_mean_db'")
    own = reasons[reasons["testing"] != OVERALL]
    assert set(own["reason"]) == {"no patient of this institution has a finite score"}
    zero = table(config, "missing").query("table == 'table5' and column == 'mae_drop_pct'")
    assert "a percentage of 0 is not defined" in set(zero["reason"])
