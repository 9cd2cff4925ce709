"""rank_pairs.csv: every pair of competing models, from which groups and rank intervals follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gfce.contract.columns import MODEL_A, MODEL_B, REASON, N, probability
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.paired_tests import holm
from gfce.statistics.inference.ranking import Ranking, rankings
from gfce.statistics.methods.bootstrap import Indices
from gfce.statistics.methods.patients import Array
from gfce.statistics.methods.student import IDENTICAL, ROUNDING
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable

LEVEL = 0.05
"""Of the tests of all pairs of models together (family-wise)."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Tests of all pairs of models by one metric; arrays (pair), NaN where not defined.

    Attributes:
        first: index of the model a of each pair.
        second: that of model b, later in the grid.
        difference: Overall loss of a less that of b, over the patients of both.
        t: Student's t of this difference.
        df: its degrees of freedom.
        p: its two-sided p.
        p_holm: adjusted for both directions of all pairs.
        wilcoxon_p: of Wilcoxon's signed-rank test over all patients.
        wilcoxon_p_holm: adjusted for all pairs.
    """

    first: Indices
    second: Indices
    difference: Array
    t: Array
    df: Array
    p: Array
    p_holm: Array
    wilcoxon_p: Array
    wilcoxon_p_holm: Array

    @property
    def differ(self) -> NDArray[np.bool_]:
        """Which pairs Wilcoxon's test tells apart (pair)."""
        return self.wilcoxon_p_holm < LEVEL

    @property
    def ordered(self) -> Array:
        """-1 where the Overall of a is better, 1 where that of b is, 0 where open (pair)."""
        return np.where(self.p_holm < LEVEL, np.sign(self.difference), 0.0)


def pairs_of(ranking: Ranking) -> Pairs:
    """Test every pair of competing models."""
    first, second = np.triu_indices(len(ranking.labels), 1)
    differences = {name: m[:, first] - m[:, second] for name, m in ranking.losses.items()}
    scale = np.abs(ranking.all_losses).max(initial=0.0)
    difference, t, df, p = overall_tests(differences, ROUNDING * scale)
    wilcoxon_p = signed_rank_p(np.concatenate([np.empty((0, len(first))), *differences.values()]))
    return Pairs(
        *(first, second, difference, t, df, p),
        p_holm=holm_of_directions(p),
        wilcoxon_p=wilcoxon_p,
        wilcoxon_p_holm=_holm(wilcoxon_p),
    )


def overall_tests(
    differences: dict[str, Array], rounding: float
) -> tuple[Array, Array, Array, Array]:
    """Student's tests that differences of Overalls are 0: the differences, t, df and two-sided p.

    With n_i patients of k institutions, mean d_i and sample variance s_i² of their differences:
    D = sum(d_i) / k, se² = sum(v_i) with v_i = s_i² / (k² n_i), t = D / se, and the degrees of
    freedom of Satterthwaite (1946), se⁴ / sum(v_i² / (n_i - 1)). Not defined (NaN) if an
    institution has fewer than two patients, or the difference is the same in all patients of each;
    p of identical losses is 1.

    Args:
        differences: of each institution (patient, pair).
        rounding: a standard error up to this one is rounding, not spread.
    """
    count = next(iter(differences.values())).shape[1] if differences else 0
    sizes = np.array([len(matrix) for matrix in differences.values()])
    if not len(sizes) or sizes.min() < 2:
        return (np.full(count, np.nan),) * 4
    means = np.array([matrix.mean(axis=0) for matrix in differences.values()])
    variances = np.array([matrix.var(axis=0, ddof=1) for matrix in differences.values()])
    parts = variances / (len(sizes) ** 2 * sizes[:, None])
    difference, squared = means.mean(axis=0), parts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.sqrt(squared) > rounding, difference / np.sqrt(squared), np.nan)
        df = squared**2 / (parts**2 / (sizes[:, None] - 1)).sum(axis=0)
    p = 2 * stats.t.sf(np.abs(t), df)
    identical = np.all([(matrix == 0).all(axis=0) for matrix in differences.values()], axis=0)
    return difference, t, np.where(np.isnan(t), np.nan, df), np.where(identical, 1.0, p)


def signed_rank_p(differences: Array) -> Array:
    """Two-sided p of Wilcoxon's signed-rank test of each pair, as `paired_test` has it (pair).

    Exact up to 50 patients without zeros and ties; with them exact up to 13 patients, and normal
    otherwise (`scipy.stats.wilcoxon`, zeros left out). Each pair is treated by its own zeros and
    ties, so that no p depends on other models. 1 if all differences are 0, NaN without patients.

    Args:
        differences: (patient, pair).
    """
    if not len(differences):
        return np.full(differences.shape[1], np.nan)
    p = np.ones(differences.shape[1])
    sizes = np.sort(np.abs(differences), axis=0)
    has_ties = (sizes[0] == 0) | (np.diff(sizes, axis=0) == 0).any(axis=0)
    plain, tied = np.flatnonzero(~has_ties), np.flatnonzero(has_ties & (sizes[-1] > 0))
    if len(differences) <= 13:
        p[tied] = [_exact_with_ties(column) for column in differences[:, tied].T]
        tied = tied[:0]
    for block in (plain, tied):
        if len(block):
            p[block] = stats.wilcoxon(differences[:, block], axis=0).pvalue
    return p


