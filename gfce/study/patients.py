"""Who is trained on and who is tested, read from the index of the cohort."""

from __future__ import annotations

import pandas as pd

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study.cell import Cell
from gfce.study.results import Results


def test_institutions(config: StudyConfig, cell: Cell) -> dict[str, str]:
    """Institutions that the cell's model is tested on, each with its cohort.

    Internal: the held-out patients of the model's own training institutions. External: every
    patient of the external institutions (study point 6).
    """
    trained_on = config.training_sets()[cell.training_set]
    internal = [name for name in config.cohort.development if name in trained_on]
    return dict.fromkeys(internal, "internal") | dict.fromkeys(config.cohort.external, "external")


def read_patients(results: Results) -> pd.DataFrame:
    """The cohort's usable patients, one row each (columns of patients.csv).

    Raises:
        UserError: the cohort has not been indexed.
    """
    if not results.patients.exists():
        raise UserError(f"{results.patients}: is not there: run `gfce index` first")
    # Of a cohort without masks these columns are empty, which is no number.
    types: dict[str, type] = {"tumour": object, "sha256_tumour": object}
    types |= {"patient_id": str, "institution": str}
    return pd.read_csv(results.patients, dtype=types)


def read_training_set(results: Results, name: str) -> list[str]:
    """The ids of the patients that a training set holds."""
    table = pd.read_csv(results.training_sets, dtype=str)
    return list(table["patient_id"][table["training_set"] == name])


def test_patients(config: StudyConfig, cell: Cell, patients: pd.DataFrame) -> pd.DataFrame:
    """The patients that a cell's model is tested on, with a column cohort (internal|external)."""
    cohorts = test_institutions(config, cell)
    tested = patients[patients["institution"].isin(list(cohorts)) & (patients["split"] == "test")]
    return tested.assign(cohort=tested["institution"].map(cohorts))
