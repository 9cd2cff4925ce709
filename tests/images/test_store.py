"""The store of resampled patients, when it is damaged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from long import LONG
from safetensors import safe_open
from safetensors.numpy import save_file
from test_writing import NOT_WHOLE, small_disk

from gfce.errors import UserError
from gfce.images import store
from gfce.images.arrays import Geometry
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import MODALITIES
from gfce.images.store import METADATA, ResampledPatient, StoredPatient, save_patient
from gfce.images.volume_statistics import VolumeStatistics
from gfce.provenance.records import Recipe, Record

SHAPE = (2, 16, 18)
HEAD = np.ones(SHAPE, dtype=bool)
VOLUMES = {
    modality: np.random.default_rng(number).normal(100, 9, SHAPE).astype(np.float32)
    for number, modality in enumerate(MODALITIES)
}
STATISTICS = {modality: VolumeStatistics.of(volume, HEAD) for modality, volume in VOLUMES.items()}
GEOMETRY = Geometry((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
PATIENT = ResampledPatient("sub-1", VOLUMES, {"foreground": HEAD}, GEOMETRY, STATISTICS)


def load(folder: Path) -> None:
    """Everything that a study reads of a patient."""
    patient = StoredPatient(folder, "sub-1")
    for modality in MODALITIES:
        patient.volume(modality)
    patient.masks()
    for attribute in ("shape", "geometry", "statistics"):
        getattr(patient, attribute)


def test_what_was_saved(tmp_path: Path) -> None:
    save_patient(PATIENT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sub-1.safetensors"]
    patient = StoredPatient(tmp_path, "sub-1")
    for modality in MODALITIES:
        np.testing.assert_array_equal(patient.volume(modality), VOLUMES[modality])
    assert patient.masks()["foreground"].all()
    assert patient.shape == SHAPE
    assert patient.geometry == GEOMETRY
    assert patient.statistics == STATISTICS


@pytest.mark.parametrize("name", ["min_max", "nyul"])
def test_a_stored_volume_is_normalized_and_restored_by_its_own_statistics(
    name: str, tmp_path: Path
) -> None:
    save_patient(PATIENT, tmp_path)
    patient = StoredPatient(tmp_path, "sub-1")
    normalization = FittedNormalization.fit(name, {m: [s] for m, s in STATISTICS.items()})
    normalized = patient.normalized("t2w", normalization)
    expected = normalization.normalize("t2w", VOLUMES["t2w"], STATISTICS["t2w"])
    np.testing.assert_array_equal(normalized, expected)
    restored = patient.restored("t2w", normalized, normalization)
    np.testing.assert_allclose(restored, VOLUMES["t2w"], rtol=1e-4)


def test_a_patients_file_is_opened_once_and_only_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_patient(PATIENT, tmp_path)
    opened: list[Path] = []

    def opening(path: Path, **options: str) -> Any:
        opened.append(path)
        return safe_open(path, **options)

    monkeypatch.setattr(store, "safe_open", opening)
    StoredPatient(tmp_path, "sub-1")
    assert opened == []
    load(tmp_path)
    assert opened == [tmp_path / "sub-1.safetensors"]


def description(**changes: Any) -> dict[str, Any]:
    statistics = {modality: asdict(values) for modality, values in STATISTICS.items()}
    return {"grid": asdict(GEOMETRY), "statistics": statistics, **changes}


def stored(
    folder: Path,
    arrays: dict[str, Any] | None = None,
    text: str | None = None,
    without: tuple[str, ...] = (),
) -> None:
    """A patient's file with other content."""
    content = {**VOLUMES, "foreground": HEAD.astype(np.uint8), **(arrays or {})}
    kept = {name: array for name, array in content.items() if name not in without}
    text = json.dumps(description()) if text is None else text
    save_file(kept, folder / "sub-1.safetensors", metadata={METADATA: text})


def of_one(**changes: Any) -> str:
    """Metadata in which the T1w's statistics are others."""
    statistics = description()["statistics"]
    return json.dumps(
        description(statistics={**statistics, "t1w": {**statistics["t1w"], **changes}})
    )


def cut(folder: Path, length: int) -> None:
    save_patient(PATIENT, folder)
    path = folder / "sub-1.safetensors"
    path.write_bytes(path.read_bytes()[:length])


