"""`gfce fingerprint`: what the training patients of each model are like, into the models' folders.

Reads patients.csv, training_sets.csv and quality.csv; writes models/<cell>/fingerprint.json, which
is no part of the training and changes no model.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records, write_json
from gfce.quality.fingerprint import Fingerprint, fingerprint_of
from gfce.study import Results, cells, read_patients, read_training_set


def write_fingerprints(config: StudyConfig) -> None:
    """Write the fingerprint of each cell of the grid.

    Raises:
        UserError: the cohort has not been indexed.
    """
    results = Results(config)
    patients = read_patients(results).set_index("patient_id")
    types = {"patient_id": str, "institution": str, "fat_suppression": str}
    measured = pd.read_csv(results.quality, dtype=types)

    @cache
    def of_set(name: str) -> Fingerprint:
        members = read_training_set(results, name)
        rows = records(measured[measured["patient_id"].isin(members)])
        return fingerprint_of(rows, [*patients.loc[members, "field_strength_t"]])

    for cell in cells(config):
        write_json(of_set(cell.training_set).model_dump(), results.fingerprint(cell))
