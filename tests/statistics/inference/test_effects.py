"""Intervals of drops and improvements against scipy's own bootstrap and hand-made cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from samples_of_scores import PAPER_SIZES, simulated_metrics, study
from scipy import stats

from gfce.config import StudyConfig
from gfce.contract.columns import OVERALL
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.design import Model, models
from gfce.statistics.inference.drops import drop_intervals
from gfce.statistics.inference.effects import (
    Difference,
    Drop,
    Effect,
    Improvement,
    OverallDrop,
    estimates,
)
from gfce.statistics.inference.improvements import improvement_intervals
from gfce.statistics.inference.intervals import BOOTSTRAP, DELTA
from gfce.statistics.methods.bootstrap import _draw, _resampled_means, bca_intervals
from gfce.statistics.methods.patients import Estimator, Patients
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.table4_improvements import improvements
from gfce.statistics.tables.table5_drops import drops

ONE_EXTERNAL = {"dataset": "b", "development": ["Institution-1"], "external": ["Institution-4"]}


def with_resamples(resamples: int, **changes: object) -> StudyConfig:
    return study(statistics={"bootstrap_resamples": resamples}, **changes)


def scored(metrics: pd.DataFrame, resamples: int = 199, **changes: object) -> ScoredStudy:
    return ScoredStudy(with_resamples(resamples, **changes), metrics)


def models_of(effect: Effect) -> tuple[Model, ...]:
    """The models that an effect is said to be of."""
    match effect:
        case Drop(model=model) | Improvement(model=model):
            return (model,)
        case OverallDrop(unis=unis):
            return unis
        case Difference(first=first, second=second):
            return (*first, *second)
    raise AssertionError(effect)


def test_a_single_drop_is_scipys_bootstrap_of_the_patients() -> None:
    config = with_resamples(4999, cohort=ONE_EXTERNAL)
    metrics = simulated_metrics(config, PAPER_SIZES)
    scored_study = ScoredStudy(config, metrics)
    found = estimates(scored_study)
    row = next(r for r in found.itertuples() if isinstance(r.effect, Drop))
    assert row.method == BOOTSTRAP
    assert row.effect.metric == MAE
    own = scored_study.scores.query("model == 'Uni-m1'")
    samples = [own.loc[own["institution"] == f"Institution-{i}", "mae"] for i in (1, 4)]

    def drop(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        return np.asarray(100 * (b.mean(axis=axis) - a.mean(axis=axis)) / a.mean(axis=axis))

    confidence = 1 - 2 * stats.norm.sf(stats.t.isf(0.025, satterthwaite(samples)))
    other = stats.bootstrap(
        samples, drop, n_resamples=4999, confidence_level=confidence, rng=np.random.default_rng(1)
    )
    width = other.confidence_interval.high - other.confidence_interval.low
    # Monte-Carlo error, and scipy's 18 draws of 18 for our 17: a width smaller by 3 %.
    assert row.ci95_low == pytest.approx(other.confidence_interval.low, abs=0.06 * width)
    assert row.ci95_high == pytest.approx(other.confidence_interval.high, abs=0.06 * width)


def satterthwaite(samples: Sequence[pd.Series[float]]) -> float:
    """Welch's df of a drop: the delta method turns its means into a difference of means."""
    internal, external = samples
    scaled = [internal * external.mean() / internal.mean(), external]
    return float(stats.ttest_ind(*scaled, equal_var=False).df)


def bca_by_hand(
    replicates: NDArray[np.float64], estimate: float, jackknife: list[NDArray[np.float64]]
) -> list[float]:
    """Efron and Tibshirani (1993), eq. 14.10, 14.14; several samples: Davison and Hinkley 5.3.2.

    Student's levels: Hesterberg (2015).
    """
    z0 = stats.norm.ppf((np.mean(replicates < estimate) + np.mean(replicates <= estimate)) / 2)
    influence = [(len(j) - 1) * (j.mean() - j) for j in jackknife]
    cubes = sum((u**3).sum() / len(u) ** 3 for u in influence)
    sums = sum((u**2).sum() / len(u) ** 2 for u in influence)
    a = cubes / (6 * sums**1.5)
    variances = [(u**2).sum() / len(u) / (len(u) - 1) for u in influence]
    squares = [v**2 / (len(u) - 1) for v, u in zip(variances, influence, strict=True)]
    df = sum(variances) ** 2 / sum(squares)
    levels = [
        stats.norm.cdf(z0 + (z0 + t) / (1 - a * (z0 + t))) for t in stats.t.ppf([0.025, 0.975], df)
    ]
    return [float(np.quantile(replicates, level)) for level in levels]


