"""The linear mixed model."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import statsmodels.formula.api as smf
from samples_of_scores import PAPER_SIZES, simulated_metrics, study

from gfce.statistics.inference.mixed_model import TABLE, design_matrix, mixed_models
from gfce.statistics.scored_study import ScoredStudy


def test_mixed_model_against_the_formula_interface() -> None:
    config = study()
    scored = ScoredStudy(config, simulated_metrics(config, PAPER_SIZES))
    scores, table = scored.scores, mixed_models(scored)
    assert list(table.columns) == TABLE.names
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
    scored = ScoredStudy(config, simulated_metrics(config, PAPER_SIZES))
    scores = scored.scores
    own = mixed_models(scored).query("metric == 'mae'").set_index("term")
    wide = scores.set_index(["patient_id", "normalization"])["mae"].unstack()  # noqa: PD010
    difference = wide["z_score"] - wide["min_max"]
    term = own.loc["normalization[z_score]"]
    assert term["estimate"] == pytest.approx(difference.mean())
    assert term["se"] == pytest.approx(difference.std(ddof=1) / math.sqrt(len(wide)), rel=1e-3)


def test_mixed_model_of_a_partial_grid_has_the_terms_it_can_have(metrics: pd.DataFrame) -> None:
    part = metrics[~metrics["model"].isin(["Uni-z2", "Uni-m3", "Uni-z3"])]
    design = design_matrix(study(), ScoredStudy(study(), part).scores)
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
    table = mixed_models(ScoredStudy(study(), metrics.query(keep)))
    assert table["estimate"].isna().all()
    assert table["reason"].str.startswith(reason).all()