def _exact_with_ties(difference: Array) -> float:
    """Exact p with zeros and ties, where scipy takes seconds to enumerate the 2^n signs.

    Of the sum of the positive ranks, doubled so that averaged ones are whole, how many of the 2^n
    signs give each value follows by adding one rank after the other.
    """
    difference = difference[difference != 0]
    doubled = np.rint(2 * stats.rankdata(np.abs(difference))).astype(int)
    counts = np.ones(1)
    for rank in doubled:
        counts = np.pad(counts, (0, rank)) + np.pad(counts, (rank, 0))
    observed, share = doubled[difference > 0].sum(), counts / counts.sum()
    return float(min(1.0, 2 * min(share[: observed + 1].sum(), share[observed:].sum())))


def holm_of_directions(p: Array) -> Array:
    """Holm's adjustment over both directions of every pair (pair).

    "a is better" and "b is better" are two one-sided hypotheses of each pair: their family-wise
    error covers a wrong direction too, which rank intervals rest on (Mogstad et al. 2024).
    What is given is the adjusted p of the direction observed.
    """
    both = _holm(np.concatenate([p / 2, 1 - p / 2]))
    return both[: len(p)]


def _holm(p: Array) -> Array:
    return np.asarray(holm(pd.Series(p)), dtype=np.float64)


def all_pairs(study: ScoredStudy) -> list[tuple[Ranking, Pairs]]:
    """The ranking by each metric, with its tests."""
    return [(ranking, pairs_of(ranking)) for ranking in study.once(rankings)]


def rank_pairs(study: ScoredStudy) -> pd.DataFrame:
    """A row for each metric and pair of competing models, in the grid's order."""
    frames = [_frame(ranking, pairs) for ranking, pairs in study.once(all_pairs)]
    return pd.concat(frames, ignore_index=True)[TABLE.names]


def _frame(ranking: Ranking, pairs: Pairs) -> pd.DataFrame:
    labels = np.array(ranking.labels, dtype=object)
    known = ~np.isnan(pairs.wilcoxon_p)
    columns: dict[str, Any] = {
        "metric": ranking.metric.name,
        "model_a": labels[pairs.first],
        "model_b": labels[pairs.second],
        "n": len(ranking.all_losses),
        "overall_difference": ranking.metric.loss_sign * pairs.difference,
        "t": ranking.metric.loss_sign * pairs.t,
        "differ": pd.Series(pairs.differ, dtype=object).where(known, None),
        "reason": list(_reasons(ranking, pairs)),
    }
    columns |= {name: getattr(pairs, name) for name in ("df", "p", "p_holm")}
    columns |= {name: getattr(pairs, name) for name in ("wilcoxon_p", "wilcoxon_p_holm")}
    return pd.DataFrame(columns, index=range(len(pairs.first)))


def _reasons(ranking: Ranking, pairs: Pairs) -> Iterator[str]:
    few = min((len(matrix) for matrix in ranking.losses.values()), default=0) < 2
    for p, t in zip(pairs.p, pairs.t, strict=True):
        if few:
            yield "no t: an institution has fewer than two patients with scores of all models"
        elif np.isnan(t) and p == 1:
            yield IDENTICAL
        else:
            yield "" if np.isfinite(t) else "the difference has no spread: t is not defined"


TABLE = StudyTable(
    name="statistics/rank_pairs",
    title="All pairs of models on the external patients",
    key=("metric", "model_a", "model_b"),
    columns=(
        METRIC,
        MODEL_A,
        MODEL_B,
        N,
        Column(
            "overall_difference",
            "number",
            "External Overall of a less that of b, over patients with a score of every model",
            UNIT_OF_METRIC,
        ),
        Column("t", "number", "overall_difference by its standard error"),
        Column("df", "number", "Degrees of freedom (Satterthwaite)", minimum=0),
        probability("p", "Two-sided p of t"),
        probability("p_holm", "p adjusted by Holm over both directions of the metric's pairs"),
        probability(
            "wilcoxon_p", "p of Wilcoxon's signed-rank test, each patient with the same weight"
        ),
        probability("wilcoxon_p_holm", "wilcoxon_p adjusted by Holm over the metric's pairs"),
        Column("differ", "boolean", "Whether wilcoxon_p_holm is below 0.05"),
        REASON,
    ),
    make=rank_pairs,
)
