"""The patients of a hospital that evaluates a bundle: checked, and then known by pseudonyms."""

from __future__ import annotations

import logging
from collections import Counter

import pandas as pd

from gfce.cohort.index import examine
from gfce.cohort.leaks.design import sides
from gfce.cohort.leaks.step import REMEDIES, find_leaks
from gfce.cohort.reading import read_dataset
from gfce.cohort.tables import PATIENTS
from gfce.config import StudyConfig
from gfce.dicom.pseudonyms import Pseudonyms
from gfce.errors import UserError, one_line
from gfce.exchange.reasons import counted
from gfce.files import records, write_csv
from gfce.study import Results

LOGGER = logging.getLogger(__name__)
ISSUER = "BIDS"
"""Who gave the ids that pseudonyms are made of: the dataset, and not a hospital's system."""
Links = dict[str, tuple[str, str, str]]
"""Institution, issuer and id by pseudonym, as `write_links` takes them."""


def examined(config: StudyConfig, workers: int) -> tuple[pd.DataFrame, Counter[str]]:
    """The usable patients of the external institution, and the numbers of others by reason.

    Raises:
        UserError: the dataset cannot be read, or holds no usable patient of the institution.
    """
    [institution] = config.cohort.external
    listed = read_dataset(config.cohort.dataset, config.cohort.bids)
    own = [patient for patient in listed if patient.institution == institution]
    if not own:
        names = sorted({patient.institution or "(empty)" for patient in listed})
        raise UserError(
            f"--institution {institution}: participants.tsv has nobody of it, but of "
            f"{one_line(', '.join(names))}: name one of these, or correct the table"
        )
    if len(own) < len(listed):
        LOGGER.warning(
            "warning: %d patients of other institutions are not read", len(listed) - len(own)
        )
    patients, exclusions = examine(own, _alone(config), workers)
    if patients.empty:
        raise UserError("the dataset has no usable patient: see the reasons above")
    return patients, counted(exclusions["reason"])


def refuse_wrong_images(config: StudyConfig, patients: pd.DataFrame, workers: int) -> None:
    """Look for what the leak guard stops a study at, among these patients alone.

    Raises:
        UserError: two volumes of a patient are the same image, or have each other's names.
    """
    _write_index(config, patients)
    table = find_leaks(_alone(config), workers)
    for row in records(table):
        line = f"{sides(row)}: {row['reason']}"
        if row["severity"] == "stop":
            raise UserError(f"{line}: {REMEDIES[row['kind']]}")
        LOGGER.warning("warning: %s", line)


def index_by_pseudonyms(
    config: StudyConfig, patients: pd.DataFrame, pseudonyms: Pseudonyms
) -> Links:
    """Write patients.csv with pseudonyms in place of ids: later steps know no other.

    In the order of the pseudonyms, because that of the ids would say something about them.

    Returns:
        Who is behind each pseudonym.

    Raises:
        UserError: two patients have one pseudonym.
    """
    [institution] = config.cohort.external
    ids = list(patients["patient_id"])
    names = [pseudonyms.patient(institution, ISSUER, patient) for patient in ids]
    if len(set(names)) < len(names):
        raise UserError("--key: two patients have one pseudonym by it: name another key")
    renamed = patients.assign(patient_id=names).sort_values("patient_id", ignore_index=True)
    _write_index(config, renamed)
    return {name: (institution, ISSUER, patient) for name, patient in zip(names, ids, strict=True)}


def _write_index(config: StudyConfig, patients: pd.DataFrame) -> None:
    table = patients.assign(role="external", split="test")
    write_csv(table[PATIENTS.names], Results(config).patients)


def _alone(config: StudyConfig) -> StudyConfig:
    """The study without institutions to train on: what the hospital's patients are checked by."""
    return config.model_copy(
        update={
            "cohort": config.cohort.model_copy(update={"development": []}),
            "grid": config.grid.model_copy(update={"training_sets": {}}),
        }
    )
