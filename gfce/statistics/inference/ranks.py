"""ranks.csv: the rank of each model by each metric on the external patients, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from gfce.contract.columns import MODEL, REASON, N
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metrics import METRICS, metric_named
from gfce.evaluation.tables import METRIC
from gfce.statistics.inference.rank_groups import (
    difference_matrix,
    groups_of,
    letters_of,
    rank_intervals,
)
from gfce.statistics.inference.rank_pairs import Pairs, all_pairs
from gfce.statistics.inference.ranking import Ranking
from gfce.statistics.methods.bootstrap import Indices
from gfce.statistics.questions import MODELS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable


def ranks(study: ScoredStudy) -> pd.DataFrame:
    """A row for each metric and model of the grid, by rank, models without one last."""
    rows = [
        row
        for ranking, pairs in study.once(all_pairs)
        for row in (*_ranked(ranking, pairs), *_not_ranked(study, ranking))
    ]
    return TABLE.with_whole_numbers(TABLE.frame(rows))


def _ranked(ranking: Ranking, pairs: Pairs) -> Iterator[dict[str, Any]]:
    """The rows of the models that compete, if there are two."""
    if ranking.reason:
        return
    columns = _of_tests(ranking, pairs) | _of_resamples(ranking)
    letters = _letters(ranking, pairs)
    no_letters = "" if letters else "more groups than letters: see rank_pairs.csv"
    for place, model in enumerate(ranking.order):
        row = {name: values[model] for name, values in columns.items()}
        reasons = [row.pop("no_test"), row.pop("no_bootstrap"), no_letters]
        yield {
            "metric": ranking.metric.name,
            "model": ranking.labels[model],
            "n": len(ranking.all_losses) + ranking.n_dropped,
            "overall": ranking.overalls[model],
            "rank": ranking.ranks[model],
            **row,
            "groups": letters[place] if letters else "",
            "reason": "; ".join(filter(None, reasons)),
        }


def _of_tests(ranking: Ranking, pairs: Pairs) -> dict[str, Any]:
    """What follows from the tests of all pairs, by column (model)."""
    size = len(ranking.labels)
    losses, differs = ranking.all_losses, difference_matrix(pairs, size)
    first = ranking.ranks == 1
    columns = {"apart_from_first": differs[first].any(axis=0)}
    columns["mean_patient_rank"] = mean_patient_ranks(losses)
    low, high = rank_intervals(pairs, size)
    tested = ~np.isnan(pairs.p).all()
    columns |= {"ci95_low": low, "ci95_high": high} if tested else {}
    reason = "" if tested else "no interval: an institution has fewer than two patients to test"
    return columns | {"no_test": [reason] * size}


def mean_patient_ranks(losses: Any) -> Any:
    """The mean over patients of each model's rank in the patient, ties averaged (model).

    Args:
        losses: (patient, model); without patients there are no means (NaN).
    """
    if not len(losses):
        return np.full(losses.shape[1], np.nan)
    return stats.rankdata(losses, axis=1).mean(axis=0)


def _of_resamples(ranking: Ranking) -> dict[str, Any]:
    """What follows from the bootstrap, by column (model)."""
    resampled = ranking.resampled_ranks
    if not len(resampled):
        reason = "not resampled: an institution has fewer than two patients"
        return {"no_bootstrap": [reason] * len(ranking.labels)}
    low, high = percentiles(resampled)
    share = (resampled == 1).mean(axis=0)
    columns = {"bootstrap_low": low, "bootstrap_high": high, "first_share": share}
    return columns | {"no_bootstrap": [""] * len(ranking.labels)}


def percentiles(resampled: Indices) -> Indices:
    """2.5th and 97.5th percentile of the ranks in resamples, ranks themselves (2, model).

    Args:
        resampled: (resample, model).
    """
    low = np.percentile(resampled, 2.5, axis=0, method="lower")
    high = np.percentile(resampled, 97.5, axis=0, method="higher")
    return np.array([low, high])


def _letters(ranking: Ranking, pairs: Pairs) -> list[str] | None:
    """The letters of the models' groups by rank; None if there are more groups than letters."""
    size, order = len(ranking.labels), ranking.order
    if not len(ranking.all_losses):
        return [""] * size
    groups = groups_of(difference_matrix(pairs, size)[np.ix_(order, order)])
    return None if groups is None else letters_of(groups, size)


