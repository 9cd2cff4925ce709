"""The store of resampled patients: raw intensities, masks, geometry and statistics.

One folder per institution: `<patient>.safetensors` with t1w, t2w, ce (float32, raw units) and the
masks foreground and, where there is one, tumour (uint8), all (slice, row, column); and
statistics.csv with what the normalizations need of each volume.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save_file

from gfce.errors import UserError
from gfce.files import records
from gfce.images.arrays import Grid, Mask, Volume
from gfce.images.normalizations import VolumeStatistics

MODALITIES = ("t1w", "t2w", "ce")
"""The inputs T1w and T2w, and the target CE."""


@dataclass(frozen=True)
class ResampledPatient:
    """One patient on the study's matrix: raw intensities (slice, row, column) and masks."""

    patient_id: str
    volumes: dict[str, Volume]
    masks: dict[str, Mask]
    grid: Grid


def save_patient(patient: ResampledPatient, folder: Path) -> None:
    """Write a patient into an institution's folder."""
    masks = {name: mask.astype(np.uint8) for name, mask in patient.masks.items()}
    save_file(
        {**patient.volumes, **masks},
        folder / f"{patient.patient_id}.safetensors",
        metadata={"grid": json.dumps(asdict(patient.grid))},
    )


def load_volumes(folder: Path, patient_id: str, modalities: tuple[str, ...]) -> dict[str, Volume]:
    """Read some volumes of a patient, raw units, float32 (slice, row, column)."""
    with _opened(folder, patient_id) as file:
        return {modality: file.get_tensor(modality) for modality in modalities}


def load_masks(folder: Path, patient_id: str) -> dict[str, Mask]:
    """Read the masks that a patient has, (slice, row, column)."""
    with _opened(folder, patient_id) as file:
        names = [name for name in file.keys() if name not in MODALITIES]  # noqa: SIM118
        return {name: file.get_tensor(name).astype(bool) for name in sorted(names)}


def load_grid(folder: Path, patient_id: str) -> Grid:
    """Read the geometry of a patient's resampled volumes."""
    with _opened(folder, patient_id) as file:
        return Grid(**{k: tuple(v) for k, v in json.loads(file.metadata()["grid"]).items()})


def _opened(folder: Path, patient_id: str) -> safe_open:
    path = folder / f"{patient_id}.safetensors"
    if not path.exists():
        raise UserError(f"{patient_id}: not in {folder}: run `gfce preprocess` first")
    return safe_open(path, framework="numpy")


def statistics_table(rows: dict[tuple[str, str], VolumeStatistics]) -> pd.DataFrame:
    """The statistics of volumes by patient and modality as a table."""
    return pd.DataFrame(
        [{"patient_id": p, "modality": m, **asdict(values)} for (p, m), values in rows.items()]
    )


def load_statistics(folder: Path) -> dict[tuple[str, str], VolumeStatistics]:
    """Read the statistics of an institution's volumes by patient and modality."""
    # Read as text, because not every version of pandas reads numbers to their last bit.
    table = pd.read_csv(folder / "statistics.csv", dtype=str)
    return {
        (row.pop("patient_id"), row.pop("modality")): VolumeStatistics(
            **{name: float(value) for name, value in row.items()}
        )
        for row in records(table)
    }
