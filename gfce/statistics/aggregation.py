"""The paper's arithmetic: patients to institutions, institutions to Overall, Overall to percent.

The same functions make the study's own tables and audit published ones. They use nothing but
arithmetic operators on the values, so that a value may be a number, an array of bootstrap
replicates, or an interval of numbers that round to what is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gfce.files import records
from gfce.statistics.design import METRICS, Metric, Model, groups, members, uni_models

OVERALL = "Overall"
"""What stands in `testing` or `model` for the mean over the rows above."""
MODEL_KEYS = ["network", "normalization", "training_set", "model"]
PATIENT_KEYS = [*MODEL_KEYS, "institution", "cohort", "patient_id"]


def overall(values: Sequence[Any]) -> Any:
    """Unweighted mean, of means and of SDs alike (study point 7); no values: NaN."""
    total: Any = float("nan") if not values else values[0]
    for value in values[1:]:
        total = total + value
    return total / max(len(values), 1)


def implied_value(overall_value: Any, others: Sequence[Any]) -> Any:
    """The one value that `overall` needs beside `others` to give `overall_value`."""
    total: Any = overall_value * (len(others) + 1)
    for value in others:
        total = total - value
    return total


def drop_pct(internal: Any, external: Any, metric: Metric) -> Any:
    """Loss from internal to external in percent of internal (Table V); positive is worse.

    MAE: 100 (external - internal) / internal; PSNR and SSIM: 100 (internal - external) / internal.
    """
    change = _change_pct(internal, external)
    return -change if metric.higher_is_better else change


def improvement_pct(reference: Any, model: Any, metric: Metric) -> Any:
    """Gain of a model over a reference in percent of the reference (Table IV); positive is better.

    MAE: 100 (reference - model) / reference; PSNR and SSIM: 100 (model - reference) / reference.
    """
    change = _change_pct(reference, model)
    return change if metric.higher_is_better else -change


def _change_pct(reference: Any, value: Any) -> Any:
    """100 (value - reference) / reference; of a reference that is 0 there is no percentage.

    Written with the ratio, because an interval may stand only once in a formula to stay narrow.
    """
    if isinstance(reference, float) and reference == 0:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100 * (value / reference - 1)


def patient_scores(
    metrics: pd.DataFrame,
    scaling: str,
    region: str = "volume",
    seed: int | str | None = None,
) -> pd.DataFrame:
    """One row per model and patient: the mean over the training seeds, or one seed's score.

    Scores that are not finite (a PSNR of two identical images) count as missing.
    """
    wanted = (metrics["region"] == region) & (metrics["scaling"] == scaling)
    if seed is not None:
        wanted &= metrics["seed"] == seed
    columns = [metric.name for metric in METRICS]
    chosen = metrics.loc[wanted, [*PATIENT_KEYS, *columns]]
    chosen[columns] = chosen[columns].astype(float).replace([np.inf, -np.inf], np.nan)
    return chosen.groupby(PATIENT_KEYS, sort=False, observed=True)[columns].mean().reset_index()


def institution_rows(scores: pd.DataFrame, models: Sequence[Model]) -> pd.DataFrame:
    """Mean and SD (n - 1) over patients, a row for each model and institution it is tested on.

    An institution without a scored patient has a row with n = 0 and empty values.
    """
    listed = [(model.label, *place) for model in models for place in model.institutions()]
    index = pd.MultiIndex.from_tuples(listed, names=["model", "institution", "cohort"])
    grouped = scores.groupby(["model", "institution", "cohort"], observed=True)
    summary: dict[str, pd.Series[Any]] = {"n": grouped["mae"].count()}
    for metric in METRICS:
        summary[metric.mean] = grouped[metric.name].mean()
        summary[metric.sd] = grouped[metric.name].std(ddof=1)
    rows = pd.DataFrame(summary).reindex(index).reset_index()
    rows["n"] = rows["n"].fillna(0).astype(int)
    return rows.rename(columns={"institution": "testing"})


def with_overall_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The institutions' rows with an Overall row behind each model's cohort.

    Internal: only where there is more than one institution; external: always. Its values are
    `overall` of the rows', empty as soon as one of them is; its n is the number of patients.
    """
    blocks: list[dict[str, Any]] = []
    for (model, cohort), block in rows.groupby(["model", "cohort"], sort=False):
        institutions = records(block)
        blocks += institutions
        if cohort == "external" or len(institutions) > 1:
            blocks.append(_overall_row(str(model), str(cohort), institutions))
    return pd.DataFrame(blocks, columns=rows.columns)


def _overall_row(model: str, cohort: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name in rows[0] if name not in {"model", "testing", "cohort", "n"}]
    overall_row: dict[str, Any] = {"model": model, "testing": OVERALL, "cohort": cohort}
    if "n" in rows[0]:
        overall_row["n"] = sum(row["n"] for row in rows)
    return overall_row | {name: overall([row[name] for row in rows]) for name in names}


class Scores:
    """The means from which drops and improvements follow: tables 2 and 3 as a look-up.

    A mean may be a number, an array of bootstrap replicates or an interval.
    """

    def __init__(self, means: Mapping[tuple[str, str, str, str], Any]) -> None:
        """Take the means by model, testing, cohort and column, Overall rows among them."""
        self._means = means

    @classmethod
    def of_rows(cls, rows: pd.DataFrame) -> Scores:
        """The means of a table with Overall rows."""
        columns = [metric.mean for metric in METRICS if metric.mean in rows.columns]
        return cls(
            {
                (row["model"], row["testing"], row["cohort"], column): row[column]
                for row in records(rows)
                for column in columns
            }
        )

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that there are means of."""
        columns = {column for *_, column in self._means}
        return [metric for metric in METRICS if metric.mean in columns]

    def internal(self, model: Model, metric: Metric) -> Any:
        """Mean of a model's internal test: its one institution's, or their Overall."""
        testing = OVERALL if model.is_pooled else model.internal[0]
        return self._mean(model, testing, "internal", metric)

    def external(self, model: Model, metric: Metric) -> Any:
        """Overall of a model's external test."""
        return self._mean(model, OVERALL, "external", metric)

    def drop(self, model: Model, metric: Metric) -> Any:
        """A cell of Table V."""
        return drop_pct(self.internal(model, metric), self.external(model, metric), metric)

    def overall_drop(self, unis: Sequence[Model], metric: Metric) -> Any:
        """An Overall cell of Table V."""
        return overall([self.drop(uni, metric) for uni in unis])

    def improvement(self, pooled: Model, models: Sequence[Model], metric: Metric) -> Any:
        """A cell of Table IV."""
        unis = overall([self.external(uni, metric) for uni in members(pooled, models)])
        return improvement_pct(unis, self.external(pooled, metric), metric)

    def _mean(self, model: Model, testing: str, cohort: str, metric: Metric) -> Any:
        return self._means.get((model.label, testing, cohort, metric.mean), float("nan"))


def improvements(rows: pd.DataFrame, models: Sequence[Model]) -> pd.DataFrame:
    """Table IV: each pooled model's external Overall against the mean of its uni models'."""
    scores = Scores.of_rows(rows)
    found = [
        {"model": pooled.label}
        | {m.improvement: scores.improvement(pooled, models, m) for m in scores.metrics}
        for pooled in models
        if pooled.is_pooled
    ]
    return pd.DataFrame(found, columns=["model", *(m.improvement for m in scores.metrics)])


def drops(rows: pd.DataFrame, models: Sequence[Model]) -> pd.DataFrame:
    """Table V: each uni model's drop and, as Overall, the mean of one group's drops."""
    scores = Scores.of_rows(rows)
    columns = [metric.drop for metric in scores.metrics]
    found = [row for unis in uni_groups(models) for row in _group_drops(scores, unis)]
    return pd.DataFrame(found, columns=["normalization", "model", *columns, "network"])


def uni_groups(models: Sequence[Model]) -> list[list[Model]]:
    """The uni models of each network and normalization that has any."""
    found = [uni_models(models, group) for group in groups(models)]
    return [unis for unis in found if unis]


def _group_drops(scores: Scores, unis: list[Model]) -> list[dict[str, Any]]:
    keys = {"normalization": unis[0].normalization, "network": unis[0].network}
    rows = [
        keys | {"model": uni.label} | {m.drop: scores.drop(uni, m) for m in scores.metrics}
        for uni in unis
    ]
    mean = {m.drop: scores.overall_drop(unis, m) for m in scores.metrics}
    return [*rows, keys | {"model": OVERALL} | mean]
