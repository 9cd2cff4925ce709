"""Paired comparisons of models on the same patients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from gfce.statistics.design import TESTED_METRICS, Model, groups, members, uni_models

Vector = NDArray[np.float64]
ROUNDING = 1e-12
"""An SD of differences below this share of the scores is rounding, not spread."""
COLUMNS = [
    "family", "metric", "scope", "model_a", "model_b", "n", "mean_a", "mean_b", "mean_difference",
    "ci95_low", "ci95_high", "t", "df", "p", "p_holm", "cohens_dz", "hedges_g", "wilcoxon_p",
    "n_dropped", "reason",
]  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Two models to compare, and the family of tests that the comparison belongs to."""

    family: str
    a: Model
    b: Model

    def scopes(self) -> dict[str, list[str]]:
        """Institutions of each scope: shared internal ones, each external one, all external."""
        internal = [name for name in self.a.internal if name in self.b.internal]
        external = list(self.a.external)
        scopes = {"internal": internal} | {name: [name] for name in external}
        scopes["external"] = external
        return {scope: institutions for scope, institutions in scopes.items() if institutions}


def comparisons(grid: Sequence[Model]) -> list[Comparison]:
    """The pre-specified comparisons (study.md), generalised to any grid.

    A: each pooled model against the uni models of its own institutions, same normalization.
    B: each later normalization against each earlier one, same training set.
    C: uni models of one normalization against one another. Networks are never mixed.
    """
    pooled = [model for model in grid if model.is_pooled]
    found = [Comparison("A", a, b) for a in pooled for b in _own_unis(a, grid)]
    for a, b in combinations(grid, 2):
        if (a.network, a.training_set) == (b.network, b.training_set):
            found.append(Comparison("B", b, a))
    for group in groups(grid):
        found += [Comparison("C", a, b) for a, b in combinations(uni_models(grid, group), 2)]
    return found


def _own_unis(pooled: Model, grid: Sequence[Model]) -> list[Model]:
    unis = uni_models(grid, pooled.group)
    return members(pooled, grid) or [uni for uni in unis if uni.internal[0] in pooled.internal]


@dataclass(frozen=True)
class PairedTest:
    """What is known of one comparison; NaN where it is not defined, with the reason."""

    n: int
    n_dropped: int
    mean_a: float = math.nan
    mean_b: float = math.nan
    mean_difference: float = math.nan
    ci95_low: float = math.nan
    ci95_high: float = math.nan
    t: float = math.nan
    df: float = math.nan
    p: float = math.nan
    cohens_dz: float = math.nan
    hedges_g: float = math.nan
    wilcoxon_p: float = math.nan
    reason: str = ""


def paired_tests(scores: pd.DataFrame, grid: Sequence[Model]) -> pd.DataFrame:
    """All comparisons in all scopes (paired_tests.csv).

    Args:
        scores: `aggregation.patient_scores`: the patient is the unit, seeds are averaged.
        grid: the models.

    p_holm is Holm's (1979) step-down adjustment over all tests of one family and metric that have
    a p; a test without one is not counted.
    """
    rows = [
        {"family": pair.family, "metric": metric.name, "scope": scope}
        | {"model_a": pair.a.label, "model_b": pair.b.label}
        | asdict(paired_test(a, b))
        for metric, wide in _wide_tables(scores, grid)
        for pair in comparisons(grid)
        for scope, a, b in _samples(wide, pair)
    ]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "p_holm"])
    adjusted = table.groupby(["family", "metric"], sort=False)["p"].transform(holm)
    table["p_holm"] = adjusted.astype(float)
    order = table.sort_values("family", kind="stable").index
    return table.loc[order, COLUMNS].reset_index(drop=True)


def _wide_tables(scores: pd.DataFrame, grid: Sequence[Model]) -> Iterator[tuple[Any, pd.DataFrame]]:
    labels = [model.label for model in grid]
    for metric in TESTED_METRICS:
        indexed = scores.set_index(["institution", "patient_id", "model"])
        wide = indexed[metric.name].unstack("model")  # noqa: PD010 - pivot_table would average
        yield metric, wide.reindex(columns=labels).sort_index()


