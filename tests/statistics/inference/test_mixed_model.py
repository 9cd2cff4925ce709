"""The linear mixed model, against lme4 and lmerTest (lme4/fit.R made lme4/expected.csv)."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import PAPER_SIZES, SMALL_SIZES, simulated_metrics, study
from scipy import stats

from gfce.config import StudyConfig
from gfce.evaluation.metrics import METRICS
from gfce.statistics.inference.mixed_model import TABLE, design_matrix, is_log, mixed_models
from gfce.statistics.scored_study import ScoredStudy

LME4 = Path(__file__).with_name("lme4")
GROUPS = {
    "patient": "patient",
    "site_model": "model:institution",
    "site_set": "training_set:institution",
    "residual": "residual",
}


def lme4_study(**changes: Any) -> ScoredStudy:
    """The scores that lme4 was given, MAE and PSNR of three seeds."""
    config = study(grid={"seeds": [1, 2, 3]} | changes)
    metrics = simulated_metrics(config, SMALL_SIZES, ("reference",))
    given = pd.read_csv(LME4 / "scores.csv", dtype={"patient_id": str})
    keys = ["normalization", "training_set", "seed", "institution", "patient_id"]
    names = ["mae", "psnr_db"]
    metrics = metrics.drop(columns=names).merge(given[[*keys, *names]], on=keys)
    return ScoredStudy(config, metrics)


def expected(fit: str) -> pd.DataFrame:
    """Rows term, columns quantity, under the names of the table."""
    rows = pd.read_csv(LME4 / "expected.csv", keep_default_na=False).query("fit == @fit")
    wide = rows.pivot_table(index="term", columns="quantity", values="value")
    return wide.rename(index=_our_name)


def _our_name(term: str) -> str:
    if term in GROUPS:
        return f"sd({GROUPS[term]})"
    for factor in ("normalization", "training_set", "institution"):
        term = ":".join(
            f"{factor}[{part.removeprefix(factor)}]" if part.startswith(factor) else part
            for part in term.split(":")
        )
    return term.replace("(Intercept)", "Intercept")


@pytest.mark.parametrize(
    ("fit", "changes"),
    [("mae", {}), ("psnr_db", {}), ("mae min_max", {"normalizations": ["min_max"]})],
)
def test_the_fit_is_that_of_lme4(fit: str, changes: dict[str, Any]) -> None:
    table = mixed_models(lme4_study(**changes))
    own = table[table["metric"] == fit.split()[0]].set_index("term")
    known = expected(fit)
    fixed = known.index[known["estimate"].notna()]
    assert set(own.index) == set(known.index) - {""}
    for ours, theirs in (("estimate", "estimate"), ("se", "se"), ("z", "t"), ("p", "p")):
        np.testing.assert_allclose(
            own.loc[fixed, ours].astype(float), known.loc[fixed, theirs], rtol=1e-4, atol=1e-6
        )
    np.testing.assert_allclose(own.loc[fixed, "df"].astype(float), known.loc[fixed, "df"], 1e-3)
    spread = [term for term in own.index if term.startswith("sd(")]
    np.testing.assert_allclose(
        own.loc[spread, "estimate"].astype(float), known.loc[spread, "sd"], rtol=1e-4, atol=1e-6
    )
    half = stats.t.ppf(0.975, known.loc[fixed, "df"]) * known.loc[fixed, "se"]
    np.testing.assert_allclose(
        own.loc[fixed, "ci95_high"].astype(float), known.loc[fixed, "estimate"] + half, rtol=1e-3
    )


def test_what_is_special_about_a_fit_is_said() -> None:
    table = mixed_models(lme4_study()).set_index(["metric", "term"])
    assert table["converged"].all()
    assert table.loc[("mae", "Intercept"), "reason"] == ""
    assert table.loc[("psnr_db", "Intercept"), "reason"] == "singular: sd(model:institution) is 0"
    single = mixed_models(lme4_study(normalizations=["min_max"])).query("metric == 'mae'")
    assert set(single["reason"]) == {
        "no term training_set:institution: with one normalization it is model:institution"
    }


def test_errors_are_analysed_as_logarithms() -> None:
    logs = {metric.name for metric in METRICS if is_log(metric)}
    assert logs == {"mae", "nmse", "hfen"}
    scored = lme4_study()
    table = mixed_models(scored)
    assert set(table.loc[table["scale"] == "log", "metric"]) == logs
    tenfold = scored.metrics.assign(mae=10 * scored.metrics["mae"])
    other = mixed_models(ScoredStudy(scored.config, tenfold)).query("metric == 'mae'")
    own = table.query("metric == 'mae'")
    change = (other["estimate"] - own["estimate"]).to_numpy()
    assert change == pytest.approx([math.log(10), *[0] * (len(own) - 1)], abs=1e-6)


def test_a_score_of_zero_has_no_logarithm() -> None:
    scored = lme4_study()
    first = scored.metrics["patient_id"].eq("400") & scored.metrics["model"].eq("Uni-m1")
    zero = scored.metrics.assign(mae=scored.metrics["mae"].where(~first, 0.0))
    table = mixed_models(ScoredStudy(scored.config, zero)).query("term == 'Intercept'")
    counts = table.set_index("metric")["n_scores"]
    assert counts["mae"] == counts["psnr_db"] - 1


def test_balanced_mixed_model_is_the_paired_test() -> None:
    config = study(
        cohort={"dataset": "b", "development": ["Institution-1"], "external": ["Institution-4"]}
    )
    scored = ScoredStudy(config, simulated_metrics(config, PAPER_SIZES).query("seed == 1"))
    external = scored.scores.query("cohort == 'external'")
    only = scored.metrics[scored.metrics["cohort"] == "external"]
    own = mixed_models(ScoredStudy(config, only)).query("metric == 'psnr_db'").set_index("term")
    wide = external.pivot_table(index="patient_id", columns="normalization", values="psnr_db")
    test = stats.ttest_rel(wide["z_score"], wide["min_max"])
    term = own.loc["normalization[z_score]"]
    assert term["estimate"] == pytest.approx((wide["z_score"] - wide["min_max"]).mean())
    assert term["df"] == pytest.approx(len(wide) - 1)
    assert term["z"] == pytest.approx(test.statistic)
    assert term["p"] == pytest.approx(test.pvalue)


def test_mixed_model_of_a_partial_grid_has_the_terms_it_can_have(metrics: pd.DataFrame) -> None:
    part = metrics[~metrics["model"].isin(["Uni-z2", "Uni-m3", "Uni-z3"])]
    scored = ScoredStudy(study(), part)
    design = design_matrix(study(), scored.scores)
    assert "training_set[uni-Institution-2]" in design
    assert "training_set[uni-Institution-3]" not in design
    assert "normalization[z_score]:training_set[uni-Institution-2]" not in design
    assert mixed_models(scored)["converged"].all()


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
    table = mixed_models(ScoredStudy(study(), metrics.query(keep)))
    assert table["estimate"].isna().all()
    assert table["reason"].str.startswith(reason).all()


def test_models_that_score_alike_leave_no_error(config: StudyConfig, metrics: pd.DataFrame) -> None:
    alike = metrics.assign(psnr_db=metrics.groupby("patient_id")["psnr_db"].transform("first"))
    table = mixed_models(ScoredStudy(config, alike)).query("metric == 'psnr_db'")
    assert table["reason"].tolist() == ["no fit: the terms describe every score, no error is left"]
    assert table["estimate"].isna().all()


def test_a_patient_for_each_institution_leaves_terms_out(config: StudyConfig) -> None:
    one = simulated_metrics(config, dict.fromkeys(SMALL_SIZES, 1), ("reference",))
    table = mixed_models(ScoredStudy(config, one)).query("metric == 'psnr_db'")
    (reason,) = set(table["reason"])
    assert "no term patient: each institution has one patient" in reason
    assert "no term model:institution: one patient for each model" in reason
    assert "sd(training_set:institution)" in set(table["term"])


def test_without_any_random_term_there_is_no_fit(config: StudyConfig) -> None:
    one = simulated_metrics(config, dict.fromkeys(SMALL_SIZES, 1), ("reference",))
    table = mixed_models(ScoredStudy(config, one.query("normalization == 'min_max'")))
    assert table["estimate"].isna().all()
    assert table["reason"].str.startswith("nothing that is random can be told from error").all()
    assert table["reason"].str.contains("patient: each institution has one patient").all()


def test_the_columns_are_the_declared_ones() -> None:
    assert list(mixed_models(lme4_study()).columns) == TABLE.names


def test_a_large_study_takes_seconds() -> None:
    names = [f"Institution-{i}" for i in range(1, 27)]
    config = study(cohort={"dataset": "b", "development": names[:3], "external": names[3:]})
    metrics = simulated_metrics(config, dict.fromkeys(names, 20), ("reference",))
    scored = ScoredStudy(config, metrics)
    assert len(scored.scores) > 3000
    start = time.process_time()
    table = mixed_models(scored)
    assert table["converged"].all()
    assert time.process_time() - start < 15
