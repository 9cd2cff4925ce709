"""The store of resampled patients: raw intensities, masks, geometry and statistics.

One folder per institution: `<patient>.safetensors` with t1w, t2w, ce (float32, raw units) and the
masks foreground and, where there is one, tumour (uint8), all (slice, row, column); its metadata
hold the geometry and each volume's statistics. statistics.csv repeats the latter for readers.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gfce.errors import UserError
from gfce.files import atomic_write
from gfce.images.arrays import Geometry, Mask, Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import MODALITIES
from gfce.images.volume_statistics import LANDMARKS, VolumeStatistics

METADATA = "gfce"
"""The key of a file's metadata: JSON with the geometry and the statistics."""
GEOMETRY, STATISTICS = "grid", "statistics"
"""The keys of that JSON."""


@dataclass(frozen=True)
class ResampledPatient:
    """One patient on the study's matrix: raw intensities (slice, row, column) and masks."""

    patient_id: str
    volumes: dict[str, Volume]
    masks: dict[str, Mask]
    geometry: Geometry
    statistics: dict[str, VolumeStatistics]
    alignment: list[dict[str, Any]] = field(default_factory=list)
    """The patient's rows of alignment.csv; the file of the patient lacks them."""


def save_patient(patient: ResampledPatient, folder: Path) -> None:
    """Write a patient into an institution's folder.

    Raises:
        OSError: the file could not be written whole.
    """
    masks = {name: mask.astype(np.uint8) for name, mask in patient.masks.items()}
    description = {
        GEOMETRY: asdict(patient.geometry),
        STATISTICS: {m: asdict(s) for m, s in patient.statistics.items()},
    }
    path = _path(folder, patient.patient_id)
    with atomic_write(path) as temporary:
        try:
            # One key, because safetensors writes several in random order.
            metadata = {METADATA: json.dumps(description)}
            save_file({**patient.volumes, **masks}, temporary, metadata=metadata)
            safe_open(temporary, framework="numpy")  # its length is checked
        except SafetensorError:
            text = "could not be written whole: is the disk full?"
            raise OSError(errno.EIO, text, str(path)) from None


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


class StoredPatient:
    """A patient of the store. The file is opened once, at the first question, and read in parts.

    Every method and property checks what it reads, and raises UserError if the patient is not in
    the folder or the file is damaged.
    """

    def __init__(self, folder: Path, patient_id: str) -> None:
        """A patient in an institution's folder of the store; nothing is read yet."""
        self.patient_id = patient_id
        self._folder = folder

    @property
    def institution(self) -> str:
        """The institution, in whose folder the patient lies."""
        return self._folder.name

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the patient's volumes and masks, (slice, row, column)."""
        with self._checked():
            return self._shape()

    @cached_property
    def geometry(self) -> Geometry:
        """Where the patient's volumes lie."""
        with self._checked():
            geometry = Geometry(**_tuples(self._description[GEOMETRY]))
            if [len(part) for part in astuple(geometry)] != [3, 3, 9]:
                raise ValueError("no geometry")
            _check_finite(astuple(geometry))
            return geometry

    @cached_property
    def statistics(self) -> dict[str, VolumeStatistics]:
        """The statistics of the patient's volumes by modality."""
        with self._checked():
            stored, slices = self._description[STATISTICS], self._shape()[0]
            return {modality: _statistics(stored[modality], slices) for modality in MODALITIES}

    def volume(self, modality: str) -> Volume:
        """Read a volume, raw units, float32 (slice, row, column)."""
        with self._checked():
            return self._array(modality, np.float32)

    def masks(self) -> dict[str, Mask]:
        """Read the masks that the patient has, (slice, row, column): foreground and tumour."""
        with self._checked():
            names = sorted(set(self._file.keys()) - MODALITIES.keys())
            if "foreground" not in names:
                raise ValueError("no foreground")
            return {name: self._array(name, np.uint8).astype(bool) for name in names}

    def normalized(self, modality: str, normalization: FittedNormalization) -> Volume:
        """Read a volume and normalize it, float32 (slice, row, column)."""
        return normalization.normalize(modality, self.volume(modality), self.statistics[modality])

    def restored(
        self, modality: str, normalized: Volume, normalization: FittedNormalization
    ) -> Volume:
        """Take a normalized volume to raw units by the map of the stored volume of that modality.

        Args:
            modality: whose map to invert.
            normalized: a volume in normalized units, (slice, row, column).
            normalization: the one that it was normalized with.
        """
        return normalization.restore(modality, normalized, self.statistics[modality])

    @cached_property
    def _file(self) -> Any:
        path = _path(self._folder, self.patient_id)
        if not path.is_file():
            raise UserError(
                f"{self.patient_id}: not in {self._folder}: run `gfce preprocess` first"
            )
        return safe_open(path, framework="numpy")

    @cached_property
    def _description(self) -> dict[str, Any]:
        return json.loads(self._file.metadata()[METADATA])

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Say in one line that the file's content is wrong."""
        try:
            yield
        except (SafetensorError, ValueError, TypeError, KeyError, AttributeError):
            path = _path(self._folder, self.patient_id)
            raise UserError(f"{path}: is damaged: run `gfce preprocess` again") from None

    def _shape(self) -> tuple[int, ...]:
        return tuple(self._file.get_slice(next(iter(MODALITIES))).get_shape())

    def _array(self, name: str, dtype: type[np.generic]) -> NDArray[Any]:
        array = self._file.get_tensor(name)
        if array.dtype != dtype or array.ndim != 3 or array.shape != self._shape():
            raise ValueError("other arrays")
        _check_finite(array)
        if dtype is np.uint8 and array.max() > 1:
            raise ValueError("no mask")
        return array


def _path(folder: Path, patient_id: str) -> Path:
    return folder / f"{patient_id}.safetensors"


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
