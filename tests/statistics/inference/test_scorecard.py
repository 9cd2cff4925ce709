"""scorecard.csv: what it says of enhancement.csv, and who is in which row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import (
    SMALL_SIZES,
    simulated_enhancement,
    simulated_metrics,
    study,
    write_cells,
    write_enhancement,
)
from scipy import stats

from gfce.config import StudyConfig
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.files import write_csv
from gfce.statistics.inference.scorecard import (
    NONE_ENHANCES,
    NONE_OF_VOLUME,
    NOT_SCORED,
    ONE_PATIENT,
    TABLE,
    scorecard,
    scorecard_text,
)
from gfce.statistics.inference.scorecard_columns import MEASURES
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.read import gather_enhancement, read_enhancement
from gfce.statistics.tables.step import tabulate
from gfce.study import Results, cells, test_institutions

test_institutions.__test__ = False  # type: ignore[attr-defined]


def made(config: StudyConfig, rows: pd.DataFrame) -> pd.DataFrame:
    write_csv(rows, Results(config).enhancement)
    table = scorecard(ScoredStudy(config, pd.DataFrame()))
    assert table is not None
    return table


def row(table: pd.DataFrame, **values: str) -> dict[str, Any]:
    chosen = {"measure": "enhancement_ratio", "tumour_volume": "all", **values}
    for column, value in chosen.items():
        table = table[table[column] == value]
    [found] = table.to_dict("records")
    return {str(key): value for key, value in found.items()}


def test_bland_and_altman(config: StudyConfig) -> None:
    rows = simulated_enhancement(config)
    found = row(made(config, rows), model="Uni-m1", testing="Institution-4")
    own = rows[(rows["model"] == "Uni-m1") & (rows["institution"] == "Institution-4")]
    difference = own["enhancement_ratio_synthetic"] - own["enhancement_ratio_real"]
    n, mean, sd = len(own), difference.mean(), difference.std(ddof=1)
    assert found["n"] == n == 4
    assert found["bias"] == pytest.approx(mean)
    assert found["mean_synthetic"] - found["mean_reference"] == pytest.approx(mean)
    interval = stats.t.interval(0.95, n - 1, mean, sd / np.sqrt(n))
    assert (found["bias_ci95_low"], found["bias_ci95_high"]) == pytest.approx(interval)
    assert (found["loa_low"], found["loa_high"]) == pytest.approx(
        (mean - 1.96 * sd, mean + 1.96 * sd), abs=1e-4
    )
    assert found["loa_high_ci95_low"] < found["loa_high"] < found["loa_high_ci95_high"]
    assert found["against"] == "real"


def test_an_overall_row_holds_all_patients_of_a_cohort(config: StudyConfig) -> None:
    table = made(config, simulated_enhancement(config))
    tri = row(table, model="Tri-M", testing="Overall", cohort="internal")
    assert tri["n"] == sum(SMALL_SIZES[f"Institution-{i}"] for i in (1, 2, 3))
    external = row(table, model="Tri-M", testing="Overall", cohort="external")
    assert external["n"] == sum(SMALL_SIZES[f"Institution-{i}"] for i in (4, 5, 6, 7))
    uni = table[(table["model"] == "Uni-m1") & (table["cohort"] == "internal")]
    assert set(uni["testing"]) == {"Institution-1"}
    assert set(table["measure"]) == {measure.name for measure in MEASURES}
    assert not table.duplicated(["model", "testing", "cohort", "measure", "tumour_volume"]).any()


def test_sensitivity_by_volume(config: StudyConfig) -> None:
    rows = simulated_enhancement(config)
    table = made(config, rows)
    own = rows[(rows["model"] == "Tri-Z") & (rows["cohort"] == "external")]
    total = row(table, model="Tri-Z", testing="Overall", cohort="external")
    enhances = own["enhancement_ratio_real"] >= 1.25
    seen = enhances & (own["enhancement_ratio_synthetic"] >= 1.25)
    assert (total["n_enhancing"], total["n_detected"]) == (enhances.sum(), seen.sum())
    assert 0 < seen.sum() < enhances.sum()
    exact = stats.binomtest(int(seen.sum()), int(enhances.sum())).proportion_ci(method="exact")
    assert total["sensitivity_ci95_low"] == pytest.approx(exact.low)
    assert total["sensitivity_ci95_high"] == pytest.approx(exact.high)
    groups = {
        name: row(table, model="Tri-Z", testing="Overall", cohort="external", tumour_volume=name)
        for name in ("below 5 ml", "5 to 15 ml", "15 ml and more")
    }
    counted = {name: group["n"] for name, group in groups.items()}
    volumes = own["tumour_ml"]
    assert counted == {
        "below 5 ml": (volumes < 5).sum(),
        "5 to 15 ml": ((volumes >= 5) & (volumes < 15)).sum(),
        "15 ml and more": (volumes >= 15).sum(),
    }
    assert sum(group["n_detected"] for group in groups.values()) == total["n_detected"]
    cnr = row(table, model="Tri-Z", testing="Overall", cohort="external", measure="cnr")
    assert pd.isna(cnr["sensitivity"])


def test_no_groups_of_volumes(tmp_path: Path) -> None:
    config = study(tmp_path, evaluation={"tumour_volumes_ml": []})
    table = made(config, simulated_enhancement(config))
    assert set(table["tumour_volume"]) == {"all"}
    assert row(table, model="Tri-M", testing="Institution-4")["n"] == 4


def test_the_threshold_is_the_configurations(tmp_path: Path) -> None:
    rows = simulated_enhancement(study(tmp_path))
    counts = [
        row(
            made(study(tmp_path, evaluation={"enhancement_threshold": each}), rows),
            model="Tri-M",
            testing="Institution-4",
        )
        for each in (0.25, 0.45, 5.0)
    ]
    assert [each["n_enhancing"] for each in counts] == [4, 2, 0]
    assert counts[2]["reason"] == NONE_ENHANCES
    assert pd.isna(counts[2]["sensitivity"])


def test_errors_are_set_against_t1w_itself(config: StudyConfig) -> None:
    table = made(config, simulated_enhancement(config))
    found = row(table, model="Tri-M", testing="Institution-4", measure="enhancement_error_head")
    assert found["against"] == "t1w"
    assert found["mean_reference"] == pytest.approx(0.05)
    assert found["bias_ci95_high"] < 0  # better than T1w
    over = row(table, model="Tri-M", testing="Institution-4", measure="over_enhancement_ml")
    assert over["mean_reference"] == 0
    assert over["bias"] == over["mean_synthetic"] > 10


def test_seeds_are_averaged_before_a_tumour_counts_as_detected(tmp_path: Path) -> None:
    config = study(tmp_path, grid={"seeds": [1, 2]})
    rows = simulated_enhancement(config)
    shown = rows["seed"].map({1: 1.6, 2: 1.1})
    table = made(config, rows.assign(enhancement_ratio_real=1.5, enhancement_ratio_synthetic=shown))
    found = row(table, model="Tri-M", testing="Institution-4")
    assert found["n"] == found["n_enhancing"] == found["n_detected"] == 4
    assert found["bias"] == pytest.approx(-0.15)


def test_rows_of_other_cohorts_change_nothing(config: StudyConfig) -> None:
    rows = simulated_enhancement(config)
    cross = rows[(rows["model"] == "Uni-m1") & (rows["cohort"] == "internal")]
    cross = cross.assign(cohort="cross", institution="Institution-2", patient_id="x")
    before = made(config, rows)
    cross = cross.drop_duplicates("patient_id")
    pd.testing.assert_frame_equal(made(config, pd.concat([rows, cross])), before)


def test_what_is_empty_has_a_reason(config: StudyConfig) -> None:
    rows = simulated_enhancement(config)
    here = rows["institution"] == "Institution-5"
    tumours = [name for name in rows if "ratio" in name or "cnr" in name or "tumour" in name]
    rows.loc[here, tumours] = np.nan
    rows.loc[here, "reason"] = "no tumour mask"
    rows = rows[(rows["institution"] != "Institution-6")]
    rows = rows[(rows["institution"] != "Institution-7") | (rows["patient_id"] == "700")]
    table = made(config, rows)
    reasons = {
        name: row(table, model="Uni-m1", testing=f"Institution-{name}") for name in (5, 6, 7)
    }
    assert (reasons[5]["n"], reasons[5]["reason"]) == (0, "no tumour mask")
    assert (reasons[6]["n"], reasons[6]["reason"]) == (0, NOT_SCORED)
    assert (reasons[7]["n"], reasons[7]["reason"]) == (1, ONE_PATIENT)
    assert reasons[7]["bias"] and pd.isna(reasons[7]["loa_low"])
    head = row(table, model="Uni-m1", testing="Institution-5", measure="enhancing_ml")
    assert (head["n"], head["reason"]) == (3, "")
    overall = row(table, model="Uni-m1", testing="Overall")
    assert overall["reason"] == "3 of 8 patients without a value: no tumour mask"
    small = row(table, model="Uni-m1", testing="Institution-7", tumour_volume="5 to 15 ml")
    assert (small["n"], small["reason"]) == (0, NONE_OF_VOLUME)
    numbers = [name for name in table if name.startswith(("mean", "bias", "loa"))]
    empty = table[numbers].isna().any(axis=1)
    assert (table.loc[empty, "reason"] != "").all()


def test_findings(config: StudyConfig) -> None:
    text = scorecard_text(made(config, simulated_enhancement(config)))
    lines = text.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "- Tumours that enhance in the real CE and in the synthetic one (mmgsn_net, external): best"
    )
    assert " of 16 (" in lines[0]
    assert lines[1].startswith("- Enhancement ratio of tumours, synthetic less real CE")


def test_models_that_share_a_place_are_all_named() -> None:
    chosen = {"measure": "enhancement_ratio", "tumour_volume": "all", "testing": "Overall"}
    bounds = ("bias_ci95_low", "bias_ci95_high", "sensitivity_ci95_low", "sensitivity_ci95_high")
    rows = [
        chosen
        | {
            "network": "unet",
            "repair": "none",
            "model": model,
            "cohort": "external",
            "n": 16,
            "bias": bias,
        }
        | {"n_enhancing": 16, "n_detected": seen, "sensitivity": seen / 16}
        | dict.fromkeys(bounds, 0.5)
        for model, seen, bias in (("A", 9, -0.2), ("B", 1, -0.3), ("C", 9, 0.1))
    ]
    seen, ratio = scorecard_text(TABLE.frame(rows)).splitlines()
    assert "best A and C 9 of 16 (56 % [50, 50]), worst B 1 of 16" in seen
    assert "best C +0.10 [+0.50, +0.50], worst B -0.30" in ratio


def test_nothing_is_scored(config: StudyConfig) -> None:
    assert scorecard(ScoredStudy(config, pd.DataFrame())) is None
    table = made(config, ENHANCEMENT_TABLE.frame([]))
    assert set(table["n"]) == {0}
    assert set(table["reason"]) == {NOT_SCORED}
    assert scorecard_text(table) == ""


def test_tabulate_gathers_the_cells(config: StudyConfig) -> None:
    write_cells(config, simulated_metrics(config))
    rows = simulated_enhancement(config)
    write_enhancement(config, rows[::-1])
    tabulate(config)
    found = read_enhancement(Results(config).enhancement)
    assert found is not None
    numbers = rows.select_dtypes(float).columns
    pd.testing.assert_frame_equal(found[numbers], rows[numbers])  # to the last bit, in order
    assert list(found["patient_id"]) == list(rows["patient_id"])
    Results(config).cell_enhancement(cells(config)[0]).unlink()
    assert len(gather_enhancement(config)) < len(rows)
