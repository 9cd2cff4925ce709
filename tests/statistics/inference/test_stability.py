"""The paper's claims under every choice of analysis."""

from __future__ import annotations

import pandas as pd
from samples_of_scores import simulated_metrics, study

from gfce.evaluation.metrics import METRICS
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.inference.effects import Drop, estimates
from gfce.statistics.inference.findings import findings
from gfce.statistics.inference.scales import PERCENT
from gfce.statistics.inference.stability import stability
from gfce.statistics.scored_study import ScoredStudy

FEW = {"bootstrap_resamples": 99}


def test_claims_of_the_paper_under_every_choice(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    foreground = metrics.assign(region="foreground", mae=2 * metrics["mae"])
    table = stability(ScoredStudy(config, pd.concat([metrics, foreground])))
    assert len(table) == 5 * len(METRICS) * 2 * 2 * 2
    assert table.loc[0, ["scaling", "region", "seed"]].tolist() == ["reference", "volume", "all"]
    drops = table.query("claim == 'every_uni_model_drops' and metric == 'mae'")
    assert drops["holds"].tolist() == [True] * 16
    assert set(drops["weakest"]) <= {f"Uni-{n}{i}" for n in "mz" for i in (1, 2, 3)}
    difference = table.query("claim == 'second_normalization_drops_less'")
    assert set(difference["subject"]) == {"Z-Score against Min-Max"}
    assert (difference["holds"] == (difference["effect"] > 0)).all()
    sure = table["certain"].astype(bool)
    assert (((table["ci95_low"] > 0) | (table["ci95_high"] < 0)) == sure).all()


def test_the_weakest_uni_model_decides(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    better = (metrics["model"] == "Uni-m2") & (metrics["cohort"] == "external")
    metrics.loc[better, "mae"] /= 10
    row = stability(ScoredStudy(config, metrics)).iloc[0]
    assert (row["claim"], row["weakest"], row["holds"]) == (
        *("every_uni_model_drops", "Uni-m2"),
        False,
    )
    assert row["effect_pct"] < -50


def test_seeds_and_choices_that_turn_an_answer_round() -> None:
    config = study(statistics=FEW, grid={"seeds": [1, 2, 3]})
    metrics = simulated_metrics(config)
    external = (metrics["model"] == "Tri-M") & (metrics["cohort"] == "external")
    metrics.loc[external, "mae"] *= 0.5
    metrics.loc[external & (metrics["seed"] == 3), "mae"] *= 3
    metrics.loc[external & (metrics["scaling"] == "separate"), "mae"] *= 5
    table = findings(ScoredStudy(config, metrics))
    row = table.query("subject == 'Tri-M' and metric == 'mae'").iloc[0]
    assert (row["holds"], row["n_seeds"], row["n_seeds_holds"]) == (True, 3, 2)
    assert row["flips_with"] == "scaling=separate;seed=3"
    assert (row["n_analyses"], row["n_holds"]) == (16, 6)


def test_both_scales_stand_in_the_table(metrics: pd.DataFrame) -> None:
    table = stability(ScoredStudy(study(statistics=FEW), metrics))
    percent = table["scale"] == "percent"
    assert set(table.loc[~percent & (table["metric"] == "mae"), "scale"]) == {"log_ratio"}
    assert set(table.loc[~percent & (table["metric"] == "psnr_db"), "scale"]) == {"difference"}
    assert table.loc[percent, "effect_pct"].equals(table.loc[percent, "effect"])
    assert table.loc[~percent, "effect_pct"].isna().all()


def test_that_every_model_drops_has_the_lowest_bound_of_all(metrics: pd.DataFrame) -> None:
    """Uni-m2 drops least; Uni-m3 drops most, by one patient: its bound is the lowest."""
    calm = 0.02 * (1 + 0.01 * metrics["patient_id"].str[-1].astype(int))
    factors = metrics["model"].map({"Uni-m2": 1.5}).fillna(2.0)
    outlier = (metrics["model"] == "Uni-m3") & (metrics["patient_id"] == "400")
    mae = calm * factors.mask(outlier, 40.0).where(metrics["cohort"] == "external", 1.0)
    scored = ScoredStudy(study(statistics=FEW), metrics.assign(mae=mae))
    row = stability(scored).iloc[0]
    drops = {
        row.effect.model.label: row
        for row in scored.once(estimates).itertuples()
        if isinstance(row.effect, Drop) and (row.effect.metric, row.effect.scale) == (MAE, PERCENT)
    }
    assert row["weakest"] == "Uni-m2"
    assert row["effect_pct"] == drops["Uni-m2"].value
    assert drops["Uni-m3"].ci95_low < 0 < drops["Uni-m2"].ci95_low
    assert row["ci95_low"] == drops["Uni-m3"].ci95_low
    assert row["ci95_high"] == drops["Uni-m3"].ci95_high
    assert (row["holds"], row["verdict"]) == (True, "not shown")


def test_a_model_without_interval_leaves_the_claim_about_all_open(metrics: pd.DataFrame) -> None:
    alone = metrics["patient_id"].str.endswith("00") | (metrics["institution"] != "Institution-2")
    row = stability(ScoredStudy(study(statistics=FEW), metrics[alone])).iloc[0]
    assert (row["holds"], row["verdict"]) == (True, "unknown")
    assert "single patient" in row["reason"]
