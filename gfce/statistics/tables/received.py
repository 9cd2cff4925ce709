"""Scores of institutions that were merged into the study, as far as they fit it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.table import Table
from gfce.evaluation.tables import BASELINES_TABLE, METRICS_TABLE
from gfce.provenance.remote import misfits
from gfce.statistics.tables.read import read_table
from gfce.study import CELL_KEYS, cells
from gfce.study.remote import BASELINES, METRICS

DESIGN_KEYS = ("normalization", "training_set")
"""The columns of a cell that trivial predictors depend on."""


def received_metrics(config: StudyConfig) -> pd.DataFrame:
    """Rows as in metrics.csv of merged institutions, for the models that the study has now."""
    return _received(config, METRICS, METRICS_TABLE, CELL_KEYS)


def received_baselines(config: StudyConfig) -> pd.DataFrame:
    """Rows as in baselines.csv of merged institutions.

    Those of a normalization and a training set count while a model of them does: its weights tell
    that the training set is the same.
    """
    return _received(config, BASELINES, BASELINES_TABLE, DESIGN_KEYS)


def _received(config: StudyConfig, name: str, table: Table, keys: Sequence[str]) -> pd.DataFrame:
    frames = list(_fitting_rows(config, name, table, keys))
    return pd.concat(frames, ignore_index=True) if frames else table.frame([])


def _fitting_rows(
    config: StudyConfig, name: str, table: Table, keys: Sequence[str]
) -> Iterator[pd.DataFrame]:
    for remote, reasons in misfits(config).items():
        fitting = {
            tuple(getattr(cell, key) for key in keys)
            for cell in cells(config)
            if cell not in reasons
        }
        if fitting:  # else the file may be damaged
            rows = read_table(remote.folder / name, table.names)
            named = rows[list(keys)].itertuples(index=False, name=None)
            yield rows[[values in fitting for values in named]]
