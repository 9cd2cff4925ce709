"""The folder of rows that goes from a hospital back to the study."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from gfce import __version__
from gfce.config import StudyConfig
from gfce.contract.later_columns import write_table
from gfce.exchange.contents import FORMAT
from gfce.exchange.received_bundle import ReceivedBundle
from gfce.exchange.tables import REMOTE_EXCLUSIONS, REMOTE_PATIENTS
from gfce.files import new_folder, sha256, write_json
from gfce.study import Results, read_patients
from gfce.study.remote import DESCRIPTION, EXCLUSIONS, PATIENTS, SIGNATURE, signature

LIBRARIES = ("torch", "numpy", "SimpleITK", "scikit-image")
"""Whose versions may move the last digits of scores."""


def patient_rows(config: StudyConfig) -> pd.DataFrame:
    """What a study may know of single patients of a hospital: no path, no hash, no date."""
    patients = read_patients(Results(config))
    return patients.assign(tumour=patients["tumour"].notna())[REMOTE_PATIENTS.names]


def write_rows(
    output: Path,
    tables: Mapping[str, pd.DataFrame],
    excluded: Counter[str],
    bundle: ReceivedBundle,
    config: StudyConfig,
) -> None:
    """Write the folder that `gfce merge` takes.

    Args:
        output: the folder.
        tables: metrics, baselines and patients by the names of their files.
        excluded: how many patients could not be used, by reason.
        bundle: whose models have scored.
        config: what they were scored by.
    """
    [institution] = config.cohort.external
    counts = [
        {"institution": institution, "reason": reason, "n": n}
        for reason, n in sorted(excluded.items())
    ]
    with new_folder(output.resolve()) as folder:
        for name, table in {**tables, EXCLUSIONS: REMOTE_EXCLUSIONS.frame(counts)}.items():
            write_table(table, folder / name)
        files = {path.name: sha256(path) for path in sorted(folder.iterdir())}
        description = {
            **_described(institution, bundle, config),
            "patients": len(tables[PATIENTS]),
            "excluded": excluded.total(),
            "files": files,
        }
        write_json({**description, SIGNATURE: signature(description)}, folder / DESCRIPTION)


def _described(institution: str, bundle: ReceivedBundle, config: StudyConfig) -> dict[str, Any]:
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "format": FORMAT,
        "gfce": __version__,
        "study": config.study,
        "institution": institution,
        "bundle_sha256": bundle.sha256,
        "cells": {str(cell): asdict(each.recipe) for cell, each in bundle.cells.items()},
        "device": config.training.device,
        "versions": {"python": platform.python_version(), **libraries},
    }
