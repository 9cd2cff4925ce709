"""Who is trained on and who is tested, read from the index of the cohort."""

from __future__ import annotations

import pandas as pd

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.repairs import METHODS
from gfce.study.cell import Cell, cells, method_of
from gfce.study.results import Results

CROSS = "cross"
"""Cohort of the held-out patients of a development institution that a model was not trained on."""
TABLED_COHORTS = ("internal", "external")
"""Cohorts of tables 2 to 5 and of all statistics that do not ask for `CROSS` by name."""
ADAPT = "adapt"
"""The split of patients of an external institution whom a repair learns from: they are neither
trained on by the models without one nor tested by any."""


def test_institutions(config: StudyConfig, cell: Cell) -> dict[str, str]:
    """Institutions that the cell's model is tested on, each with its cohort.

    Internal: the held-out patients of the model's own training institutions. External: every
    patient of the external institutions (study point 6), apart from those that are set aside for
    repairs (`set_aside`). Cross: the held-out patients of the other
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


def set_aside(config: StudyConfig) -> int:
    """Patients of each external institution that repairs of the grid learn from.

    No model of the study is tested on them, so that all are compared on the same patients: they are
    as many as the repair needs that needs most of them.
    """
    repairs = [config.repair(name) for name in config.grid.repairs]
    asked = [
        int(repair.options[option])
        for repair in repairs
        if (option := METHODS[str(repair.method)].target_patients)
    ]
    return max(asked, default=0)


def adapted_sets(config: StudyConfig) -> set[str]:
    """The training sets with a repair that learns from patients of external institutions."""
    methods = ((cell.training_set, method_of(config, cell)) for cell in cells(config))
    return {name for name, method in methods if method and method.target_patients}


def read_adaptation(results: Results) -> pd.DataFrame:
    """The patients that are set aside for repairs (columns of adaptation.csv).

    Raises:
        UserError: the cohort has not been indexed.
    """
    if not results.adaptation.exists():
        raise UserError(f"{results.adaptation}: is not there: run `gfce index` first")
    return pd.read_csv(results.adaptation, dtype={"institution": str, "patient_id": str})


def adaptation_patients(config: StudyConfig, cell: Cell, results: Results) -> dict[str, list[str]]:
    """The patients whom a cell's repair learns from, by external institution (empty: none needed).

    The first of those that are set aside, in their order: fewer patients are among the more.

    Raises:
        UserError: the cohort has not been indexed.
    """
    method = method_of(config, cell)
    if method is None or method.target_patients is None:
        return {}
    count = config.repair(cell.repair).options[method.target_patients]
    table = read_adaptation(results)
    table = table[table["order"] <= count].sort_values("order")
    return {
        name: list(table["patient_id"][table["institution"] == name])
        for name in config.cohort.external
    }


def test_patients(config: StudyConfig, cell: Cell, patients: pd.DataFrame) -> pd.DataFrame:
    """The patients that a cell's model is tested on, with a column cohort.

    It is internal, cross or external (`test_institutions`). Who is set aside for repairs is not
    among them.
    """
    cohorts = test_institutions(config, cell)
    tested = patients[patients["institution"].isin(list(cohorts)) & (patients["split"] == "test")]
    return tested.assign(cohort=tested["institution"].map(cohorts))