NAN, WIDE = VOLUMES["t2w"] * np.float32("nan"), np.zeros((2, 16, 19), np.float32)
DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda p: cut(p, 0),
    "beginning": lambda p: cut(p, 7),
    "half-header": lambda p: cut(p, 300),
    "half": lambda p: cut(p, 5000),
    "last-byte": lambda p: cut(p, -1),
    "garbage": lambda p: (p / "sub-1.safetensors").write_bytes(b"garbage" * 99),
    "zeros": lambda p: (p / "sub-1.safetensors").write_bytes(bytes(9999)),
    "no-ce": lambda p: stored(p, without=("ce",)),
    "no-t1w": lambda p: stored(p, without=("t1w",)),
    "no-head": lambda p: stored(p, without=("foreground",)),
    "float64": lambda p: stored(p, {"t1w": VOLUMES["t1w"].astype(np.float64)}),
    "float-mask": lambda p: stored(p, {"foreground": VOLUMES["t1w"]}),
    "mask-of-2": lambda p: stored(p, {"foreground": HEAD.astype(np.uint8) * 2}),
    "other-shape": lambda p: stored(p, {"t2w": WIDE}),
    "other-mask": lambda p: stored(p, {"tumour": WIDE.astype(np.uint8)}),
    "flat": lambda p: stored(p, {"t1w": VOLUMES["t1w"][0]}),
    "nan": lambda p: stored(p, {"t2w": NAN}),
    "no-metadata": lambda p: save_file(VOLUMES, p / "sub-1.safetensors"),
    "no-json": lambda p: stored(p, text="nothing"),
    "json-list": lambda p: stored(p, text="[1, 2]"),
    "json-empty": lambda p: stored(p, text="{}"),
    "grid-number": lambda p: stored(p, text=json.dumps(description(grid=7))),
    "grid-empty": lambda p: stored(p, text=json.dumps(description(grid={}))),
    "grid-2d": lambda p: stored(
        p, text=json.dumps(description(grid=asdict(Geometry((1, 2), (3, 4)))))
    ),
    "grid-nan": lambda p: stored(
        p, text=json.dumps(description(grid=asdict(Geometry((1, 2, float("nan")), (0, 0, 0)))))
    ),
    "grid-text": lambda p: stored(
        p, text=json.dumps(description(grid={"spacing": ["a"] * 3, "origin": [0, 0, 0]}))
    ),
    "statistics-none": lambda p: stored(p, text=json.dumps(description(statistics={}))),
    "statistics-more": lambda p: stored(p, text=of_one(colour=1)),
    "statistics-nan": lambda p: stored(p, text=of_one(mean=float("nan"))),
    "statistics-text": lambda p: stored(p, text=of_one(sd="wide")),
    "landmarks": lambda p: stored(p, text=of_one(landmarks=[1, 2])),
    "slices": lambda p: stored(p, text=of_one(slice_sds=[1.0])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_store(damage: Callable[[Path], object], tmp_path: Path) -> None:
    damage(tmp_path)
    with pytest.raises(UserError) as caught:
        load(tmp_path)
    path = tmp_path / "sub-1.safetensors"
    assert str(caught.value) == f"{path}: is damaged: run `gfce preprocess` again"


@pytest.mark.parametrize("size", [0, 10, 3000, 6000])
def test_a_full_disk_is_noticed(size: int, tmp_path: Path) -> None:
    with small_disk(size), pytest.raises(OSError, match=NOT_WHOLE):
        save_patient(PATIENT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_bit_and_every_length(tmp_path: Path) -> None:
    """A flipped bit is refused, or read as some volume: then the record's hash tells it.

    Of all 8 bits of every byte of the header and of what follows each length (GFCE_TEST_LONG=1;
    else of every 23rd), no one ends in anything but one line.
    """
    save_patient(PATIENT, tmp_path)
    path = tmp_path / "sub-1.safetensors"
    whole = path.read_bytes()
    known = Record.of(Recipe(), tmp_path, [path])
    header = 8 + int.from_bytes(whole[:8], "little")
    found: Counter[str] = Counter()
    for bit in range(0, 8 * header, 1 if LONG else 23):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        found[outcome(path, bytes(data))] += 1
        assert known.damage(tmp_path, thoroughly=True) is not None
    assert set(found) <= {"refused", "read"}
    assert found["refused"] > found["read"]
    for length in range(0, len(whole), 7 if LONG else 211):
        assert outcome(path, whole[:length]) == "refused"


def outcome(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    try:
        load(path.parent)
    except UserError as error:
        assert "\n" not in str(error)
        return "refused"
    return "read"
