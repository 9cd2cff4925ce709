"""Stability of the claims, seeds, equivalence and the mixed model."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from samples_of_scores import PAPER_SIZES, simulated_metrics, study
from statsmodels.stats.weightstats import ttost_paired

from gfce.statistics.aggregation import OVERALL, patient_scores
from gfce.statistics.equivalence import equivalence_tests, tost
from gfce.statistics.mixed import COLUMNS as MIXED_COLUMNS
from gfce.statistics.mixed import design_matrix, mixed_models
from gfce.statistics.seeds import seed_spread
from gfce.statistics.stability import findings_text, stability, summary

FEW = {"bootstrap_resamples": 99}


def test_claims_of_the_paper_under_every_choice(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    foreground = metrics.assign(region="foreground", mae=2 * metrics["mae"])
    table = stability(config, pd.concat([metrics, foreground]))
    assert len(table) == 5 * 3 * 2 * 2
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
    row = stability(config, metrics).iloc[0]
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
    findings = summary(config, stability(config, metrics))
    row = findings.query("subject == 'Tri-M' and metric == 'mae'").iloc[0]
    assert (row["holds"], row["n_seeds"], row["n_seeds_holds"]) == (True, 3, 2)
    assert row["flips_with"] == "scaling=separate;seed=3"
    assert (row["n_analyses"], row["n_holds"]) == (8, 3)


def test_findings_as_text(metrics: pd.DataFrame) -> None:
    config = study(statistics=FEW)
    findings = summary(config, stability(config, metrics[metrics["model"] != "Tri-Z"]))
    lines = findings_text(findings).splitlines()
    assert len(lines) == len(findings) == 15
    row = findings.iloc[0]
    start = "- All of Uni-m1, Uni-m2, Uni-m3 are worse at external institutions (MAE): yes, "
    effect = f"{row['effect_pct']:.2f} % [{row['ci95_low']:.2f}, {row['ci95_high']:.2f}]"
    assert lines[0] == f"{start}{effect}; holds in 2 of 2 analyses"
    unknown = next(line for line in lines if line.startswith("- Tri-Z"))
    assert "not known: not every mean that it needs is known" in unknown
    assert findings.query("subject == 'Tri-Z'")["holds"].isna().all()


def test_spread_between_seeds_by_hand() -> None:
    config = study(grid={"seeds": [1, 2]})
    metrics = simulated_metrics(config, dict.fromkeys(PAPER_SIZES, 2), ("reference",))
    own = (metrics["model"] == "Uni-m1") & (metrics["institution"] == "Institution-4")
    metrics.loc[own, "mae"] = [1.0, 3.0, 2.0, 8.0]  # seed 1: patients a, b; seed 2: a, b
    table = seed_spread(config, metrics).set_index(["model", "testing", "metric"])
    row = table.loc[("Uni-m1", "Institution-4", "mae")]
    # Seed means 2 and 5: SD 3 / sqrt 2. Patients' means 1.5 and 5.5: SD 4 / sqrt 2; mean 3.5.
    assert row["mean"] == 3.5
    assert row["sd_between_seeds"] == pytest.approx(3 / math.sqrt(2))
    assert row["sd_between_patients"] == pytest.approx(4 / math.sqrt(2))
    assert (row["lowest_seed_mean"], row["highest_seed_mean"]) == (2.0, 5.0)
    overall = table.loc[("Uni-m1", OVERALL, "mae")]
    assert overall["n_seeds"] == 2
    assert row["reason"] == ""


def test_a_single_seed_has_no_spread(metrics: pd.DataFrame) -> None:
    table = seed_spread(study(), metrics)
    assert table["sd_between_seeds"].isna().all()
    assert set(table["reason"]) == {"one seed has no spread"}


def test_tost_against_statsmodels(rng: np.random.Generator) -> None:
    a, b = rng.normal(25, 3, 18), rng.normal(25.2, 3, 18)
    found = tost(a - b, 2.0)
    p, lower, upper = ttost_paired(a, b, -2.0, 2.0)
    assert (found["p"], found["p_lower"], found["p_upper"]) == pytest.approx(
        (p, lower[1], upper[1])
    )


@pytest.mark.parametrize("shift", [0.0, 1.0, 1.6, 1.9, 3.0])
def test_tost_is_the_90_percent_interval_within_the_margins(
    rng: np.random.Generator, shift: float
) -> None:
    difference = rng.normal(shift, 1, 12)
    found = tost(difference, 2.0)
    assert (found["p"] < 0.05) == (found["ci90_low"] > -2 and found["ci90_high"] < 2)


@pytest.mark.parametrize(
    ("difference", "p", "reason"),
    [
        ([], math.nan, "fewer than two"),
        ([0.1], math.nan, "fewer than two"),
        ([0.0, 0.0], 0.0, "the same in every patient"),
        ([3.0, 3.0], 1.0, "the same in every patient"),
    ],
)
def test_tost_without_spread(difference: list[float], p: float, reason: str) -> None:
    found = tost(np.array(difference), 2.0)
    assert found.get("p", math.nan) == pytest.approx(p, nan_ok=True)
    assert reason in found["reason"]


def test_equivalence_compares_with_the_own_institutions_uni_model(metrics: pd.DataFrame) -> None:
    config = study(statistics={"equivalence_margin_mae": 0.1})
    scores = patient_scores(metrics, "reference")
    table = equivalence_tests(config, scores)
    mae = table[(table["metric"] == "mae") & (table["model_a"] == "Tri-Z")].set_index("scope")
    assert list(mae.index) == ["Institution-1", "Institution-2", "Institution-3", OVERALL]
    assert mae["model_b"].tolist() == ["Uni-z1", "Uni-z2", "Uni-z3", "Uni-z1;Uni-z2;Uni-z3"]
    assert mae["n"].tolist() == [5, 4, 6, 15]
    assert mae["equivalent"].tolist() == [True] * 4
    strict = equivalence_tests(study(statistics={"equivalence_margin_mae": 1e-9}), scores)
    assert not strict.loc[strict["metric"] == "mae", "equivalent"].any()


def test_equivalence_without_the_pooled_model_is_open(metrics: pd.DataFrame) -> None:
    scores = patient_scores(metrics[metrics["model"] != "Tri-M"], "reference")
    table = equivalence_tests(study(), scores)
    tri = table[table["model_a"] == "Tri-M"]
    assert (tri["n"] == 0).all()
    assert (tri["n_dropped"] > 0).all()
    assert tri["equivalent"].isna().all()


def test_mixed_model_against_the_formula_interface() -> None:
    config = study()
    scores = patient_scores(simulated_metrics(config, PAPER_SIZES), "reference")
    table = mixed_models(config, scores)
    assert list(table.columns) == MIXED_COLUMNS
    own = table[table["metric"] == "mae"].set_index("term")
    assert own["converged"].all()
    levels = {"normalization": "min_max", "training_set": "uni-Institution-1"}
    terms = [f"C({name}, Treatment('{level}'))" for name, level in levels.items()]
    formula = f"y ~ {terms[0]} * {terms[1]} + C(institution)"
    frame = scores.assign(y=1000 * scores["mae"], who=scores["institution"] + scores["patient_id"])
    other = smf.mixedlm(formula, frame, groups=frame["who"]).fit(reml=True, method="bfgs")
    pairs = {
        "Intercept": "Intercept",
        "normalization[z_score]": f"{terms[0]}[T.z_score]",
        "training_set[tri]": f"{terms[1]}[T.tri]",
        "normalization[z_score]:training_set[tri]": f"{terms[0]}[T.z_score]:{terms[1]}[T.tri]",
        "institution[Institution-7]": "C(institution)[T.Institution-7]",
    }
    for term, name in pairs.items():
        assert 1000 * own.loc[term, "estimate"] == pytest.approx(other.params[name], abs=1e-4)
        assert 1000 * own.loc[term, "se"] == pytest.approx(other.bse[name], rel=1e-3)
    assert 1000 * own.loc["sd(residual)", "estimate"] == pytest.approx(other.scale**0.5, rel=1e-3)
    # Patients' draws have SD 3 and the residual SD 2 by construction of the scores.
    assert 1000 * own.loc["sd(patient)", "estimate"] == pytest.approx(3, rel=0.3)
    assert 1000 * own.loc["sd(residual)", "estimate"] == pytest.approx(2, rel=0.1)


def test_balanced_mixed_model_is_the_paired_difference() -> None:
    config = study(
        cohort={"dataset": "b", "development": ["Institution-1"], "external": ["Institution-4"]}
    )
    scores = patient_scores(simulated_metrics(config, PAPER_SIZES), "reference")
    own = mixed_models(config, scores).query("metric == 'mae'").set_index("term")
    wide = scores.set_index(["patient_id", "normalization"])["mae"].unstack()  # noqa: PD010
    difference = wide["z_score"] - wide["min_max"]
    term = own.loc["normalization[z_score]"]
    assert term["estimate"] == pytest.approx(difference.mean())
    assert term["se"] == pytest.approx(difference.std(ddof=1) / math.sqrt(len(wide)), rel=1e-3)


def test_mixed_model_of_a_partial_grid_has_the_terms_it_can_have(metrics: pd.DataFrame) -> None:
    part = metrics[~metrics["model"].isin(["Uni-z2", "Uni-m3", "Uni-z3"])]
    design = design_matrix(study(), patient_scores(part, "reference"))
    assert "training_set[uni-Institution-2]" in design
    assert "training_set[uni-Institution-3]" not in design
    assert "normalization[z_score]:training_set[uni-Institution-2]" not in design


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        ("model == 'none'", "no scores"),
        ("model == 'Uni-m1'", "one score per patient"),
        ("patient_id == '400'", "too few scores"),
    ],
)
def test_mixed_models_that_cannot_be_fitted_say_why(
    metrics: pd.DataFrame, keep: str, reason: str
) -> None:
    table = mixed_models(study(), patient_scores(metrics.query(keep), "reference"))
    assert table["estimate"].isna().all()
    assert table["reason"].str.startswith(reason).all()
