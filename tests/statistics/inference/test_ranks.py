"""Ranks of the models on the external patients, their groups and their intervals."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study

from gfce.config import StudyConfig
from gfce.evaluation.metrics import METRICS, metric_named
from gfce.files import write_csv
from gfce.statistics.inference.rank_agreement import rank_agreement
from gfce.statistics.inference.rank_groups import groups_of, letters_of, rank_intervals
from gfce.statistics.inference.rank_pairs import Pairs, rank_pairs
from gfce.statistics.inference.rank_tests import rank_tests
from gfce.statistics.inference.ranks import percentiles, ranks, ranks_text
from gfce.statistics.scored_study import ScoredStudy


def matrix(size: int, *pairs: tuple[int, int]) -> np.ndarray:
    differs = np.zeros((size, size), dtype=bool)
    for i, j in pairs:
        differs[i, j] = differs[j, i] = True
    return differs


def letters(size: int, *pairs: tuple[int, int]) -> list[str]:
    groups = groups_of(matrix(size, *pairs))
    assert groups is not None
    return letters_of(groups, size)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ((), ["a", "a", "a", "a"]),
        (((0, 3),), ["a", "ab", "ab", "b"]),
        (((0, 2), (0, 3), (1, 3)), ["a", "ab", "bc", "c"]),
        (((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)), ["a", "b", "c", "d"]),
        (((0, 1), (1, 2), (1, 3)), ["a", "b", "a", "a"]),  # the second differs from all others
    ],
)
def test_letters_by_hand(pairs: tuple[tuple[int, int], ...], expected: list[str]) -> None:
    assert letters(4, *pairs) == expected


def test_models_share_a_letter_exactly_if_they_do_not_differ(rng: np.random.Generator) -> None:
    for _ in range(200):
        size = int(rng.integers(2, 9))
        differs = np.triu(rng.random((size, size)) < rng.random(), 1)
        differs |= differs.T
        groups = groups_of(differs)
        assert groups is not None
        shown = letters_of(groups, size)
        for i, j in combinations(range(size), 2):
            assert bool(set(shown[i]) & set(shown[j])) != differs[i, j]
        assert all(shown)


def test_more_groups_than_letters_are_none() -> None:
    """Of 12 models in 4 triples whose members differ there are 3 ** 4 groups."""
    triples = [(i, j) for t in range(4) for i, j in combinations(range(3 * t, 3 * t + 3), 2)]
    assert groups_of(matrix(12, *triples)) is None


def test_rank_intervals_by_hand() -> None:
    """A before C; of three models nothing else is known."""
    first, second = np.triu_indices(3, 1)
    nan, p = np.full(3, np.nan), np.array([0.3, 0.01, 0.3])
    pairs = Pairs(first, second, np.array([-1.0, -2.0, -1.0]), nan, nan, nan, p, nan, nan)
    low, high = rank_intervals(pairs, 3)
    assert low.tolist() == [1, 1, 2]
    assert high.tolist() == [2, 3, 3]


def test_percentiles_of_ranks_are_ranks() -> None:
    resampled = np.repeat([[1, 2], [2, 1]], [97, 3], axis=0)
    assert percentiles(resampled).tolist() == [[1, 1], [2, 2]]
    assert percentiles(resampled[:98]).tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize("name", ["mae", "ssim"])
def test_ranks_are_those_of_the_printed_overalls(
    config: StudyConfig, metrics: pd.DataFrame, name: str
) -> None:
    scored = ScoredStudy(config, metrics)
    metric = metric_named(name)
    overalls = scored.rows.query("testing == 'Overall' and cohort == 'external'")
    expected = overalls.sort_values(metric.mean, ascending=not metric.higher_is_better)
    table = ranks(scored).query("metric == @name")
    assert table["model"].tolist() == expected["model"].tolist()
    assert table["overall"].tolist() == expected[metric.mean].tolist()
    assert table["rank"].tolist() == list(range(1, 9))
    assert (table["n"] == 16).all()


def test_what_is_left_open_holds_the_rank(config: StudyConfig, metrics: pd.DataFrame) -> None:
    table = ranks(ScoredStudy(config, metrics))
    assert table["rank"].between(table["ci95_low"], table["ci95_high"]).all()
    assert table["rank"].between(table["bootstrap_low"], table["bootstrap_high"]).all()
    assert table.groupby("metric")["first_share"].sum().to_numpy() == pytest.approx(1)
    assert table.groupby("metric")["mean_patient_rank"].mean().to_numpy() == pytest.approx(4.5)


def test_one_model_that_is_better_everywhere(config: StudyConfig, metrics: pd.DataFrame) -> None:
    metrics.loc[metrics["model"] == "Tri-Z", ["mae", "hfen"]] -= 10
    metrics.loc[metrics["model"] == "Uni-z2", "psnr_db"] += 100
    table = ranks(ScoredStudy(config, metrics))
    best = table[table["metric"] == "mae"].iloc[0]
    assert best["model"] == "Tri-Z"
    intervals = ["ci95_low", "ci95_high", "bootstrap_low", "bootstrap_high", "first_share"]
    assert best[intervals].tolist() == [1] * 5
    assert best["groups"] == "a"
    others = table[table["metric"] == "mae"].iloc[1:]
    assert others["apart_from_first"].all()
    assert (others["groups"] == "b").all()
    text = ranks_text(table).splitlines()
    assert "Tri-Z by MAE, HFEN" in text[0]
    assert "Uni-z2 by PSNR" in text[0]
    assert text[1:] == [
        "- MAE: Tri-Z is first of 8 (95 % interval of its rank: 1 to 1); patient by patient all "
        "others differ from it (ranks.csv)",
        "- PSNR: Uni-z2 is first of 8 (95 % interval of its rank: 1 to 1); patient by patient all "
        "others differ from it (ranks.csv)",
    ]


def test_the_first_by_all_metrics_is_named_once(metrics: pd.DataFrame) -> None:
    own = metrics["model"] == "Uni-m3"
    for metric in METRICS:
        metrics.loc[own, metric.name] += 1 if metric.higher_is_better else -1
    metrics.loc[metrics["model"] == "Uni-m1", "mae"] -= 1
    scores = metrics.assign(psnr_db=metrics["psnr_db"] + 50 * own, mae=metrics["mae"] - 2 * own)
    text = ranks_text(ranks(ScoredStudy(study(), scores))).splitlines()
    assert text[0] == "- First on the external patients by all 7 metrics: Uni-m3"


def test_models_with_the_same_scores_share_a_rank(metrics: pd.DataFrame) -> None:
    names = [metric.name for metric in METRICS]
    twin, other = (metrics["model"] == label for label in ("Uni-m1", "Uni-m2"))
    outside = metrics["cohort"] == "external"
    copied = metrics.loc[twin & outside, names].to_numpy()
    metrics.loc[other & outside, names] = copied
    table = ranks(ScoredStudy(study(), metrics)).set_index(["metric", "model"])
    for name in names:
        assert table.loc[(name, "Uni-m1"), "rank"] == table.loc[(name, "Uni-m2"), "rank"]


def test_a_model_that_is_not_scored_does_not_compete(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(), metrics[metrics["model"] != "Tri-M"])
    table = ranks(scored)
    last = table[table["metric"] == "mae"].iloc[-1]
    assert (last["model"], last["reason"]) == ("Tri-M", "no external Overall: see missing.csv")
    assert pd.isna(last["rank"])
    assert table["rank"].max() == 7
    assert "Tri-M" not in set(rank_pairs(scored)["model_a"])


def test_ranks_are_written_as_whole_numbers(metrics: pd.DataFrame, tmp_path: Path) -> None:
    """Also where a model has none, which would make them floats."""
    write_csv(ranks(ScoredStudy(study(), metrics[metrics["model"] != "Tri-M"])), tmp_path / "r")
    written = pd.read_csv(tmp_path / "r", dtype=str, keep_default_na=False)
    names = ["n", "rank", "ci95_low", "ci95_high", "bootstrap_low", "bootstrap_high"]
    assert set(written.loc[written["model"] == "Tri-M", names].to_numpy().ravel()) == {""}
    others = written.loc[written["model"] != "Tri-M", names].to_numpy().ravel()
    assert all(cell.isdigit() for cell in others)


def test_one_metric_that_is_not_defined_for_one_model(metrics: pd.DataFrame) -> None:
    metrics.loc[metrics["model"] == "Tri-M", "nmi"] = np.nan
    scored = ScoredStudy(study(), metrics)
    counts = rank_tests(scored).set_index("metric")["n_models"]
    assert (counts["mae"], counts["nmi"]) == (8, 7)
    agreement = rank_agreement(scored).set_index(["metric_a", "metric_b"])
    assert agreement.loc[("mae", "nmi"), "n_models"] == 7


@pytest.mark.parametrize("left", [[], ["Uni-z2"]])
def test_fewer_than_two_models_have_a_reason(metrics: pd.DataFrame, left: list[str]) -> None:
    scored = ScoredStudy(study(), metrics[metrics["model"].isin(left)])
    table = ranks(scored)
    assert len(table) == 8 * len(METRICS)
    assert table["rank"].isna().all()
    assert (table["reason"] != "").all()
    assert set(table.loc[table["model"].isin(left), "reason"]) <= {
        "a single model has an external Overall"
    }
    assert len(rank_pairs(scored)) == 0
    assert (rank_tests(scored)["reason"] != "").all()
    assert rank_agreement(scored)["reason"].str.startswith("fewer than two models").all()
    assert ranks_text(table) == ""


def test_without_external_institutions() -> None:
    names = ["Institution-1", "Institution-2"]
    config = study(cohort={"dataset": "bids", "development": names, "external": []})
    scored = ScoredStudy(config, simulated_metrics(config))
    assert set(ranks(scored)["reason"]) == {"no external institution"}
    assert (rank_tests(scored)["reason"] != "").all()


def test_a_hospital_with_one_patient(metrics: pd.DataFrame) -> None:
    few = (metrics["institution"] != "Institution-7") | (metrics["patient_id"] == "700")
    scored = ScoredStudy(study(), metrics[few])
    table = ranks(scored)
    assert table["rank"].notna().all()
    assert table[["ci95_low", "bootstrap_low", "first_share"]].isna().all(axis=None)
    assert set(table["reason"]) == {
        "no interval: an institution has fewer than two patients to test; "
        "not resampled: an institution has fewer than two patients"
    }
    assert rank_agreement(scored)["tau"].notna().all()
    assert rank_agreement(scored)["reason"].str.startswith("not resampled").all()
    assert "first of 8; " in ranks_text(table)
