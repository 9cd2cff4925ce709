"""The step `compare` as the command line runs it: files in, files out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, table, write_cells

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results

TINY = {"Institution-1": 1, "Institution-2": 1, "Institution-4": 2}

TINY_COHORT = {
    "dataset": "bids",
    "development": ["Institution-1", "Institution-2"],
    "external": ["Institution-4"],
}


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
    assert "lose less in MAE from internal to external test with Nyul than with Z-Score" in findings


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
