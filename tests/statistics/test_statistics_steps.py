"""The steps as the command line runs them: files in, files out."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, write_cells

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.statistics import compare, tabulate
from gfce.statistics.aggregation import OVERALL
from gfce.study import Results, cells

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


def table(config: StudyConfig, name: str) -> pd.DataFrame:
    return pd.read_csv(Results(config).tables / f"{name}.csv")


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


def test_the_same_run_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for run, frac in (("one", 0.999999), ("two", 1)):
        config = study(tmp_path / run)
        write_cells(config, simulated_metrics(config).sample(frac=frac, random_state=len(run)))
        tabulate(config)
        compare(config)
        paths = sorted(p for p in Results(config).root.rglob("*") if p.is_file())
        written.append(
            {
                p.relative_to(Results(config).root): p.read_bytes()
                for p in paths
                if "metrics" not in p.relative_to(Results(config).root).parts
            }
        )
    assert written[0] == written[1]
    assert len(written[0]) > 15


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
    assert set(single["column"]) == {"mae_sd", "psnr_sd_db", "ssim_sd"}
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


def test_further_normalizations_have_tables_of_their_own(tmp_path: Path) -> None:
    names = ["min_max", "z_score", "nyul"]
    config = study(tmp_path, grid={"normalizations": names})
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    assert set(table(config, "table2_mmgsn_net_nyul")["model"]) == {
        *("Uni-n1", "Uni-n2", "Uni-n3", "Tri-N")
    }
    assert table(config, "table5")["normalization"].drop_duplicates().tolist() == names
    tests = pd.read_csv(Results(config).paired_tests)
    family = tests[(tests["family"] == "B") & (tests["scope"] == "external")]
    compared = set(family[["model_a", "model_b"]].itertuples(index=False, name=None))
    assert compared > {("Tri-Z", "Tri-M"), ("Tri-N", "Tri-M"), ("Tri-N", "Tri-Z")}
    assert len(compared) == 3 * 4
    findings = (Results(config).statistics / "findings.md").read_text(encoding="utf-8")
    assert "Nyul against Z-Score: uni models drop less (MAE)" in findings


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


def test_compare_before_tabulate_is_one_line(config: StudyConfig) -> None:
    with pytest.raises(UserError, match=r"metrics\.csv: is not there: run `gfce tabulate` first"):
        compare(config)


def test_a_metrics_file_without_a_column_is_named(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    write_cells(config, metrics.drop(columns="ssim"))
    with pytest.raises(UserError, match=r"seed-1\.csv: has no column ssim"):
        tabulate(config)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Institution-4", "Institution-9", "Institution-9 is not in the configuration"),
        ("401,volume", "401,,volume", r"cannot be read \(.*Expected 14 fields"),
        ("0.0", "O.0", r"cannot be read \(could not convert string to float"),
    ],
)
def test_a_broken_metrics_file_is_one_line(
    config: StudyConfig, metrics: pd.DataFrame, old: str, new: str, message: str
) -> None:
    write_cells(config, metrics)
    path = next((Results(config).root / "metrics").rglob("*.csv"))
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        tabulate(config)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_an_empty_metrics_file_is_one_line(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics)
    next((Results(config).root / "metrics").rglob("*.csv")).write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot be read \(No columns to parse from file\)"):
        tabulate(config)


def test_a_patient_scored_twice_is_refused(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, pd.concat([metrics, metrics.iloc[[5]]]))
    tabulate_error = pytest.raises(UserError, match="is scored twice")
    tabulate(config)
    with tabulate_error:
        compare(config)


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


TINY = {"Institution-1": 1, "Institution-2": 1, "Institution-4": 2}
TINY_COHORT = {
    "dataset": "bids",
    "development": ["Institution-1", "Institution-2"],
    "external": ["Institution-4"],
}


def test_a_study_of_four_test_patients(tmp_path: Path) -> None:
    """Two sites with a single test patient, one external site with two; warnings are errors."""
    config = study(tmp_path, cohort=TINY_COHORT)
    write_cells(config, simulated_metrics(config, TINY))
    tabulate(config)
    compare(config)
    rows = table(config, "table2").set_index(["model", "testing"])
    assert rows.loc[("Uni-m1", "Institution-1"), "n"] == 1
    assert pd.isna(rows.loc[("Pooled-M", OVERALL), "mae_sd"].iloc[0])
    assert table(config, "table5")["mae_drop_pct"].notna().all()
    drops = pd.read_csv(Results(config).statistics / "drops.csv")
    assert drops["ci95_low"].isna().all()
    improvements = pd.read_csv(Results(config).statistics / "improvements.csv")
    assert improvements["ci95_low"].notna().all()
    tests = pd.read_csv(Results(config).paired_tests)
    single = tests[(tests["scope"] == "internal") & (tests["model_a"] != "Pooled-Z")]
    assert set(single["reason"]) == {"a single patient: no test"}


@pytest.mark.parametrize("gone", [["Tri-M"], ["Uni-m1", "Uni-z3"], ["Uni-m1", "Uni-m2", "Uni-m3"]])
def test_statistics_of_a_partial_grid(
    config: StudyConfig, metrics: pd.DataFrame, gone: list[str]
) -> None:
    write_cells(config, metrics[~metrics["model"].isin(gone)])
    tabulate(config)
    compare(config)
    folder = Results(config).statistics
    tests = pd.read_csv(folder / "paired_tests.csv", keep_default_na=False, na_values={"p": ""})
    involved = tests["model_a"].isin(gone) | tests["model_b"].isin(gone)
    assert (tests["p"].isna() == involved).all()
    assert (tests.loc[involved, "reason"] != "").all()
    drops = pd.read_csv(folder / "drops.csv", keep_default_na=False, na_values={"drop_pct": ""})
    assert set(drops.loc[drops["drop_pct"].isna(), "model"]) - {OVERALL} == set(gone)
    assert (drops.loc[drops["drop_pct"].isna(), "reason"] != "").all()


def test_one_model_alone(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics[metrics["model"] == "Uni-z2"])
    tabulate(config)
    compare(config)
    mixed = pd.read_csv(Results(config).statistics / "mixed_model.csv")
    assert mixed["reason"].str.startswith("one score per patient").all()


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