def _samples(wide: pd.DataFrame, pair: Comparison) -> Iterator[tuple[str, Vector, Vector]]:
    institution = wide.index.get_level_values("institution")
    for scope, institutions in pair.scopes().items():
        chosen = wide[institution.isin(institutions)]
        yield scope, chosen[pair.a.label].to_numpy(float), chosen[pair.b.label].to_numpy(float)


def paired_test(a: Vector, b: Vector) -> PairedTest:
    """Student's paired two-tailed t-test of a - b with its interval and effect sizes.

    t = mean(d) / (sd(d) / sqrt(n)), df = n - 1, d = a - b, sd with n - 1;
    95 % interval mean(d) ± t_{0.975, df} sd(d) / sqrt(n);
    d_z = mean(d) / sd(d) (Cohen 1988, 2.3.5); g = J(df) d_z (Hedges 1981), see `hedges_correction`;
    Wilcoxon's signed-rank p (1945), exact up to 50 patients without ties, zeros left out.

    A pair of which one score is missing (NaN) is dropped and counted. Where a test is not defined
    its values are NaN and `reason` says why; identical scores have p = 1.
    """
    paired = ~(np.isnan(a) | np.isnan(b))
    n_dropped = int((np.isnan(a) ^ np.isnan(b)).sum())
    a, b = a[paired], b[paired]
    if len(a) == 0:
        return PairedTest(0, n_dropped, reason="no patient has a score of both models")
    means = {"mean_a": a.mean(), "mean_b": b.mean(), "mean_difference": (a - b).mean()}
    if len(a) == 1:
        return PairedTest(1, n_dropped, **means, reason="a single patient: no test")
    if (a == b).all():
        return _identical(len(a), n_dropped, means)
    spread = (a - b).std(ddof=1)
    if spread <= ROUNDING * max(np.abs(a).max(), np.abs(b).max()):
        reason = "the difference is the same in every patient: t is not defined"
        p = float(stats.wilcoxon(a, b).pvalue)
        return PairedTest(len(a), n_dropped, **means, wilcoxon_p=p, reason=reason)
    return _student(a, b, n_dropped, means)


def _student(a: Vector, b: Vector, n_dropped: int, means: dict[str, float]) -> PairedTest:
    test = stats.ttest_rel(a, b)
    interval = test.confidence_interval(0.95)
    difference = a - b
    dz = difference.mean() / difference.std(ddof=1)
    df = len(a) - 1
    return PairedTest(
        len(a),
        n_dropped,
        **means,
        ci95_low=float(interval.low),
        ci95_high=float(interval.high),
        t=float(test.statistic),
        df=df,
        p=float(test.pvalue),
        cohens_dz=dz,
        hedges_g=hedges_correction(df) * dz,
        wilcoxon_p=float(stats.wilcoxon(difference).pvalue),
        reason="" if df > 1 else "two patients: Hedges' g is not defined",
    )


def _identical(n: int, n_dropped: int, means: dict[str, float]) -> PairedTest:
    zero = dict.fromkeys(["ci95_low", "ci95_high", "t", "cohens_dz", "hedges_g"], 0.0)
    reason = "identical scores in every patient: p is 1 by definition"
    return PairedTest(n, n_dropped, **means, **zero, df=n - 1, p=1.0, wilcoxon_p=1.0, reason=reason)


def differing_from_pooled(tests: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Uni model, scope and metric of family A's findings at the 5 % level."""
    found = tests[(tests["family"] == "A") & (tests["p_holm"] < 0.05)]
    return set(found[["model_b", "scope", "metric"]].itertuples(index=False, name=None))


def hedges_correction(df: int) -> float:
    """The factor that makes d unbiased (Hedges 1981, eq. 6e).

    J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2)); not defined (NaN) for m < 2.
    """
    if df < 2:
        return math.nan
    ratio = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(np.exp(ratio) / math.sqrt(df / 2))


def holm(p: pd.Series[float]) -> pd.Series[float]:
    """Holm's step-down adjusted p of one family; NaN stays NaN and is not counted."""
    known = p.notna()
    adjusted = p.copy()
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted
