"""From scores to means: seeds to patients, patients to institutions, institutions to Overall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gfce.contract.columns import OVERALL
from gfce.contract.table import Column
from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.files import records
from gfce.statistics.arithmetic import overall
from gfce.statistics.design import Model
from gfce.study import MODEL_KEYS

PATIENT_KEYS = [*MODEL_KEYS, "model", "institution", "cohort", "patient_id"]
SCORE_KEYS = ("model", "testing", "cohort")
"""What identifies a row of tables 2 and 3."""
COUNTS = ["n", *(metric.count for metric in METRICS)]
"""Their columns that count patients."""
TOTAL_SDS = {metric.sd_total: metric for metric in METRICS}
"""Their columns of SDs over all patients of a row."""


def patient_scores(
    metrics: pd.DataFrame,
    scaling: str,
    region: str = "volume",
    seed: int | str | None = None,
) -> pd.DataFrame:
    """One row per model and patient: the mean over the training seeds, or one seed's score.

    Scores that are not finite (a PSNR of two identical images) count as missing.
    """
    chosen_rows = (metrics["region"] == region) & (metrics["scaling"] == scaling)
    if seed is not None:
        chosen_rows &= metrics["seed"] == seed
    columns = [metric.name for metric in METRICS]
    chosen = metrics.loc[chosen_rows, [*PATIENT_KEYS, *columns]]
    chosen[columns] = chosen[columns].astype(float).replace([np.inf, -np.inf], np.nan)
    return chosen.groupby(PATIENT_KEYS, sort=False, observed=True)[columns].mean().reset_index()


def institution_rows(scores: pd.DataFrame, models: Sequence[Model]) -> pd.DataFrame:
    """Mean and SD (n - 1) over patients, a row for each model and institution it is tested on.

    An institution without a scored patient has a row with n = 0 and empty values; n counts the
    patients that have a score of the first metric, `Metric.count` those of each.
    """
    listed = [(model.label, *tested) for model in models for tested in model.institutions()]
    index = pd.MultiIndex.from_tuples(listed, names=["model", "institution", "cohort"])
    grouped = scores.groupby(["model", "institution", "cohort"], observed=True)
    summary: dict[str, pd.Series[Any]] = {"n": grouped[METRICS[0].name].count()}
    for metric in METRICS:
        summary[metric.mean] = grouped[metric.name].mean()
        summary[metric.sd] = grouped[metric.name].std(ddof=1)
    for metric in METRICS:
        summary[metric.sd_total] = summary[metric.sd]
        summary[metric.count] = grouped[metric.name].count()
    rows = pd.DataFrame(summary).reindex(index).reset_index()
    rows[COUNTS] = rows[COUNTS].fillna(0).astype(int)
    return rows.rename(columns={"institution": "testing"})


def with_overall_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The institutions' rows with an Overall row behind each model's cohort.

    Internal: only where there is more than one institution; external: always. Its values are
    `overall` of the rows', empty as soon as one of them is; its n is the number of patients, and
    its total SD that of all patients (`total_sd`).
    """
    blocks: list[dict[str, Any]] = []
    for (model, cohort), block in rows.groupby(["model", "cohort"], sort=False):
        institutions = records(block)
        blocks += institutions
        if cohort == "external" or len(institutions) > 1:
            blocks.append(_overall_row(str(model), str(cohort), institutions))
    return pd.DataFrame(blocks, columns=rows.columns)


def _overall_row(model: str, cohort: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name in rows[0] if name not in SCORE_KEYS]
    keys = {"model": model, "testing": OVERALL, "cohort": cohort}
    return keys | {name: _overall_value(name, rows) for name in names}


def _overall_value(name: str, rows: list[dict[str, Any]]) -> Any:
    if name in COUNTS:
        return sum(row[name] for row in rows)
    if metric := TOTAL_SDS.get(name):
        parts = [[row[column] for row in rows] for column in (metric.count, metric.mean, metric.sd)]
        return total_sd(*parts)
    return overall([row[name] for row in rows])


Scores = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""By institution and model (patient,)."""


def by_institution(scores: pd.DataFrame, metric: Metric, labels: Sequence[str]) -> Scores:
    """Of each institution the scores of each model, patients in one order, NaN where missing.

    Args:
        scores: as `patient_scores` has them.
        metric: of the scores.
        labels: of the models.
    """
    indexed = scores.set_index(["institution", "patient_id", "model"])
    wide = pd.DataFrame(indexed[metric.name].unstack("model"))  # noqa: PD010 - would average
    wide = wide.reindex(columns=list(labels)).sort_index()
    return {
        str(name): dict(zip(labels, block.to_numpy(float).T, strict=True))
        for name, block in wide.groupby(level="institution")
    }


def total_sd(counts: Sequence[int], means: Sequence[float], sds: Sequence[float]) -> float:
    """The sample SD (n - 1) of the patients of all institutions together, each with one weight.

    From the institutions' sizes, means and SDs by the sums of squares within and between them:
    (n - 1) SD^2 = sum((n_i - 1) s_i^2) + sum(n_i (m_i - m)^2), m the mean of all patients. NaN
    where an institution has no mean.
    """
    n, m, s = np.array(counts), np.array(means, float), np.array(sds, float)
    if n.sum() < 2 or np.isnan(m).any():
        return float("nan")
    within = (n - 1) * np.where(n > 1, s, 0.0) ** 2
    between = n * (m - n @ m / n.sum()) ** 2
    return float(np.sqrt((within + between).sum() / (n.sum() - 1)))


def mean_column(metric: Metric) -> Column:
    """The column of a metric's mean over patients."""
    return Column(
        metric.mean,
        "number",
        f"Mean {metric.label} over patients",
        metric.unit,
        minimum=metric.smallest,
        maximum=metric.largest,
    )


def sd_column(metric: Metric) -> Column:
    """The column of a metric's standard deviation over patients."""
    meaning = f"Sample standard deviation (n - 1) of {metric.label} over patients"
    return Column(metric.sd, "number", meaning, metric.unit, minimum=0)


def sd_total_column(metric: Metric) -> Column:
    """The column of a metric's standard deviation over all patients of a row."""
    meaning = (
        f"Sample standard deviation (n - 1) of {metric.label} over all patients of the row's "
        f"institutions together; {metric.sd} of an Overall is the mean of the institutions' instead"
    )
    return Column(metric.sd_total, "number", meaning, metric.unit, minimum=0)


def count_column(metric: Metric) -> Column:
    """The column of the number of patients with a score."""
    return Column(metric.count, "integer", f"Patients with a finite {metric.label}", minimum=0)
