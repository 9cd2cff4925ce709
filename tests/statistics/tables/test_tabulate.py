"""The step `tabulate` as the command line runs it: files in, files out."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, table, write_cells

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results

CONTRACT = {
    "table2": "model testing cohort n mae_mean mae_sd psnr_mean_db psnr_sd_db",
    "table3": "model testing cohort n mae_mean mae_sd psnr_mean_db psnr_sd_db",
    "table4": "model mae_improvement_pct psnr_improvement_pct",
    "table5": "normalization model mae_drop_pct psnr_drop_pct",
}


TESTS = (
    "family metric scope model_a model_b n mean_a mean_b mean_difference ci95_low ci95_high t df p "
    "p_holm cohens_dz hedges_g wilcoxon_p"
)


def test_columns_are_the_contracts(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics)
    tabulate(config)
    compare(config)
    for name, columns in CONTRACT.items():
        assert " ".join(table(config, name).columns).startswith(columns)
    tests = pd.read_csv(Results(config).paired_tests)
    assert " ".join(tests.columns).startswith(TESTS)
    assert set(table(config, "table2")["model"]) == {"Uni-m1", "Uni-m2", "Uni-m3", "Tri-M"}
    assert set(table(config, "table3")["model"]) == {"Uni-z1", "Uni-z2", "Uni-z3", "Tri-Z"}
    assert len(table(config, "missing")) == 8, "training_sets.csv alone is not there"


def test_tables_in_print_are_the_papers_and_their_csv_have_every_metric(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    write_cells(config, metrics)
    tabulate(config)
    titles = {"table2": "MAE × 10³ | PSNR (dB) | SSIM |", "table3": "PSNR (dB) | SSIM |"}
    for name in ("table4", "table5"):
        titles[name] = "Model | MAE (%) | PSNR (%) | SSIM (%) |"
    for name, header in titles.items():
        lines = Results(config).table(name, "md").read_text(encoding="utf-8").splitlines()
        assert lines[2].endswith(header), name
        assert any(column.startswith("hfen") for column in table(config, name).columns)


def test_table_1_counts_training_patients(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics)
    sets = {f"uni-Institution-{i}": 53 for i in (1, 2, 3)} | {"tri": 53}
    rows = [(name, f"{name}-{i}") for name, count in sets.items() for i in range(count)]
    path = Results(config).training_sets
    path.parent.mkdir(parents=True)
    pd.DataFrame(rows, columns=["training_set", "patient_id"]).to_csv(path, index=False)
    tabulate(config)
    design = table(config, "table1").set_index("model")
    assert (design["training_patients"] == 53).all()
    assert (
        design.loc["Tri-Z", "training_institutions"] == "Institution-1;Institution-2;Institution-3"
    )
    assert table(config, "missing").empty


def test_metrics_keep_their_last_bit_and_come_in_the_grids_order(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    write_cells(config, metrics.sample(frac=1, random_state=1))
    tabulate(config)
    gathered = pd.read_csv(Results(config).metrics, dtype={"patient_id": str})
    keys = ["model", "patient_id", "scaling"]
    assert gathered["model"].drop_duplicates().tolist() == [
        *("Uni-m1", "Uni-m2", "Uni-m3", "Tri-M"),
        *("Uni-z1", "Uni-z2", "Uni-z3", "Tri-Z"),
    ]
    both = gathered.merge(metrics, on=keys, suffixes=("", "_written"))
    assert len(both) == len(metrics)
    assert (both["mae"] == both["mae_written"]).all()


def test_further_networks_have_tables_of_their_own(tmp_path: Path) -> None:
    networks = {"mmgsn_net": {}, "wide": {"architecture": "mmgsn_net", "width": 8}}
    config = study(tmp_path, grid={"networks": networks})
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    assert "Uni-z1 wide" in set(table(config, "table2_wide_z_score")["model"])
    assert table(config, "table4")["model"].tolist() == [
        "Tri-M",
        "Tri-Z",
        "Tri-M wide",
        "Tri-Z wide",
    ]
    assert (table(config, "table5")["model"] == OVERALL).sum() == 4


def test_trivial_predictors_stand_in_the_footnote(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    write_cells(config, metrics)
    rows = metrics[metrics["scaling"] == "reference"].drop(columns=["model", "region", "ssim"])
    t1w = rows.assign(predictor="t1w", mae=0.2, psnr_db=12.0, normalization="", training_set="")
    t1w = t1w.drop_duplicates(["institution", "patient_id"])
    mean = rows.assign(predictor="mean_ce", mae=0.1)
    mean.loc[mean["training_set"] == "tri", "mae"] = mean["institution"].map(
        {"Institution-1": 0.01, "Institution-2": 0.02, "Institution-3": 0.06}
    )
    pd.concat([t1w, mean]).to_csv(Results(config).baselines, index=False)
    tabulate(config)
    text = (Results(config).tables / "table2.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("Internal MAE"))
    scores = table(config, "table2").set_index(["model", "testing", "cohort"])["mae_mean"]
    own = 1000 * scores["Tri-M", OVERALL, "internal"]
    assert f"Tri-M {own:.2f} / 200.00 / 30.00" in line
    predictors = table(config, "trivial_predictors").set_index(["model", "predictor", "testing"])
    assert predictors.loc[("Uni-z2", "mean_ce", "Institution-2"), "mae_mean"] == pytest.approx(0.1)


def test_printed_tables_match_the_csv(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics)
    tabulate(config)
    rows = table(config, "table2")
    for suffix, cell in ((".md", r"\|"), (".tex", "&")):
        text = (Results(config).tables / f"table2{suffix}").read_text(encoding="utf-8")
        text = text.replace(r"$\pm$", "±").replace(r"\textbf{", "").replace("}", "")
        printed = re.findall(r"(\d+\.\d{2}) ± (\d+\.\d{2})", text.replace("**", ""))
        expected = [
            (f"{mean:.2f}", f"{sd:.2f}")
            for row in rows.to_dict("records")
            for mean, sd in (
                (1000 * row["mae_mean"], 1000 * row["mae_sd"]),
                (row["psnr_mean_db"], row["psnr_sd_db"]),
            )
        ]
        assert printed == expected
        assert len(re.findall(cell, text)) >= 5 * len(rows)


def test_a_score_that_fewer_patients_have_is_noted(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    perfect = metrics["patient_id"].eq("400") & metrics["model"].eq("Uni-m1")
    write_cells(config, metrics.assign(psnr_db=metrics["psnr_db"].mask(perfect, float("inf"))))
    tabulate(config)
    notes = {
        name: [line for line in text.splitlines() if line.startswith("Patients with a finite")]
        for name in ("table2", "table3")
        for text in [Results(config).table(name, "md").read_text(encoding="utf-8")]
    }
    (note,) = notes["table2"]
    assert note.endswith("PSNR of Uni-m1, Institution-4: 3; PSNR of Uni-m1, Overall: 15.")
    assert notes["table3"] == []
