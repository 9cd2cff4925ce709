"""Where the synthetic CE of a new patient lies: on the T1w's own grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import head
from synthesizing import OBLIQUE, Copy, command

from gfce.cli import main
from gfce.evaluation.model_folder import ModelFolder
from gfce.images.arrays import Geometry
from gfce.images.reading import read_image
from gfce.images.volumes import Image, same_geometry, to_array, to_image
from gfce.images.writing import write_image


def lopsided(rows: int, columns: int, slices: int = 5) -> np.ndarray:
    """A head with a bright part at its left, anterior and inferior, (slice, row, column)."""
    array = head(0, slices, rows, columns)
    array[: slices // 2, rows // 6 : rows // 3, columns // 2 : 3 * columns // 4] += 400
    return array


TURNS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda one: one,
    "flipped left-right": lambda one: sitk.Flip(one, (True, False, False)),
    "flipped back-front": lambda one: sitk.Flip(one, (False, True, True)),
    "RAS": lambda one: sitk.DICOMOrient(one, "RAS"),
    "sagittal": lambda one: sitk.DICOMOrient(one, "PSR"),
    "coronal": lambda one: sitk.DICOMOrient(one, "LIP"),
    "left-handed": lambda one: sitk.DICOMOrient(one, "RPS"),
}


@pytest.mark.parametrize("direction", [Geometry.direction, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("matrix", [(40, 36), (24, 20), (61, 50)], ids=str)
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_structures_stay_where_they_are(
    turn: Callable[[Image], Image],
    matrix: tuple[int, int],
    direction: tuple[float, ...],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ModelFolder, "generator", lambda self, device: Copy())
    geometry = Geometry((200 / matrix[1], 220 / matrix[0], 4.0), (-104.7, 50.3, 6.1), direction)
    t1w = turn(to_image(lopsided(*matrix), geometry))
    t2w = turn(to_image(head(1, 5, *matrix), geometry))
    for name, each in (("t1w", t1w), ("t2w", t2w)):
        write_image(each, tmp_path / "in" / f"{name}.nii.gz")
    assert main(command(folder, tmp_path / "in", output="ce.nii.gz")) == 0
    result, original = (read_image(tmp_path / name) for name in ("ce.nii.gz", "in/t1w.nii.gz"))
    assert same_geometry(result, original, tolerance_mm=1e-3)
    np.testing.assert_allclose(result.GetDirection(), original.GetDirection(), atol=1e-6)
    after, before = to_array(result), to_array(original)
    if matrix == (40, 36):  # nothing was interpolated
        np.testing.assert_allclose(after, before, atol=0.05)
    error = np.abs(after - before).mean()
    assert error < 0.1 * before.mean()  # blurred edges
    mirrored = [np.abs(np.flip(after, axis) - before).mean() for axis in range(3)]
    assert min(mirrored) > 2 * error + 1
