"""transfer.csv: what models lose on the same patients because they were trained elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from gfce.contract.columns import N_DROPPED, OVERALL, REASON, N, axes, institutions, probability
from gfce.contract.table import UNIT_OF_METRIC, Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import metric_named
from gfce.evaluation.tables import METRIC
from gfce.files import records
from gfce.statistics.design import Model, groups, normalization_title
from gfce.statistics.inference.home_and_away import (
    Loss,
    Match,
    Vector,
    blocks,
    institution_loss,
    is_decibel,
    matches,
    overall_loss,
    pairs,
)
from gfce.statistics.inference.paired_tests import holm
from gfce.statistics.questions import TRANSFER
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import StudyTable
from gfce.statistics.tables.aggregate import Scores
from gfce.study import GROUP_KEYS, METHOD_KEYS, said_of

FAMILY, PAIRS = "H", "H-pair"
Row = dict[str, Any]


def transfer(study: ScoredStudy) -> pd.DataFrame:
    """Home and away on the held-out patients of each development institution.

    Family H, specified before the data were seen: the model of an institution against the mean of
    the single-institution models from elsewhere, and Overall. Family H-pair: against each model
    from elsewhere. p_holm is Holm's over the tests of one family and metric that have a p.
    """
    rows = [
        row
        for metric, by_institution in blocks(study)
        for group in groups(study.models).values()
        for row in _group_rows(group, by_institution, metric)
    ]
    table = TABLE.frame(rows)
    p = table["p"].astype(float)
    table["p_holm"] = p.groupby([table["family"], table["metric"]], sort=False).transform(holm)
    order = table["family"].sort_values(kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _group_rows(group: Sequence[Model], by_institution: Scores, metric: Metric) -> Iterator[Row]:
    """The rows of the models of one network and normalization (and further axes)."""

    def played(match: Match) -> tuple[Loss, Vector]:
        return institution_loss(match, by_institution.get(match.institution, {}), metric)

    found = [(match, played(match)) for match in matches(group)]
    for match, (loss, _) in found:
        yield _row(FAMILY, match.institution, [match.home], match.away, loss, metric)
    if len(found) > 1:
        total = overall_loss({match.institution: each for match, each in found})
        homes = [match.home for match, _ in found]
        yield _row(FAMILY, OVERALL, homes, homes, total, metric)
    for match in pairs(group):
        yield _row(PAIRS, match.institution, [match.home], match.away, played(match)[0], metric)


def _row(
    family: str,
    institution: str,
    home: Sequence[Model],
    away: Sequence[Model],
    loss: Loss,
    metric: Metric,
) -> Row:
    names = {
        "family": family,
        "metric": metric.name,
        **home[0].group_keys,
        "institution": institution,
        "model_home": ";".join(model.label for model in home),
        "model_away": ";".join(model.label for model in away),
    }
    numbers = {name: getattr(loss, name) for name in ("n", "n_dropped", "t", "df", "p", "reason")}
    means = {"mean_home": loss.mean_home, "mean_away": loss.mean_away}
    return names | numbers | means | _in_units(loss, metric)


def _in_units(loss: Loss, metric: Metric) -> dict[str, float]:
    if is_decibel(metric):
        return {"difference_db": loss.loss, "ci95_low": loss.low, "ci95_high": loss.high}
    return {
        "log_ratio": loss.loss,
        "percent": percent(loss.loss),
        "ci95_low": percent(loss.low),
        "ci95_high": percent(loss.high),
    }


def percent(log_ratio: float) -> float:
    """100 (exp(log ratio) - 1), in %."""
    return 100 * math.expm1(log_ratio)


def transfer_text(table: pd.DataFrame) -> str:
    """A line of Markdown for each metric and group: the loss by transfer alone, over institutions.

    An interval that holds zero is said to show nothing.
    """
    chosen = table[table["family"] == FAMILY]
    lines = [
        _sentence(records(rows)[-1])
        for _, rows in chosen.groupby(["metric", *GROUP_KEYS], sort=False, dropna=False)
    ]
    return "".join(f"- {line}\n" for line in lines)


def _sentence(row: Row) -> str:
    metric = metric_named(row["metric"])
    keys = said_of(row, METHOD_KEYS)
    group = ", ".join([metric.label, *keys, normalization_title(row["normalization"])])
    text = f"Loss by transfer alone, on the same patients ({group}): "
    loss, low, high = loss_of(row, metric), row["ci95_low"], row["ci95_high"]
    if math.isnan(loss):
        return text + f"not known: {row['reason']}"
    count = row["model_home"].count(";") + 1
    where = f"{row['n']} held-out patients of {count} institution{'s' * (count > 1)}"
    text += f"{loss:.2f} {'dB' if is_decibel(metric) else '%'} "
    if math.isnan(low):
        return text + f"(no interval) on {where}: {row['reason']}"
    text += f"[{low:.2f}, {high:.2f}] on {where}: "
    if low <= 0 <= high:
        return text + "not shown, the interval holds 0"
    return text + f"models trained elsewhere are {'worse' if low > 0 else 'better'}"


def loss_of(row: Row, metric: Metric) -> float:
    """A row's loss in the unit of its interval, % or dB."""
    return float(row["difference_db" if is_decibel(metric) else "percent"])


def _mean(of: str, meaning: str) -> Column:
    return Column(f"mean_{of}", "number", meaning, UNIT_OF_METRIC)


def _bound(name: str, meaning: str) -> Column:
    return Column(name, "number", f"{meaning} of percent, or of difference_db", "% or dB")


TABLE = StudyTable(
    name="statistics/transfer",
    title="Home and away: the loss by transfer alone, on the same patients",
    key=("family", "metric", *GROUP_KEYS, "institution", "model_away"),
    columns=(
        Column(
            "family",
            "string",
            "H: the institution's own model against the mean of the single-institution models "
            "trained elsewhere; H-pair: against one model trained elsewhere",
            allowed=(FAMILY, PAIRS),
        ),
        METRIC,
        *axes(GROUP_KEYS),
        Column(
            "institution",
            "string",
            "Institution whose held-out patients are compared, or Overall: unweighted mean over "
            "the institutions above",
            allowed=lambda config: [*institutions(config), OVERALL],
        ),
        Column(
            "model_home",
            "string",
            "Model trained on the institution alone; Overall: each one, parted by semicolons",
        ),
        Column(
            "model_away",
            "string",
            "Model trained elsewhere; several, whose mean is meant, are parted by semicolons",
        ),
        N,
        N_DROPPED,
        _mean("home", "Mean score of the own model over the patients"),
        _mean("away", "Mean score of the models trained elsewhere over the same patients"),
        Column(
            "log_ratio",
            "number",
            "Mean over patients of ln(away / home) (of a score where higher is better: home / "
            "away), the mean over models on the scale of the logarithm; positive: worse away",
            "1",
        ),
        Column("percent", "number", "100 (exp(log_ratio) - 1); positive: worse away", "%"),
        Column(
            "difference_db",
            "number",
            "Of a metric in dB, mean over patients of home - away; positive: worse away",
            "dB",
        ),
        _bound("ci95_low", "Lower bound of the 95 % confidence interval"),
        _bound("ci95_high", "Upper bound of the 95 % confidence interval"),
        Column("t", "number", "Student's t of the loss, on the scale of log_ratio or in dB"),
        Column("df", "number", "n - 1; Overall: Satterthwaite's degrees of freedom", minimum=1),
        probability("p", "Two-sided p of t"),
        probability("p_holm", "p adjusted by Holm over the tests of the family and metric"),
        REASON,
    ),
    make=transfer,
    answers={TRANSFER: transfer_text},
)