def test_a_drop_has_the_interval_worked_by_the_book() -> None:
    config = with_resamples(999, cohort=ONE_EXTERNAL)
    sizes = {"Institution-1": 9, "Institution-4": 7}
    scores = ScoredStudy(config, simulated_metrics(config, sizes)).scores
    patients = Patients.of(scores, models(config)[:1])
    model = patients.models[0]
    low, high = bca_intervals(Estimator(patients, lambda s: [s.drop(model, MAE)]), 999, seed=5)
    own = scores[scores["model"] == "Uni-m1"].sort_values("patient_id")
    a, b = (own.loc[own["institution"] == f"Institution-{i}", "mae"].to_numpy() for i in (1, 4))
    rng = np.random.default_rng(5)
    drawn_a, drawn_b = a[rng.integers(0, 9, (999, 8))], b[rng.integers(0, 7, (999, 6))]
    replicates = 100 * (drawn_b.mean(axis=1) / drawn_a.mean(axis=1) - 1)
    jackknife = [
        np.array([100 * (b.mean() / np.delete(a, i).mean() - 1) for i in range(9)]),
        np.array([100 * (np.delete(b, i).mean() / a.mean() - 1) for i in range(7)]),
    ]
    estimate = 100 * (b.mean() / a.mean() - 1)
    expected = bca_by_hand(replicates, estimate, jackknife)
    assert [low[0], high[0]] == pytest.approx(expected, rel=1e-6)


def test_replicates_have_the_variance_of_the_mean(rng: np.random.Generator) -> None:
    """Rao and Wu (1988): n - 1 draws give s^2 / n, n draws only (n - 1) / n of it."""
    matrix = rng.normal(size=(5, 1))
    (drawn,) = _draw([5], 200_000, np.random.default_rng(0))
    variance = _resampled_means(matrix, drawn).var()
    assert variance == pytest.approx(matrix.var(ddof=1) / 5, rel=0.02)


def test_point_estimates_are_those_of_tables_4_and_5_to_the_last_bit(
    metrics: pd.DataFrame,
) -> None:
    scored_study = scored(metrics, 99)
    found = drop_intervals(scored_study).query("metric == 'mae'")
    for row in drops(scored_study.means, scored_study.models).to_dict("records"):
        same = (found["model"] == row["model"]) & (found["normalization"] == row["normalization"])
        assert found.loc[same, "drop_pct"].item() == row["mae_drop_pct"]
    table = improvements(scored_study.means, scored_study.models).set_index("model")
    for row in improvement_intervals(scored_study).query("metric == 'psnr_db'").itertuples():
        assert row.improvement_pct == table.loc[row.model, "psnr_improvement_pct"]


def test_drops_hold_pooled_models_and_overalls(metrics: pd.DataFrame) -> None:
    scored_study = scored(metrics, 99)
    table = drop_intervals(scored_study)
    mae = table[table["metric"] == "mae"]
    assert mae["model"].tolist() == [model.label for model in scored_study.models] + [OVERALL] * 2
    assert (table["method"] == DELTA).all()  # an institution has three patients
    inside = table["drop_pct"].between(table["ci95_low"], table["ci95_high"])
    assert inside.all()
    single = mae[mae["model"] != OVERALL]
    expected = 100 * (single["external_mean"] / single["internal_mean"] - 1)
    np.testing.assert_allclose(single["drop_pct"], expected)


def test_intervals_are_seeded_from_the_config() -> None:
    metrics = simulated_metrics(study(), PAPER_SIZES)
    one, again = estimates(scored(metrics)), estimates(scored(metrics))
    other = estimates(scored(metrics, seed=1))
    assert one["ci95_low"].equals(again["ci95_low"])
    assert not one["ci95_low"].equals(other["ci95_low"])
    assert one["value"].equals(other["value"])


