"""The trivial predictors beside the models: what a network must beat to have learnt anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gfce.statistics.aggregation import OVERALL, with_overall_rows
from gfce.statistics.design import MAE, PSNR, Model

PREDICTORS = {"t1w": "T1w itself", "mean_ce": "mean CE intensity"}
"""The trivial predictors, as they are called in a footnote."""
BASELINE_METRICS = (MAE, PSNR)
COLUMNS = ["model", "predictor", "testing", "cohort", "n", "mae_mean", "psnr_mean_db"]


def baseline_rows(baselines: pd.DataFrame, grid: Sequence[Model], scaling: str) -> pd.DataFrame:
    """Each trivial predictor's scores on each model's test patients, Overall rows included.

    Args:
        baselines: columns predictor, normalization, training_set, institution, cohort,
            patient_id, scaling, mae, psnr_db. An empty normalization or training_set means that
            the row stands for all of them.
        grid: the models.
        scaling: which rows to use.
    """
    chosen = baselines[baselines["scaling"] == scaling].replace([np.inf, -np.inf], np.nan)
    tables = []
    for predictor in PREDICTORS:
        own = chosen[chosen["predictor"] == predictor]
        rows = [row for model in grid for row in _model_rows(own, model)]
        table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "predictor"])
        tables.append(with_overall_rows(table).assign(predictor=predictor))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _model_rows(baselines: pd.DataFrame, model: Model) -> Iterator[dict[str, Any]]:
    own = baselines[
        _is_or_empty(baselines["normalization"], model.normalization)
        & _is_or_empty(baselines["training_set"], model.training_set)
    ]
    for name, cohort in model.institutions():
        patients = own[own["institution"] == name]
        means = {metric.mean: patients[metric.name].mean() for metric in BASELINE_METRICS}
        n = patients["patient_id"].nunique()
        yield {"model": model.label, "testing": name, "cohort": cohort, "n": n} | means


def _is_or_empty(column: pd.Series[str], value: str) -> pd.Series[bool]:
    return column.isna() | (column == "") | (column == value)


def footnote(rows: pd.DataFrame, baselines: pd.DataFrame, grid: Sequence[Model]) -> str:
    """One line: the internal MAE of each model and, on the same patients, of the predictors."""
    parts = [_compare(rows, baselines, model) for model in grid]
    return (
        f"Internal {MAE.title} of model / "
        + " / ".join(PREDICTORS.values())
        + " on the same patients: "
        + "; ".join(parts)
        + "."
    )


def _compare(rows: pd.DataFrame, baselines: pd.DataFrame, model: Model) -> str:
    testing = OVERALL if model.is_pooled else model.internal[0]
    values = [_mae(rows[rows["model"] == model.label], testing)]
    own = baselines[baselines["model"] == model.label]
    values += [_mae(own[own["predictor"] == predictor], testing) for predictor in PREDICTORS]
    return f"{model.label} " + " / ".join(values)


def _mae(rows: pd.DataFrame, testing: str) -> str:
    wanted = (rows["testing"] == testing) & (rows["cohort"] == "internal")
    value = rows.loc[wanted, MAE.mean].mean()
    return "–" if pd.isna(value) else f"{value * MAE.print_factor:.{MAE.decimals}f}"
