"""Home and away: the loss by transfer, on the same patients."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study
from scipy import stats
from statsmodels.stats.multitest import multipletests

from gfce.contract.columns import OVERALL
from gfce.statistics.inference.transfer import transfer, transfer_text
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.selection import where

HOMES = dict(zip(NAMES[:3], ("Uni-m1", "Uni-m2", "Uni-m3"), strict=True))


def scores_of(metrics: pd.DataFrame, column: str) -> pd.DataFrame:
    """Reported scores: a row for each patient, a column for each model."""
    chosen = metrics[(metrics["region"] == "volume") & (metrics["scaling"] == "reference")]
    return chosen.pivot_table(index=["institution", "patient_id"], columns="model", values=column)


@pytest.fixture
def table(metrics: pd.DataFrame) -> pd.DataFrame:
    return transfer(ScoredStudy(study(), metrics))


def row_of(table: pd.DataFrame, metric: str, institution: str, family: str = "H") -> pd.Series:
    chosen = table.query(
        "family == @family and metric == @metric and institution == @institution "
        "and normalization == 'min_max'"
    )
    return chosen.iloc[0]


@pytest.mark.parametrize("institution", NAMES[:3])
def test_an_institution_by_hand(
    table: pd.DataFrame, metrics: pd.DataFrame, institution: str
) -> None:
    wide = scores_of(metrics, "mae").loc[institution]
    home = HOMES[institution]
    away = [model for model in HOMES.values() if model != home]
    ratio = (wide[away[0]] * wide[away[1]]) ** 0.5 / wide[home]
    test = stats.ttest_1samp(np.log(ratio), 0)
    interval = test.confidence_interval(0.95)
    row = row_of(table, "mae", institution)
    assert row["n"] == SMALL_SIZES[institution]
    assert row["model_home"] == home
    assert row["model_away"] == ";".join(away)
    assert row["percent"] == pytest.approx(100 * (stats.gmean(ratio) - 1))
    assert row["log_ratio"] == pytest.approx(np.log(ratio).mean())
    assert row[["t", "df", "p"]].tolist() == pytest.approx([test.statistic, test.df, test.pvalue])
    assert row[["ci95_low", "ci95_high"]].tolist() == pytest.approx(
        [100 * math.expm1(bound) for bound in interval]
    )
    assert row["mean_home"] == pytest.approx(wide[home].mean())
    assert row["mean_away"] == pytest.approx(wide[away].to_numpy().mean())


def test_decibels_are_differences_and_a_loss_is_positive(
    table: pd.DataFrame, metrics: pd.DataFrame
) -> None:
    wide = scores_of(metrics, "psnr_db").loc["Institution-2"]
    row = row_of(table, "psnr_db", "Institution-2")
    loss = wide["Uni-m2"] - (wide["Uni-m1"] + wide["Uni-m3"]) / 2
    assert row["difference_db"] == pytest.approx(loss.mean())
    assert row["p"] == pytest.approx(stats.ttest_1samp(loss, 0).pvalue)
    assert row[["log_ratio", "percent"]].isna().all()


def test_overall_is_welchs_test_of_two_institutions() -> None:
    """A second source: with two institutions the sum of the losses is a difference of two means.

    Welch's test of x against -y has the same t and degrees of freedom as the mean of x and y.
    """
    sets = {"uni-1": NAMES[:1], "uni-2": NAMES[1:2]}
    config = study(cohort={"dataset": "b", "development": NAMES[:2]}, grid={"training_sets": sets})
    metrics = simulated_metrics(config)
    wide = np.log(scores_of(metrics, "mae"))
    first = (wide["Uni-m2"] - wide["Uni-m1"]).loc["Institution-1"]
    second = (wide["Uni-m1"] - wide["Uni-m2"]).loc["Institution-2"]
    welch = stats.ttest_ind(first, -second, equal_var=False)
    row = row_of(transfer(ScoredStudy(config, metrics)), "mae", OVERALL)
    assert row[["t", "df", "p"]].tolist() == pytest.approx(
        [welch.statistic, welch.df, welch.pvalue]
    )
    assert row["log_ratio"] == pytest.approx((first.mean() + second.mean()) / 2)
    interval = [100 * math.expm1(bound / 2) for bound in welch.confidence_interval()]
    assert row[["ci95_low", "ci95_high"]].tolist() == pytest.approx(interval)
    assert row["n"] == len(first) + len(second)


def test_swapping_home_and_away_changes_the_sign_alone(metrics: pd.DataFrame) -> None:
    config = study(grid={"normalizations": ["min_max"]})
    metrics = metrics[metrics["normalization"] == "min_max"]
    names = {"Uni-m1": "Uni-m2", "Uni-m2": "Uni-m1"}
    here = metrics["institution"] == "Institution-1"
    swapped = metrics.copy()
    for column in ("mae", "psnr_db"):
        values = metrics[here].set_index(["model", "scaling", "patient_id"])[column]
        keys = metrics.loc[here, ["model", "scaling", "patient_id"]].replace({"model": names})
        swapped.loc[here, column] = values.loc[list(keys.itertuples(index=False))].to_numpy()
    one, other = (transfer(ScoredStudy(config, m)) for m in (metrics, swapped))
    for metric, column in (("mae", "log_ratio"), ("psnr_db", "difference_db")):
        pair = {"family": "H-pair", "metric": metric, "institution": "Institution-1"}
        chosen = (where(t, pair | {"model_away": "Uni-m2"}).iloc[0] for t in (one, other))
        first, second = chosen
        assert first[column] == pytest.approx(-second[column])
        assert first["p"] == pytest.approx(second["p"])


def test_a_patients_difficulty_cancels(metrics: pd.DataFrame) -> None:
    """What makes every error of a patient larger is no loss by transfer."""
    factors = metrics["patient_id"].map(lambda name: 1 + int(name) / 7)
    harder = metrics.assign(mae=metrics["mae"] * factors)
    one, other = (transfer(ScoredStudy(study(), m)) for m in (metrics, harder))
    for table in (one, other):
        assert table["log_ratio"].notna().sum() == (table["metric"] == "mae").sum()
    assert one["log_ratio"].to_numpy() == pytest.approx(other["log_ratio"].to_numpy(), nan_ok=True)
    assert not np.allclose(one["mean_home"], other["mean_home"])


def test_holm_within_family_and_metric(table: pd.DataFrame) -> None:
    for _, tests in table.groupby(["family", "metric"]):
        expected = multipletests(tests["p"], method="holm")[1]
        assert tests["p_holm"].to_numpy() == pytest.approx(expected)
    counts = table.groupby(["family", "metric"]).size().to_dict()
    assert counts == {
        **{("H", metric): 2 * 4 for metric in ("mae", "psnr_db")},
        **{("H-pair", metric): 2 * 6 for metric in ("mae", "psnr_db")},
    }


def test_pairs_are_what_the_mean_is_of(table: pd.DataFrame) -> None:
    means = table.query("family == 'H' and metric == 'mae' and institution != @OVERALL")
    pairs = table.query("family == 'H-pair' and metric == 'mae'")
    by_pair = pairs.groupby(["normalization", "institution"])["log_ratio"].mean()
    expected = means.set_index(["normalization", "institution"])["log_ratio"]
    assert by_pair.loc[expected.index].to_numpy() == pytest.approx(expected.to_numpy())


def test_a_pooled_model_comes_as_a_guest_where_it_was_not_trained() -> None:
    sets = {f"uni-{k}": [name] for k, name in enumerate(NAMES[:3])} | {"duo": NAMES[:2]}
    config = study(grid={"training_sets": sets, "normalizations": ["min_max"]})
    table = transfer(ScoredStudy(config, simulated_metrics(config)))
    guests = table.query("metric == 'mae' and model_away.str.contains('Duo')")
    assert guests[["family", "institution", "model_home"]].to_numpy().tolist() == [
        ["H-pair", "Institution-3", "Uni-m3"]
    ]


def test_without_another_model_there_is_nothing_to_compare(metrics: pd.DataFrame) -> None:
    sets = {"uni-1": NAMES[:1], "tri": NAMES[:3]}
    config = study(grid={"training_sets": sets})
    table = transfer(ScoredStudy(config, simulated_metrics(config)))
    assert table.empty
    assert transfer_text(table) == ""


def test_models_that_are_not_scored_have_a_reason(metrics: pd.DataFrame) -> None:
    table = transfer(ScoredStudy(study(), metrics[metrics["model"] != "Uni-m1"]))
    of_group = table.query("normalization == 'min_max' and family == 'H' and metric == 'mae'")
    empty = of_group[of_group["p"].isna()]
    assert empty["institution"].tolist() == [*NAMES[:3], OVERALL]
    assert empty[["percent", "ci95_low", "p_holm"]].isna().all(axis=None)
    assert empty["reason"].tolist() == [
        *["no patient has a score of all models"] * 3,
        "no value for Institution-1, Institution-2, Institution-3",
    ]
    assert table.query("normalization == 'z_score'")["p"].notna().all()
    assert "not known: no value for Institution-1" in transfer_text(table)


def test_no_score_at_all(metrics: pd.DataFrame) -> None:
    table = transfer(ScoredStudy(study(), metrics.head(0)))
    assert len(table) == 2 * 2 * (4 + 6)
    assert (table["n"] == 0).all()
    assert (table["reason"] != "").all()


def test_single_patients_have_a_loss_and_no_test() -> None:
    sizes = dict.fromkeys(NAMES, 2) | {"Institution-2": 1}
    config = study()
    table = transfer(ScoredStudy(config, simulated_metrics(config, sizes)))
    single, total = (row_of(table, "mae", name) for name in ("Institution-2", OVERALL))
    assert single["reason"] == "a single patient: no test"
    assert total["reason"] == "a single patient of Institution-2: no test"
    assert math.isfinite(single["percent"])
    assert math.isfinite(total["percent"])
    assert math.isnan(total["ci95_low"])
    text = transfer_text(table)
    assert "(no interval) on 5 held-out patients of 3 institutions: a single patient of" in text


def test_scores_that_have_no_logarithm_are_missing(metrics: pd.DataFrame) -> None:
    """An MAE of 0 comes with an infinite PSNR; neither is a score of that patient."""
    one = (metrics["model"] == "Uni-m2") & (metrics["patient_id"] == "100")
    perfect = metrics.assign(
        mae=metrics["mae"].mask(one, 0.0), psnr_db=metrics["psnr_db"].mask(one, math.inf)
    )
    table = transfer(ScoredStudy(study(), perfect))
    for metric in ("mae", "psnr_db"):
        row = row_of(table, metric, "Institution-1")
        assert (row["n"], row["n_dropped"]) == (SMALL_SIZES["Institution-1"] - 1, 1)


def test_identical_models(metrics: pd.DataFrame) -> None:
    same = metrics.assign(mae=0.03, psnr_db=30.0)
    table = transfer(ScoredStudy(study(), same))
    assert (table["p"] == 1).all()
    assert (table[["ci95_low", "ci95_high", "t"]] == 0).all(axis=None)
    assert (table["reason"] == "identical scores in every patient: p is 1 by definition").all()


def test_the_same_loss_in_every_patient_has_no_test(metrics: pd.DataFrame) -> None:
    cross = metrics["cohort"] == "cross"
    mae, psnr = (pd.Series(value, metrics.index) for value in (0.03, 30.0))
    worse = metrics.assign(mae=mae.mask(cross, 0.06), psnr_db=psnr.mask(cross, 29.0))
    table = transfer(ScoredStudy(study(), worse))
    assert table["p"].isna().all()
    assert (table["reason"] == "the loss is the same in every patient: t is not defined").all()
    assert table["percent"].dropna().to_numpy() == pytest.approx(100)
    assert table["difference_db"].dropna().to_numpy() == pytest.approx(1)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.4, "models trained elsewhere are worse"),
        (0.7, "models trained elsewhere are better"),
        (1.0, "not shown, the interval holds 0"),
    ],
)
def test_the_sentence_says_direction_and_certainty(
    metrics: pd.DataFrame, factor: float, said: str
) -> None:
    cross = metrics["cohort"] == "cross"
    table = transfer(
        ScoredStudy(
            study(), metrics.assign(mae=metrics["mae"].where(~cross, metrics["mae"] * factor))
        )
    )
    (line,) = (
        line for line in transfer_text(table).splitlines() if "(MAE, mmgsn_net, Min-Max)" in line
    )
    row = row_of(table, "mae", OVERALL)
    assert line == (
        "- Loss by transfer alone, on the same patients (MAE, mmgsn_net, Min-Max): "
        f"{row['percent']:.2f} % [{row['ci95_low']:.2f}, {row['ci95_high']:.2f}] on 15 held-out "
        f"patients of 3 institutions: {said}"
    )


def test_seeds_are_averaged_first(tmp_path: Path) -> None:
    config = study(grid={"seeds": [1, 2], "normalizations": ["min_max"]})
    metrics = simulated_metrics(config)
    wide = scores_of(metrics, "mae").loc["Institution-1"]  # pivot_table averages the seeds
    ratio = (wide["Uni-m2"] * wide["Uni-m3"]) ** 0.5 / wide["Uni-m1"]
    row = row_of(transfer(ScoredStudy(config, metrics)), "mae", "Institution-1")
    assert row["percent"] == pytest.approx(100 * (stats.gmean(ratio) - 1))
