"""A study of hospitals A, B and C, a hospital D that evaluates its bundle, and a study of all four.

Whatever could tell who a patient is holds `MARKER`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from cohorts import head, minimal_config

from gfce.cli import main
from gfce.cohort.bids import Patient, write_dataset, write_masks_description, write_patient
from gfce.config import load_config
from gfce.dicom.pseudonyms import Pseudonyms
from gfce.files import sha256, write_json
from gfce.images.arrays import Geometry
from gfce.images.volumes import to_image
from gfce.provenance.owner import claim
from gfce.steps import tasks
from gfce.study import Results
from gfce.study.remote import DESCRIPTION, SIGNATURE, signature

MARKER = "Xmarker"
KEY = "ab" * 32
"""The secret of hospital D."""
AT_HOME = {f"sub-{MARKER}{name}{number}": name for name in "ABC" for number in (1, 2, 3)}
LEFT_OUT = f"sub-{MARKER}A4"
AT_D = {f"sub-{MARKER}D{number}": "D" for number in (1, 2, 3)}
FIRST = next(iter(AT_D))
EVERYBODY = [*AT_HOME, LEFT_OUT, *AT_D]
BEFORE_TABLES = (
    "index",
    "leaks",
    "preprocess",
    "train",
    "predict",
    "evaluate",
    "baselines",
    "quality",
    "distances",
)
STATISTICS = ("tabulate", "compare")
CELL = "unet/z_score/tri/seed-1"


def pseudonym(patient_id: str, institution: str = "D") -> str:
    """What hospital D calls a patient to others."""
    return Pseudonyms(bytes.fromhex(KEY)).patient(institution, "BIDS", patient_id)


def write_hospitals(
    root: Path, patients: dict[str, str], names: dict[str, str] | None = None
) -> None:
    """A BIDS dataset: patients look as their ids say, and may be called by other names."""
    called = {patient: (names or {}).get(patient, patient) for patient in patients}
    for patient_id, institution in patients.items():
        write_head(root, EVERYBODY.index(patient_id), called[patient_id], institution)
    write_masks_description(root)
    institutions = {called[patient]: name for patient, name in patients.items()}
    write_dataset(root, f"{MARKER} heads", institutions, "tests")


def write_head(root: Path, number: int, patient_id: str, institution: str) -> None:
    """The images of a patient; two of three have a tumour mask."""
    geometry = Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))
    images = {m: head(3 * number + k) for k, m in enumerate(("t1w", "t2w", "ce"))}
    tumour = np.zeros((3, 24, 20), np.uint8)
    tumour[1, 10:14, 8:12] = 1
    write_patient(
        root,
        Patient(
            patient_id,
            institution,
            {name: to_image(volume, geometry) for name, volume in images.items()},
            {key: {"MagneticFieldStrength": 3, "PatientName": MARKER} for key in images},
            to_image(tumour, geometry) if number % 3 else None,
        ),
    )


def write_study(folder: Path, external: list[str]) -> Path:
    """The configuration of a study whose data and results lie in a folder."""
    content = minimal_config(
        results=str(folder / "results"),
        cohort={
            "dataset": str(folder / "data"),
            "external": external,
            "exclude": {LEFT_OUT: f"{MARKER} moved"},
            "two_persons": [list(AT_HOME)[:2]],
        },
        grid={"networks": {"unet": {"width": 2}}},
        statistics={"bootstrap_resamples": 99},
    )
    path = folder / f"{MARKER}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def change(config: Path, section: str, **values: Any) -> None:
    """Give keys of a section other values."""
    content = yaml.safe_load(config.read_text())
    content.setdefault(section, {}).update(values)
    config.write_text(yaml.safe_dump(content))


def copied(config: Path, folder: Path) -> Path:
    """A copy of a study at another place, with the times of its files."""
    shutil.copytree(config.parent, folder, dirs_exist_ok=True)
    copy = folder / config.name
    copy.write_text(config.read_text().replace(str(config.parent), str(folder)))
    claim(load_config(copy), copy)
    return copy


def anat(dataset: Path, suffix: str, patient: str = FIRST) -> Path:
    """An image of a patient."""
    return dataset / patient / "anat" / f"{patient}_{suffix}.nii.gz"


def gfce(*arguments: object) -> None:
    """Run a command that has to succeed."""
    assert main([str(argument) for argument in arguments]) == 0


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a command ends with that must not succeed."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 1
    *before, last = capsys.readouterr().err.splitlines()
    assert last.startswith("gfce: error: ")
    assert not any(line.startswith(("gfce: error: ", "Traceback")) for line in before)
    return last


def run(config: Path, *steps: str) -> Results:
    """Steps of a study, for all that they are done for."""
    study = load_config(config)
    for task in tasks(study):
        if task.step in steps:
            gfce(task.step, config, *([] if task.what == "all" else [task.what]))
    return Results(study)


def key_of_d(folder: Path) -> Path:
    """The file with hospital D's secret."""
    key = folder / "key"
    if not key.exists():
        key.touch(0o600)
        key.write_text(KEY)
    return key


def evaluation(bundle: Path, dataset: Path, rows: Path, *options: object) -> list[object]:
    """The command line of hospital D."""
    key = key_of_d(rows.parent)
    named = ["--institution", "D", "--key", key, "-o", rows]
    return ["evaluate-bundle", bundle, dataset, *named, *options]


def edit(rows: Path, name: str, change_table: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table of rows, and sign them as if they had been written so."""
    table = pd.read_csv(rows / name, dtype=str, keep_default_na=False)
    change_table(table).to_csv(rows / name, index=False)
    sign(rows)


def sign(rows: Path, **changes: Any) -> None:
    """Change the description of rows, and sign them."""
    description = json.loads((rows / DESCRIPTION).read_text()) | changes
    files = {name: sha256(rows / name) for name in description["files"]}
    description = {k: v for k, v in description.items() if k != SIGNATURE} | {"files": files}
    write_json({**description, SIGNATURE: signature(description)}, rows / DESCRIPTION)
