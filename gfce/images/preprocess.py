"""`gfce preprocess`: an institution's patients on the study's matrix, with their statistics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import Images, StudyConfig
from gfce.errors import WARNING, UserError
from gfce.files import records, sha256, write_csv
from gfce.images.alignment import NOT_REGISTERED, align
from gfce.images.alignment_table import TABLE, alignment_rows
from gfce.images.arrays import Geometry
from gfce.images.foreground import foreground
from gfce.images.masks import read_mask
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.store import ResampledPatient, save_patient, statistics_rows
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import Image, orient, to_array
from gfce.progress import progress
from gfce.study import Results, read_patients


def preprocess(config: StudyConfig, institution: str) -> None:
    """Resample an institution's patients and store raw intensities, masks and statistics.

    Raises:
        UserError: the cohort has not been indexed, or has no such institution.
    """
    results = Results(config)
    patients = read_patients(results)
    patients = patients[patients["institution"] == institution]
    if patients.empty:
        raise UserError(f"institution {institution}: has no patient in {results.patients}")
    rows: list[dict[str, Any]] = []
    alignments: list[dict[str, Any]] = []
    folder = results.images(institution)
    for row in progress(records(patients), f"preprocess {institution}"):
        check_unchanged(row, config.cohort.dataset)
        patient = resample_patient(
            row, config.cohort.dataset, config.images, config.cohort.mask_label
        )
        save_patient(patient, folder)
        rows += statistics_rows(patient)
        alignments += patient.alignment
    write_csv(pd.DataFrame(rows), folder / "statistics.csv")
    if alignments:
        write_csv(TABLE.frame(alignments), results.alignment(institution))
        _report(alignments)


def _report(alignments: list[dict[str, Any]]) -> None:
    """Say which volumes could not be registered."""
    for row in alignments:
        if row["registration"] == "failed":
            title = MODALITIES[row["modality"]].title
            line = f"{row['patient_id']}: {title} {NOT_REGISTERED}: {row['reason']}"
            print(f"{WARNING}{line}", file=sys.stderr)


def check_unchanged(row: dict[str, str], dataset: Path) -> None:
    """Refuse a patient of patients.csv whose files are not those that were indexed.

    Raises:
        UserError: a file is gone, or has another content.
    """
    for kind in (*MODALITIES, "tumour"):
        if pd.isna(row[kind]):
            continue
        path = dataset / row[kind]
        if not path.is_file() or sha256(path) != row[f"sha256_{kind}"]:
            raise UserError(
                f"{row[kind]}: has changed since it was indexed: run `gfce index` again"
            )


def resample_patient(
    row: dict[str, str], dataset: Path, images: Images, label: int | None = None
) -> ResampledPatient:
    """Read one patient of patients.csv; align and resample every volume to the study's matrix.

    `label` is the number of the tumour in the mask, where this has several.

    Raises:
        UserError: a file has changed since `gfce index` and cannot be read any more.
    """
    read = {modality: orient(read_image(dataset / row[modality])) for modality in MODALITIES}
    has_tumour = not pd.isna(row["tumour"])
    tumour = orient(read_mask(dataset / row["tumour"], label)) if has_tumour else None
    return resample_volumes(row["patient_id"], read, tumour, images)


def resample_volumes(
    patient_id: str, read: dict[str, Image], tumour: Image | None, images: Images
) -> ResampledPatient:
    """Align and resample a patient's oriented volumes, by modality, and their tumour mask."""
    aligned = align(read, images.alignment, images.matrix, tumour)
    resampled = aligned.images
    masks = {"foreground": foreground(resampled["t1w"], resampled["t2w"])}
    if aligned.tumour is not None:
        masks["tumour"] = aligned.tumour
    volumes = {modality: to_array(image) for modality, image in resampled.items()}
    arrays = {name: to_array(mask) > 0 for name, mask in masks.items()}
    head = arrays["foreground"]
    region = head if images.statistics_region == "foreground" else None
    statistics = {m: VolumeStatistics.of(volume, head, region) for m, volume in volumes.items()}
    geometry = Geometry.of(resampled["t1w"])
    rows = [] if images.alignment == "none" else alignment_rows(patient_id, read, aligned)
    return ResampledPatient(patient_id, volumes, arrays, geometry, statistics, rows)
