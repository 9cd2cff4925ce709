"""Miniatures of the folders that BraTS and TCIA hand out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cohorts import image

from gfce.images.arrays import Geometry
from gfce.images.volumes import Image, to_image
from gfce.images.writing import write_image

OLD = {"t1": "_t1", "t2": "_t2", "ce": "_t1ce", "flair": "_flair", "seg": "_seg"}
"""Endings of BraTS 2017 to 2021 and FeTS."""
NEW = {"t1": "-t1n", "t2": "-t2w", "ce": "-t1c", "flair": "-t2f", "seg": "-seg"}
"""Endings of BraTS from 2023 on."""
PLAIN = {"t1": "t1", "t2": "t2", "ce": "t1ce", "flair": "flair", "seg": "seg"}
"""Names without the patient's."""
UCSF = {"t1": "_T1", "t2": "_T2", "ce": "_T1c", "seg": "_tumor_segmentation"}
UPENN = {"t1": "_T1", "t2": "_T2", "ce": "_T1GD"}
TCGA = {"t1": "_t1", "t2": "_t2", "ce": "_t1Gd", "seg": "_GlistrBoost_ManuallyCorrected"}


def labels(*values: int) -> Image:
    """A mask with a square of each label, a slice each."""
    array = np.zeros((3, 24, 20), np.uint8)
    for number, value in enumerate(values):
        array[number, 8:12, 8:12] = value
    return to_image(array, Geometry.of(image(0)))


def write_folder(
    folder: Path, ends: dict[str, str], seed: int, name: str | None = None, last: int = 4
) -> None:
    """A patient's folder; `name` is what its files begin with, `last` the enhancing label."""
    begin = "" if ends is PLAIN else name or folder.name
    for number, (kind, end) in enumerate(ends.items()):
        content = labels(1, 2, last) if kind == "seg" else image(10 * seed + number)
        write_image(content, folder / f"{begin}{end}.nii.gz")


def write_fets(root: Path, institutions: dict[int, int]) -> Path:
    """A training set of FeTS 2021: patients by number of the institution; returns the table."""
    rows = ["Subject_ID,Partition_ID"]
    for institution, patients in institutions.items():
        for _ in range(patients):
            name = f"FeTS21_Training_{len(rows):03d}"
            write_folder(root / name, OLD, len(rows))
            rows.append(f"{name},{institution:02d}")
    table = root / "partitioning_1.csv"
    table.write_text("\n".join(rows) + "\n")
    return table
