"""rank_tests.csv: by each metric, whether models differ at all, and how stable the ranking is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gfce.contract.columns import REASON, N, probability
from gfce.contract.table import Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.rank_pairs import Pairs, all_pairs
from gfce.statistics.inference.ranking import Ranking
from gfce.statistics.methods.kendall import AT_MOST, percentile_interval, tau_b, tau_column
from gfce.statistics.methods.patients import Array
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable


def rank_tests(study: ScoredStudy) -> pd.DataFrame:
    """A row for each metric."""
    rows = [_row(ranking, pairs) for ranking, pairs in study.once(all_pairs)]
    return TABLE.with_whole_numbers(TABLE.frame(rows))


def _row(ranking: Ranking, pairs: Pairs) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": ranking.metric.name, "n_models": len(ranking.labels)}
    row |= {"n": len(ranking.all_losses), "n_dropped": ranking.n_dropped}
    if ranking.reason:
        return row | {"reason": ranking.reason}
    row |= {"first": ";".join(np.array(ranking.labels)[ranking.ranks == 1])}
    row |= {"n_pairs": len(pairs.first), "n_differ": int(pairs.differ.sum())}
    row |= {"n_against_ranks": int(against_ranks(ranking, pairs).sum())}
    return row | iman_davenport(ranking.all_losses) | _stability(ranking)


def iman_davenport(losses: Array) -> dict[str, Any]:
    """Friedman's test with the F of Iman and Davenport (1980); blocks are the patients.

    chi² of Friedman (1937) with Conover's (1999, section 5.8) correction for ties
    (`scipy.stats.friedmanchisquare`); of k models and n patients,

        F = (n - 1) chi² / (n (k - 1) - chi²), with k - 1 and (k - 1)(n - 1) degrees of freedom.

    What all models have in common, as how hard a hospital is, cancels in the ranks within a
    patient: so patients of several institutions, which are fixed, are blocks of one test. If all
    patients order the models alike the denominator is 0: then F is infinite (empty) and p is
    (1 / k!)^(n - 1), as Conover (1999) gives it.

    Args:
        losses: (patient, model).
    """
    n, k = losses.shape
    if n < 2 or k < 3:
        return {"reason": "Friedman's test needs two patients and three models"}
    if (losses == losses[:, :1]).all():
        return {"reason": "all models have the same scores: Friedman's test is not defined"}
    chi2 = float(stats.friedmanchisquare(*losses.T).statistic)
    degrees = {"friedman_chi2": chi2, "df1": k - 1, "df2": (k - 1) * (n - 1)}
    if math.isclose(chi2, n * (k - 1)):
        p = math.exp(-(n - 1) * math.lgamma(k + 1))
        return degrees | {"p": p, "reason": "all patients order the models alike: F is infinite"}
    f = f_of_chi2(chi2, n, k)
    return degrees | {"f": f, "p": float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))}


def f_of_chi2(chi2: float, n: int, k: int) -> float:
    """F of Iman and Davenport (1980) from Friedman's chi² of n patients and k models."""
    return (n - 1) * chi2 / (n * (k - 1) - chi2)


def against_ranks(ranking: Ranking, pairs: Pairs) -> NDArray[np.bool_]:
    """Which of the pairs that Wilcoxon's test tells apart it orders otherwise than their Overalls.

    It may, because it weighs patients equally and the Overall institutions.
    """
    overalls, losses = ranking.overall_losses, ranking.all_losses
    first, second = pairs.first[pairs.differ], pairs.second[pairs.differ]
    differences = losses[:, first] - losses[:, second]
    signed_ranks = np.sign(differences) * stats.rankdata(np.abs(differences), axis=0)
    return signed_ranks.sum(axis=0) * (overalls[first] - overalls[second]) < 0


def _stability(ranking: Ranking) -> dict[str, Any]:
    """Kendall's tau-b of the ranking with that of each resample (Wiesenfarth et al. 2021)."""
    taus = tau_b(ranking.overall_losses, ranking.resampled[:AT_MOST])
    low, high = percentile_interval(taus)
    known = taus[np.isfinite(taus)]
    median = float(np.median(known)) if len(known) else math.nan
    return {"tau_median": median, "bootstrap_low": low, "bootstrap_high": high}


def _number(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, minimum=0)


TABLE = StudyTable(
    name="statistics/rank_tests",
    title="Whether models differ, by metric",
    key=("metric",),
    columns=(
        METRIC,
        _number("n_models", "Models with an external Overall"),
        N,
        _number("n_dropped", "External patients left out because a model lacks a score"),
        Column("friedman_chi2", "number", "Friedman's chi², corrected for ties", minimum=0),
        Column("f", "number", "F of Iman and Davenport", minimum=0),
        _number("df1", "Its degrees of freedom, n_models - 1"),
        _number("df2", "(n_models - 1)(n - 1)"),
        probability("p", "p that all models are alike in all patients"),
        Column("first", "string", "Models of rank 1, parted by semicolons"),
        _number("n_pairs", "Pairs of models"),
        _number("n_differ", "Pairs that Wilcoxon's test tells apart (Holm)"),
        _number("n_against_ranks", "Those of them whose Overalls have the other order"),
        tau_column("tau_median", "Median of Kendall's tau-b of the ranking and those of resamples"),
        tau_column("bootstrap_low", "2.5th percentile of this tau"),
        tau_column("bootstrap_high", "97.5th percentile of it"),
        REASON,
    ),
    make=rank_tests,
)
