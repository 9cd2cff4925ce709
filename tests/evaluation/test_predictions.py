"""Synthetic volumes that nobody should score."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from gfce.errors import UserError
from gfce.evaluation.predictions import load_prediction, prediction_path
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.store import ResampledPatient, StoredPatient, save_patient
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import to_image
from gfce.images.writing import write_image

SHAPE = (2, 16, 18)
VOLUME = np.random.default_rng(0).normal(0, 1, SHAPE).astype(np.float32)
TURN = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.1, 0.3).GetMatrix()
GEOMETRY = Geometry((1.1, 2.3, 3.7), (-104.7, 50.3, 6.1), TURN)
NAME = "sub-1_ce-gadolinium_desc-synthetic_T1w.nii.gz"
OTHER_GRID = "the synthetic volume lies on another grid than the real ones"


@pytest.fixture
def patient(tmp_path: Path) -> StoredPatient:
    head = np.ones(SHAPE, dtype=bool)
    statistics = dict.fromkeys(MODALITIES, VolumeStatistics.of(VOLUME, head))
    volumes = dict.fromkeys(MODALITIES, VOLUME)
    folder = tmp_path / "images"
    folder.mkdir()
    save_patient(
        ResampledPatient("sub-1", volumes, {"foreground": head}, GEOMETRY, statistics), folder
    )
    return StoredPatient(folder, "sub-1")


def test_a_prediction_is_what_was_written(patient: StoredPatient, tmp_path: Path) -> None:
    write_image(to_image(VOLUME, GEOMETRY), prediction_path(tmp_path, "sub-1"))
    np.testing.assert_array_equal(load_prediction(tmp_path, patient), VOLUME)


def cut(path: Path, count: int) -> None:
    write_image(to_image(VOLUME, GEOMETRY), path)
    path.write_bytes(path.read_bytes()[:-count])


def array(path: Path, values: np.ndarray) -> None:
    write_image(to_image(values, GEOMETRY), path)


def shifted(path: Path) -> None:
    write_image(to_image(VOLUME, Geometry(GEOMETRY.spacing, (-104.7, 50.3, 7.1), TURN)), path)


def upright(path: Path) -> None:
    write_image(to_image(VOLUME, Geometry(GEOMETRY.spacing, GEOMETRY.origin)), path)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda p: None, f"{NAME}: no such file"),
    "nan": (lambda p: array(p, VOLUME * np.float32("nan")), f"{NAME}: has voxels that are not finite"),
    "cut": (lambda p: cut(p, 300), f"{NAME}: is cut short"),
    "cut-trailer": (lambda p: cut(p, 4), f"{NAME}: is cut short"),
    "huge": (lambda p: array(p, np.full(SHAPE, 1e30, np.float32)), f"{NAME}: has a voxel of 1e+30, beyond 1e+10"),
    "wider": (lambda p: array(p, np.pad(VOLUME, ((0, 0), (0, 0), (1, 1)))), OTHER_GRID),
    "shallower": (lambda p: array(p, VOLUME[:1]), OTHER_GRID),
    "transposed": (lambda p: array(p, VOLUME.transpose(0, 2, 1)), OTHER_GRID),
    "shifted": (shifted, OTHER_GRID),
    "upright": (upright, OTHER_GRID),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_predictions(
    make: Callable[[Path], object], message: str, patient: StoredPatient, tmp_path: Path
) -> None:
    make(prediction_path(tmp_path, "sub-1"))
    with pytest.raises(UserError) as caught:
        load_prediction(tmp_path, patient)
    assert str(caught.value) == f"sub-1: {message}: run `gfce predict` again"