def test_a_single_patient_institution_takes_intervals_from_what_depends_on_it() -> None:
    sizes = PAPER_SIZES | {"Institution-2": 1}
    found = estimates(scored(simulated_metrics(study(), sizes)))
    for row in found.itertuples():
        labels = {model.label for model in models_of(row.effect)}
        is_drop = not isinstance(row.effect, Improvement)
        depends = is_drop and bool(labels & {"Uni-m2", "Uni-z2", "Tri-M", "Tri-Z"})
        assert math.isnan(row.ci95_low) == depends
        assert ("single patient" in row.reason) == depends
        assert not math.isnan(row.value)


def test_all_institutions_of_one_patient() -> None:
    found = estimates(scored(simulated_metrics(study(), dict.fromkeys(PAPER_SIZES, 1))))
    assert found["ci95_low"].isna().all()
    assert found["value"].notna().all()


def test_scores_without_spread_have_no_interval(metrics: pd.DataFrame) -> None:
    flat = metrics.assign(psnr_db=metrics["cohort"].map({"internal": 32.0, "external": 28.0}))
    table = drop_intervals(scored(flat))
    psnr = table[table["metric"] == "psnr_db"]
    np.testing.assert_allclose(psnr["drop_pct"], 12.5)
    assert psnr["ci95_low"].isna().all()
    assert (psnr["method"] == "none").all()
    assert psnr["reason"].str.contains("no spread").all()
    assert table.loc[table["metric"] == "mae", "ci95_low"].notna().all()


def test_an_unscored_model_has_no_effect_and_hurts_no_other(metrics: pd.DataFrame) -> None:
    full = estimates(scored(metrics))
    part = estimates(scored(metrics[metrics["model"] != "Uni-m2"]))
    for one, other in zip(full.itertuples(), part.itertuples(), strict=True):
        labels = {model.label for model in models_of(one.effect)}
        if isinstance(one.effect, Improvement) and labels == {"Tri-M"}:
            labels.add("Uni-m2")
        assert math.isnan(other.value) == ("Uni-m2" in labels)
        if "Uni-m2" not in labels:
            assert other.value == one.value
            assert other.ci95_low == pytest.approx(one.ci95_low)


def test_nothing_scored(metrics: pd.DataFrame) -> None:
    found = estimates(scored(metrics.iloc[:0]))
    assert found[["value", "ci95_low"]].isna().all(axis=None)
    assert found["reason"].str.startswith("not every mean").all()


def test_a_missing_patient_of_one_model_is_left_out(metrics: pd.DataFrame) -> None:
    gone = (metrics["model"] == "Uni-m1") & (metrics["patient_id"] == "400")
    scored_study = scored(metrics[~gone])
    assert scored_study.once(estimates)["ci95_low"].notna().all()
    row = drop_intervals(scored_study).iloc[0]
    rows = scored_study.rows.query("model == 'Uni-m1'").set_index("testing")
    assert row["external_mean"] == rows.loc[OVERALL, "mae_mean"]
    assert row["ci95_low"] < row["drop_pct"] < row["ci95_high"]


def test_a_model_scored_on_one_patient_of_an_institution_has_no_interval(
    metrics: pd.DataFrame,
) -> None:
    gone = (metrics["model"] == "Uni-m1") & metrics["patient_id"].isin(["401", "402", "403"])
    table = drop_intervals(scored(metrics[~gone]))
    of_mae = table.query("metric == 'mae'").set_index("model")
    assert math.isnan(of_mae.loc["Uni-m1", "ci95_low"])
    assert not math.isnan(of_mae.loc["Uni-m2", "ci95_low"])


def test_coverage_of_the_bca_interval_is_near_nominal() -> None:
    """Few repeats, for a broken interval; the figures of record come from the benchmark."""
    config = with_resamples(399, cohort=ONE_EXTERNAL, grid={"normalizations": ["min_max"]})
    rng, hits, repeats = np.random.default_rng(3), 0, 120
    metrics = simulated_metrics(config, {"Institution-1": 18, "Institution-4": 43})
    patients = Patients.of(ScoredStudy(config, metrics).scores, models(config))
    model = patients.models[0]
    for repeat in range(repeats):
        internal = rng.normal(25, 4, size=(18, len(METRICS)))
        external = rng.normal(40, 8, size=(43, len(METRICS)))
        drawn = Patients([model], {"Institution-1": internal, "Institution-4": external})
        low, high = bca_intervals(Estimator(drawn, lambda s: [s.drop(model, MAE)]), 399, repeat)
        hits += low[0] <= 60.0 <= high[0]
    assert 0.86 < hits / repeats < 1.0


