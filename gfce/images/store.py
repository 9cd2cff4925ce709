"""The store of resampled patients: raw intensities, masks, geometry and statistics.

One folder per institution: `<patient>.safetensors` with t1w, t2w, ce (float32, raw units) and the
masks foreground and, where there is one, tumour (uint8), all (slice, row, column); its metadata
hold the grid and each volume's statistics. statistics.csv repeats the latter for readers.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
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
    """Write a patient into an institution's folder.

    Raises:
        OSError: the file could not be written whole.
    """
    masks = {name: mask.astype(np.uint8) for name, mask in patient.masks.items()}
    description = {
        "grid": asdict(patient.grid),
        "statistics": {m: asdict(s) for m, s in patient.statistics.items()},
    }
    path = folder / f"{patient.patient_id}.safetensors"
    with atomic_write(path) as temporary:
        try:
            # One key, because safetensors writes several in random order.
            metadata = {KEY: json.dumps(description)}
            save_file({**patient.volumes, **masks}, temporary, metadata=metadata)
            safe_open(temporary, framework="numpy")  # its length is checked
        except SafetensorError:
            text = "could not be written whole: is the disk full?"
            raise OSError(errno.EIO, text, str(path)) from None


def load_volumes(folder: Path, patient_id: str, modalities: tuple[str, ...]) -> dict[str, Volume]:
    """Read some volumes of a patient, raw units, float32 (slice, row, column).

    Raises:
        UserError: the patient is not in the folder, or the file is damaged (so do all below).
    """
    with _opened(folder, patient_id) as file:
        return {modality: _array(file, modality, np.float32) for modality in modalities}


def load_masks(folder: Path, patient_id: str) -> dict[str, Mask]:
    """Read the masks that a patient has, (slice, row, column)."""
    with _opened(folder, patient_id) as file:
        names = [name for name in file.keys() if name not in MODALITIES]  # noqa: SIM118
        if "foreground" not in names:
            raise ValueError("no foreground")
        return {name: _array(file, name, np.uint8).astype(bool) for name in sorted(names)}


def load_shape(folder: Path, patient_id: str) -> tuple[int, ...]:
    """Read the shape of a patient's resampled volumes, (slice, row, column)."""
    with _opened(folder, patient_id) as file:
        return _shape(file)


def load_grid(folder: Path, patient_id: str) -> Grid:
    """Read the geometry of a patient's resampled volumes."""
    with _opened(folder, patient_id) as file:
        grid = Grid(**_tuples(_metadata(file, "grid")))
        if [len(part) for part in astuple(grid)] != [3, 3, 9]:
            raise ValueError("no grid")
        _check_finite(astuple(grid))
        return grid


def load_statistics(folder: Path, patient_id: str) -> dict[str, VolumeStatistics]:
    """Read the statistics of a patient's volumes by modality."""
    with _opened(folder, patient_id) as file:
        stored = _metadata(file, "statistics")
        slices = _shape(file)[0]
        return {modality: _statistics(stored[modality], slices) for modality in MODALITIES}


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


def _metadata(file: Any, name: str) -> dict[str, Any]:
    return json.loads(file.metadata()[KEY])[name]


def _shape(file: Any) -> tuple[int, ...]:
    return tuple(file.get_slice(MODALITIES[0]).get_shape())


def _array(file: Any, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    array = file.get_tensor(name)
    if array.dtype != dtype or array.ndim != 3 or array.shape != _shape(file):
        raise ValueError("other arrays")
    _check_finite(array)
    if dtype is np.uint8 and array.max() > 1:
        raise ValueError("no mask")
    return array


def _statistics(values: dict[str, Any], slices: int) -> VolumeStatistics:
    statistics = VolumeStatistics(**_tuples(values))
    lists = statistics.landmarks, statistics.slice_means, statistics.slice_sds
    if [len(numbers) for numbers in lists] != [len(LANDMARKS), slices, slices]:
        raise ValueError("other statistics")
    _check_finite(astuple(statistics))
    return statistics


def _check_finite(numbers: Any) -> None:
    parts = numbers if isinstance(numbers, tuple) else (numbers,)
    for part in parts:
        if not np.isfinite(part).all():
            raise ValueError("not finite")


def _tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}


@contextmanager
def _opened(folder: Path, patient_id: str) -> Iterator[Any]:
    """A patient's file; what is wrong with its content is told in one line."""
    path = folder / f"{patient_id}.safetensors"
    if not path.is_file():
        raise UserError(f"{patient_id}: not in {folder}: run `gfce preprocess` first")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError):
        raise UserError(f"{path}: is damaged: run `gfce preprocess` again") from None
