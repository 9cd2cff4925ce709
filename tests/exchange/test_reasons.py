"""Each way in which a patient is unusable leaves a hospital as one of a few fixed texts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from cohorts import head
from two_hospitals import AT_D, MARKER, anat

from gfce.exchange.patients import examined
from gfce.exchange.reasons import OTHER, REASONS, reason
from gfce.exchange.received_bundle import ReceivedBundle
from gfce.images.arrays import Geometry
from gfce.images.volumes import to_image
from gfce.images.writing import write_image


def unlinked(data: Path, patient: str) -> None:
    anat(data, "T2w", patient).unlink()


def no_folder(data: Path, patient: str) -> None:
    shutil.rmtree(data / patient)


def two_volumes(data: Path, patient: str) -> None:
    shutil.copy(anat(data, "T1w", patient), anat(data, f"acq-{MARKER}_T1w", patient))


def two_sessions(data: Path, patient: str) -> None:
    for session in ("1", "2"):
        other = data / patient / f"ses-{MARKER}{session}" / "anat"
        shutil.copytree(data / patient / "anat", other)
        for path in other.iterdir():
            path.rename(path.with_name(path.name.replace("_", f"_ses-{MARKER}{session}_", 1)))
    shutil.rmtree(data / patient / "anat")


def half_a_session(data: Path, patient: str) -> None:
    other = data / patient / f"ses-{MARKER}" / "anat"
    other.mkdir(parents=True)
    anat(data, "T2w", patient).rename(other / f"{patient}_ses-{MARKER}_T2w.nii.gz")


def other_grid(data: Path, patient: str) -> None:
    image = to_image(head(1), Geometry((2.0, 1.5, 4.0), (-9.0, -20.0, 30.0)))
    write_image(image, anat(data, "T2w", patient))


def constant(data: Path, patient: str) -> None:
    write_volume(data, patient, np.full((3, 24, 20), 7, np.float32))


def hardly_any_contrast(data: Path, patient: str) -> None:
    volume = np.full((3, 24, 20), 1000, np.float32)
    volume[:, ::2] = 1001
    write_volume(data, patient, volume)


def outlier(data: Path, patient: str) -> None:
    volume = head(3)
    volume[0, 0, 0] = 1e9
    write_volume(data, patient, volume)


def too_few_pixels(data: Path, patient: str) -> None:
    write_volume(data, patient, head(3)[:, :8, :8])


def write_volume(data: Path, patient: str, volume: np.ndarray) -> None:
    geometry = Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))
    write_image(to_image(volume, geometry), anat(data, "T2w", patient))


def mask_path(data: Path, patient: str) -> Path:
    [path] = (data / "derivatives" / "masks" / patient).rglob("*.nii.gz")
    return path


def write_mask(value: float, inside: bool) -> Callable[[Path, str], None]:
    def write(data: Path, patient: str) -> None:
        path = mask_path(data, patient)
        array = np.full((3, 24, 20), value if not inside else 0, np.float32)
        array[1, 10:14, 8:12] = value
        image = to_image(array, Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0)))
        write_image(image, path)

    return write


def other_name(data: Path, patient: str) -> None:
    path = anat(data, "T2w", patient)
    path.rename(path.with_name(f"sub-{MARKER}_T2w.nii.gz"))


def damaged(data: Path, patient: str) -> None:
    path = anat(data, "T2w", patient)
    path.write_bytes(path.read_bytes()[:500])


def infinite(data: Path, patient: str) -> None:
    volume = head(3)
    volume[0, 0, 0] = np.inf
    image = to_image(volume, Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0)))
    sitk.WriteImage(image, str(anat(data, "T2w", patient)))


MISSING, SEVERAL, GRIDS, CONTRAST, PIXELS, MASK, NAME = REASONS


@pytest.mark.parametrize(
    ("breakage", "expected"),
    [
        (unlinked, MISSING),
        (no_folder, MISSING),
        (two_volumes, SEVERAL),
        (two_sessions, SEVERAL),
        (half_a_session, MISSING),
        (other_grid, GRIDS),
        (constant, CONTRAST),
        (hardly_any_contrast, CONTRAST),
        (outlier, CONTRAST),
        (too_few_pixels, PIXELS),
        (write_mask(0, True), MASK),
        (write_mask(1, False), MASK),
        (write_mask(0.5, True), MASK),
        (other_name, NAME),
        (damaged, OTHER),
        (infinite, OTHER),
    ],
)
def test_reasons_are_the_same_words_everywhere(
    bundle: Path, hospital: Path, breakage: Callable[[Path, str], None], expected: str
) -> None:
    patient = next(p for p in AT_D if (hospital / "derivatives" / "masks" / p).exists())
    breakage(hospital, patient)
    sent = ReceivedBundle.read(bundle).config
    cohort = {"dataset": hospital, "external": ["D"]}
    config = sent.model_copy(update={"cohort": sent.cohort.model_copy(update=cohort)})
    patients, excluded = examined(config, 1)
    assert excluded == {expected: 1}
    assert patient not in set(patients["patient_id"])


def test_a_mask_without_the_label_that_was_asked_for() -> None:
    assert reason(f"sub-1: {MARKER}.nii.gz: has no voxel of label 3 (it has 1): choose") == MASK
    assert reason(f"{MARKER} says anything else") == OTHER