def test_the_smallest_institution_of_an_effect_decides_on_its_method() -> None:
    """Internal institutions of 4, 5 and 6; improvements are of the external ones, of 5 and more."""
    sizes = dict(zip(PAPER_SIZES, (4, 5, 6, 5, 5, 6, 7), strict=True))
    found = estimates(scored(simulated_metrics(study(), sizes)))
    for row in found.itertuples():
        labels = {model.label for model in models_of(row.effect)}
        is_improvement = isinstance(row.effect, Improvement)
        few = not is_improvement and bool(labels & {"Uni-m1", "Uni-z1", "Tri-M", "Tri-Z"})
        assert row.method == (DELTA if few else BOOTSTRAP)
        assert row.ci95_low < row.value < row.ci95_high


def test_who_an_effect_is_made_of() -> None:
    found = estimates(scored(simulated_metrics(study(), PAPER_SIZES)))
    for row in found.itertuples():
        sizes = (row.n_patients, row.n_institutions)
        match row.effect:
            case Drop(model=model):
                assert sizes == ((97, 7) if model.is_pooled else (61, 5))
            case Improvement():
                assert sizes == (43, 4)
            case _:
                assert sizes == (97, 7)


def test_drops_on_the_metrics_own_scales(metrics: pd.DataFrame) -> None:
    table = drop_intervals(scored(metrics))
    errors = table["metric"].isin(["mae", "nmse", "hfen"])
    single = table["model"] != OVERALL
    ratio = table["external_mean"] / table["internal_mean"]
    np.testing.assert_allclose(table.loc[errors & single, "ratio"], ratio[errors & single])
    np.testing.assert_allclose(table.loc[errors, "log_ratio"], np.log(table.loc[errors, "ratio"]))
    lost = table["internal_mean"] - table["external_mean"]
    np.testing.assert_allclose(table.loc[~errors & single, "difference"], lost[~errors & single])
    assert table.loc[~errors, ["ratio", "log_ratio"]].isna().all(axis=None)
    assert table.loc[errors, "difference"].isna().all()
    overall = table.query("metric == 'mae' and model == 'Overall'")["ratio"].iloc[0]
    assert overall == pytest.approx(stats.gmean(ratio[:3]))


def test_improvements_on_the_metrics_own_scales(metrics: pd.DataFrame) -> None:
    table = improvement_intervals(scored(metrics)).set_index(["model", "metric"])
    mae, psnr = table.loc[("Tri-M", "mae")], table.loc[("Tri-M", "psnr_db")]
    assert mae["ratio"] == pytest.approx(mae["uni_external_mean"] / mae["external_mean"])
    assert mae["log_ratio_ci95_low"] < np.log(mae["ratio"]) < mae["log_ratio_ci95_high"]
    gain = psnr["external_mean"] - psnr["uni_external_mean"]
    assert psnr["difference"] == pytest.approx(gain)


def test_the_log_scale_can_turn_a_comparison_of_drops_round(metrics: pd.DataFrame) -> None:
    """Drops of 0, 0, 300 % and thrice 90 %: means 100 and 90 %, geometric ratios 1.59 and 1.9."""
    ratios = dict.fromkeys(["Uni-z1", "Uni-z2", "Uni-z3"], 1.9)
    ratios |= {"Uni-m1": 1.0, "Uni-m2": 1.0, "Uni-m3": 4.0}
    factor = metrics["model"].map(ratios).fillna(1).where(metrics["cohort"] == "external", 1.0)
    found = estimates(scored(metrics.assign(mae=0.02 * factor)))
    values = [
        row.value
        for row in found.itertuples()
        if isinstance(row.effect, Difference) and row.effect.metric == MAE
    ]
    assert values == pytest.approx([10, np.log(4) / 3 - np.log(1.9)])


def test_a_study_without_external_institutions(metrics: pd.DataFrame) -> None:
    alone = {"dataset": "b", "development": ["Institution-1", "Institution-2"], "external": []}
    inside = metrics[metrics["cohort"] == "internal"]
    found = estimates(scored(inside, cohort=alone))
    assert set(found["reason"]) == {"no external institution"}
