"""The store of resampled patients: raw intensities, masks, geometry and statistics.

One folder per institution: `<patient>.safetensors` with t1w, t2w, ce (float32, raw units) and the
masks foreground and, where there is one, tumour (uint8), all (slice, row, column); its metadata
hold the grid and each volume's statistics. statistics.csv repeats the latter for readers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from gfce.errors import UserError
from gfce.files import atomic_write
from gfce.images.arrays import Grid, Mask, Volume
from gfce.images.statistics import LANDMARKS, VolumeStatistics

KEY = "gfce"
"""The key of a file's metadata: JSON with the grid and the statistics."""
MODALITIES = ("t1w", "t2w", "ce")
"""The inputs T1w and T2w, and the target CE."""


@dataclass(frozen=True)
class ResampledPatient:
    """One patient on the study's matrix: raw intensities (slice, row, column) and masks."""

    patient_id: str
    volumes: dict[str, Volume]
    masks: dict[str, Mask]
    grid: Grid
    statistics: dict[str, VolumeStatistics]


def save_patient(patient: ResampledPatient, folder: Path) -> None:
    """Write a patient into an institution's folder."""
    masks = {name: mask.astype(np.uint8) for name, mask in patient.masks.items()}
    description = {
        "grid": asdict(patient.grid),
        "statistics": {m: asdict(s) for m, s in patient.statistics.items()},
    }
    with atomic_write(folder / f"{patient.patient_id}.safetensors") as temporary:
        # One key, because safetensors writes several in random order.
        metadata = {KEY: json.dumps(description)}
        save_file({**patient.volumes, **masks}, temporary, metadata=metadata)


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
    return Grid(**_metadata(folder, patient_id, "grid"))


def load_statistics(folder: Path, patient_id: str) -> dict[str, VolumeStatistics]:
    """Read the statistics of a patient's volumes by modality."""
    stored = _metadata(folder, patient_id, "statistics")
    return {modality: VolumeStatistics(**_tuples(values)) for modality, values in stored.items()}


def statistics_rows(patient: ResampledPatient) -> list[dict[str, Any]]:
    """A patient's rows of statistics.csv, without what differs from slice to slice."""
    rows = []
    for modality, statistics in patient.statistics.items():
        values = asdict(statistics)
        landmarks = dict(zip(LANDMARKS, values.pop("landmarks"), strict=True))
        del values["slice_means"], values["slice_sds"]
        names = {f"head_p{percentile}": value for percentile, value in landmarks.items()}
        rows.append({"patient_id": patient.patient_id, "modality": modality, **values, **names})
    return rows


def _metadata(folder: Path, patient_id: str, name: str) -> dict[str, Any]:
    with _opened(folder, patient_id) as file:
        return _tuples(json.loads(file.metadata()[KEY])[name])


def _tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}


def _opened(folder: Path, patient_id: str) -> safe_open:
    path = folder / f"{patient_id}.safetensors"
    if not path.exists():
        raise UserError(f"{patient_id}: not in {folder}: run `gfce preprocess` first")
    return safe_open(path, framework="numpy")