def _not_ranked(study: ScoredStudy, ranking: Ranking) -> Iterator[dict[str, Any]]:
    """The rows of the models that do not compete; of all if there are not two that do."""
    for model in study.models:
        reason = "no external Overall: see missing.csv"
        if not model.external:
            reason = "no external institution"
        elif model.label in ranking.labels:
            reason = ranking.reason
        if reason:
            yield {"metric": ranking.metric.name, "model": model.label, "reason": reason}


def ranks_text(table: pd.DataFrame) -> str:
    """Lines of Markdown: who is first by which metric, and who cannot be told apart from it."""
    by_metric = {m.name: table[table["metric"] == m.name] for m in METRICS}
    ranked = {name: rows[rows["rank"].notna()] for name, rows in by_metric.items()}
    ranked = {name: rows for name, rows in ranked.items() if len(rows)}
    if not ranked:
        return ""
    return f"- {_first_by(ranked)}\n" + "".join(
        f"- {_sentence(name, rows)}\n" for name, rows in ranked.items() if metric_named(name).tested
    )


def _first_by(ranked: dict[str, pd.DataFrame]) -> str:
    """Which models are first by which metrics: whether another metric turns the first place."""
    metrics: dict[str, list[str]] = {}
    for name, rows in ranked.items():
        first = " and ".join(rows["model"][rows["rank"] == 1])
        metrics.setdefault(first, []).append(metric_named(name).label)
    if len(metrics) == 1:
        return f"First on the external patients by all {len(ranked)} metrics: {next(iter(metrics))}"
    parts = [f"{model} by {', '.join(names)}" for model, names in metrics.items()]
    return f"First on the external patients, another metric another model: {'; '.join(parts)}"


def _sentence(name: str, rows: pd.DataFrame) -> str:
    """Of one metric: the first model, its interval, and who cannot be told apart from it."""
    first, others = rows[rows["rank"] == 1], rows[rows["rank"] > 1]
    text = f"{metric_named(name).label}: {' and '.join(first['model'])} is first of {len(rows)}"
    low, high = first["ci95_low"].min(), first["ci95_high"].max()
    text += "" if pd.isna(high) else f" (95 % interval of its rank: {low:.0f} to {high:.0f})"
    open_ = others["model"][~others["apart_from_first"].astype(bool)].tolist()
    if not open_:
        return f"{text}; patient by patient all others differ from it (ranks.csv)"
    named = ", ".join(open_[:SHOWN]) + (
        f" and {more} more" if (more := len(open_) - SHOWN) > 0 else ""
    )
    return f"{text}; patient by patient not told apart from it: {named} (ranks.csv)"


SHOWN = 4
"""Models not told apart from the first that a sentence names; the table has all of them."""


def _rank(name: str, meaning: str) -> Column:
    return Column(name, "integer", meaning, minimum=1)


TABLE = StudyTable(
    name="statistics/ranks",
    title="Ranks of the models on the external patients",
    key=("metric", "model"),
    columns=(
        METRIC,
        MODEL,
        N,
        Column("overall", "number", "External Overall of tables 2 and 3", UNIT_OF_METRIC),
        _rank("rank", "1 + the number of models with a better Overall"),
        _rank("ci95_low", "Best rank that the tests of all Overalls leave open (95 %, all models)"),
        _rank("ci95_high", "Worst rank that they leave open"),
        _rank("bootstrap_low", "2.5th percentile of the rank when patients are drawn again"),
        _rank("bootstrap_high", "97.5th percentile of it; not a confidence interval"),
        Column(
            "first_share",
            "number",
            "Share of the resamples in which the model is first",
            minimum=0,
            maximum=1,
        ),
        Column(
            "mean_patient_rank",
            "number",
            "Mean over patients of the rank within the patient (Friedman)",
            minimum=1,
        ),
        Column(
            "groups",
            "string",
            "Letters of its groups: two models share a letter exactly if Wilcoxon's test does not "
            "tell them apart",
        ),
        Column(
            "apart_from_first",
            "boolean",
            "Whether Wilcoxon's test tells the model apart from one that is first",
        ),
        REASON,
    ),
    make=ranks,
    answers={MODELS: ranks_text},
)
