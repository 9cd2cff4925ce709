"""Who is trained on and who is tested, read from the index of the cohort."""

from __future__ import annotations

import pandas as pd

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study.cell import Cell
from gfce.study.results import Results

CROSS = "cross"
"""Cohort of the held-out patients of a development institution that a model was not trained on."""
TABLED_COHORTS = ("internal", "external")
"""Cohorts of tables 2 to 5 and of all statistics that do not ask for `CROSS` by name."""


def test_institutions(config: StudyConfig, cell: Cell) -> dict[str, str]:
    """Institutions that the cell's model is tested on, each with its cohort.

    Internal: the held-out patients of the model's own training institutions. External: every
    patient of the external institutions (study point 6). Cross: the held-out patients of the other
    development institutions; a model that is trained on all of them has none. Nobody of any cohort
    is in the model's training set: training sets are drawn from the patients of the training split,
    and who is held out at an institution is held out from all models.
    """
    trained_on = config.training_sets()[cell.training_set]
    development = {
        name: "internal" if name in trained_on else CROSS for name in config.cohort.development
    }
    return development | dict.fromkeys(config.cohort.external, "external")


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
    """The patients that a cell's model is tested on, with a column cohort.

    It is internal, cross or external (`test_institutions`).
    """
    cohorts = test_institutions(config, cell)
    tested = patients[patients["institution"].isin(list(cohorts)) & (patients["split"] == "test")]
    return tested.assign(cohort=tested["institution"].map(cohorts))
