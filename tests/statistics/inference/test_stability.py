"""The paper's claims under every choice of analysis."""

from __future__ import annotations

import pandas as pd
from samples_of_scores import simulated_metrics, study

from gfce.evaluation.metrics import METRICS, PRINTED_METRICS
from gfce.statistics.inference.findings import findings, findings_text
from gfce.statistics.inference.stability import stability
from gfce.statistics.scored_study import ScoredStudy

FEW = {"bootstrap_resamples": 99}


def test_claims_of_the_paper_under_every_choice(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    foreground = metrics.assign(region="foreground", mae=2 * metrics["mae"])
    table = stability(ScoredStudy(config, pd.concat([metrics, foreground])))
    assert len(table) == 5 * len(METRICS) * 2 * 2
    assert table.loc[0, ["scaling", "region", "seed"]].tolist() == ["reference", "volume", "all"]
    drops = table.query("claim == 'every_uni_model_drops' and metric == 'mae'")
    assert drops["holds"].tolist() == [True] * 8
    assert set(drops["weakest"]) <= {f"Uni-{n}{i}" for n in "mz" for i in (1, 2, 3)}
    difference = table.query("claim == 'second_normalization_drops_less'")
    assert set(difference["subject"]) == {"Z-Score against Min-Max"}
    assert (difference["holds"] == (difference["effect_pct"] > 0)).all()
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
    assert (row["n_analyses"], row["n_holds"]) == (8, 3)


def test_findings_as_text(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    table = findings(ScoredStudy(config, metrics[metrics["model"] != "Tri-Z"]))
    lines = findings_text(table).splitlines()
    assert (len(lines), len(table)) == (5 * len(PRINTED_METRICS), 5 * len(METRICS))
    assert not any("NMSE" in line for line in lines)
    row = table.iloc[0]
    start = "- All of Uni-m1, Uni-m2, Uni-m3 are worse at external institutions (MAE): yes, "
    effect = f"{row['effect_pct']:.2f} % [{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
    assert lines[0] == f"{start}{effect}; holds in 2 of 2 analyses"
    unknown = next(line for line in lines if line.startswith("- Tri-Z"))
    assert "not known: not every mean that it needs is known" in unknown
    assert table.query("subject == 'Tri-Z'")["holds"].isna().all()
