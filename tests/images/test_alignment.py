"""Volumes on other grids than T1w's, and patients who have moved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from displacing import apart_mm, displaced, movement, simulated

from gfce.errors import UserError
from gfce.images.alignment import align, drawn_on, place
from gfce.images.arrays import Geometry
from gfce.images.coverage import coverage
from gfce.images.registration import register
from gfce.images.volumes import Image, orient, resample_in_plane, same_geometry, to_array, to_image

MATRIX = (48, 40)
NONE = sitk.Euler3DTransform()
TURNED = sitk.Euler3DTransform((0, 0, 0), 0.1, -0.2, 0.15).GetMatrix()


@pytest.fixture(scope="module")
def patient() -> dict[str, Image]:
    """T2w of this institution is fat-suppressed: the harder one."""
    return simulated(1, coarsening=3, slices=13)


@pytest.fixture(scope="module")
def sampled() -> dict[str, Image]:
    """The same patient with other voxels and slices, which coincide nowhere."""
    return simulated(1, coarsening=2.6, slices=15)


@pytest.fixture
def threads() -> Iterator[None]:
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    yield
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def ramp(size: tuple[int, ...], geometry: Geometry) -> Image:
    """Intensities that are linear in the place, which linear interpolation keeps."""
    image = to_image(np.zeros(size[::-1], np.float32), geometry)
    indices = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), -1).reshape(-1, 3)
    places = [image.TransformIndexToPhysicalPoint(index) for index in indices.tolist()]
    values = 500 + np.asarray(places) @ [1.0, -2.0, 3.0]
    array = values.reshape(size).transpose(2, 1, 0).astype(np.float32)
    return to_image(array, geometry)


T1W = ramp((20, 24, 6), Geometry((2.0, 1.5, 4.0), (-20.0, -18.0, -10.0)))
OTHER = ramp((40, 45, 30), Geometry((1.7, 1.3, 2.0), (-37.0, -25.0, -32.0), TURNED))


def test_without_alignment_each_volume_is_resampled_in_plane(patient: dict[str, Image]) -> None:
    volumes = {m: patient[m] for m in ("t1w", "t2w", "ce")}
    aligned = align(volumes, "none", MATRIX, patient["tumour"])
    for modality, image in volumes.items():
        alone = resample_in_plane(image, MATRIX)
        assert to_array(aligned.images[modality]).tobytes() == to_array(alone).tobytes()
    mask = resample_in_plane(patient["tumour"], MATRIX, labels=True)
    assert aligned.tumour is not None
    assert to_array(aligned.tumour).tobytes() == to_array(mask).tobytes()


def test_a_volume_on_t1ws_grid_is_not_interpolated_for_it(patient: dict[str, Image]) -> None:
    turned = sitk.DICOMOrient(patient["ce"], "RSA")
    for how, matrix in (("none", MATRIX), ("resample", MATRIX), ("resample", None)):
        aligned = align({"t1w": patient["t1w"], "ce": orient(turned)}, how, matrix)
        expected = patient["ce"] if matrix is None else resample_in_plane(patient["ce"], matrix)
        assert to_array(aligned.images["ce"]).tobytes() == to_array(expected).tobytes()


@pytest.mark.parametrize("matrix", [(24, 20), (12, 11), (50, 44), None])
def test_a_volume_on_another_grid_is_resampled_by_its_place(matrix: tuple[int, int] | None) -> None:
    aligned = align({"t1w": T1W, "ce": OTHER}, "resample", matrix)
    ce, t1w = aligned.images["ce"], aligned.images["t1w"]
    assert same_geometry(ce, t1w)
    # A finer matrix goes beyond the first and last voxel's centre of T1w, where it is flat.
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(to_array(ce)[inner], to_array(t1w)[inner], atol=0.01)


def test_beyond_its_field_of_view_a_volume_is_0_after_one_voxel() -> None:
    half = OTHER[:, :, :13]
    aligned = align({"t1w": T1W, "t2w": half - 500, "ce": half - 5000}, "resample").images
    assert 0.5 < coverage(T1W, half) < 0.8
    assert to_array(aligned["t2w"])[-1, 0, 0] == 0
    # Where a volume has no 0, air is what it has nearest to it.
    assert to_array(aligned["ce"])[-1, 0, 0] == (to_array(half) - 5000).max()
    assert to_array(aligned["t2w"])[0, 12, 10] == pytest.approx(to_array(T1W)[0, 12, 10] - 500)


def test_for_one_voxel_beyond_its_field_of_view_a_volume_goes_on() -> None:
    four = to_array(align({"t1w": T1W, "ce": T1W[:, :, :4] - 500}, "resample").images["ce"])
    np.testing.assert_array_equal(four[:4], to_array(T1W)[:4] - 500)
    np.testing.assert_array_equal(four[4], four[3])
    assert np.ptp(four[5]) == 0


@pytest.mark.parametrize(
    ("modality", "shift_mm", "degrees"),
    [
        ("t2w", (2.0, -1.5, 1.0), (1.0, -1.0, 2.0)),
        ("ce", (-8.0, 6.0, 5.0), (5.0, 4.0, -6.0)),
        ("t2w", (14.0, 9.0, -12.0), (-10.0, 6.0, 9.0)),
    ],
)
def test_a_movement_is_found(
    patient: dict[str, Image],
    sampled: dict[str, Image],
    modality: str,
    shift_mm: tuple[float, ...],
    degrees: tuple[float, ...],
) -> None:
    t1w, true = patient["t1w"], movement(patient["t1w"], shift_mm, degrees)
    found = place(t1w, orient(displaced(sampled[modality], true)), "rigid")
    assert found.outcome == "moved"
    assert found.movement is not None
    assert found.registration is not None
    assert found.registration.after > found.registration.before
    assert apart_mm(found.movement, true, t1w) < 0.5 * t1w.GetSpacing()[0]


def test_a_registered_volume_is_the_one_that_was_displaced(patient: dict[str, Image]) -> None:
    t1w, ce = patient["t1w"], patient["ce"]
    moved = displaced(ce, movement(t1w, (5.0, -4.0, 3.0), (2.0, -3.0, 4.0)))
    error = {}
    for how in ("resample", "rigid"):
        found = align({"t1w": t1w, "ce": orient(moved)}, how, MATRIX).images["ce"]
        true = to_array(resample_in_plane(ce, MATRIX))
        error[how] = float(np.abs(to_array(found) - true).mean())
    assert error["rigid"] < 0.15 * error["resample"]


def test_numbers_do_not_depend_on_the_run_or_on_threads(
    patient: dict[str, Image], threads: None
) -> None:
    found = []
    for number in (1, 4):
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(number)
        one = register(
            patient["t1w"], displaced(patient["t2w"], movement(patient["t1w"], (3, 2, 1)))
        )
        found.append((*one.movement.GetParameters(), one.before, one.after))
    assert found[0] == found[1]


def test_a_patient_who_has_not_moved_stays(patient: dict[str, Image]) -> None:
    volumes = {m: patient[m] for m in ("t1w", "t2w", "ce")}
    aligned = align(volumes, "rigid", MATRIX)
    for modality in ("t2w", "ce"):
        assert aligned.placements[modality].outcome == "needless"
        expected = to_array(resample_in_plane(patient[modality], MATRIX))
        assert to_array(aligned.images[modality]).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("shift_mm", "degrees", "reason"),
    [
        ((36.0, 0.0, 0.0), (0.0, 0.0, 0.0), "36 mm and 0 degrees, beyond 30 mm or 20 degrees"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 24.0), "degrees, beyond 30 mm or 20 degrees"),
        ((0.0, 0.0, 900.0), (0.0, 0.0, 0.0), "too few voxels overlap"),
    ],
)
def test_what_is_too_far_stays_where_the_header_says(
    patient: dict[str, Image],
    shift_mm: tuple[float, ...],
    degrees: tuple[float, ...],
    reason: str,
) -> None:
    t1w = patient["t1w"]
    moved = displaced(patient["ce"], movement(t1w, shift_mm, degrees))
    placement = place(t1w, moved, "rigid")
    assert (placement.outcome, placement.movement) == ("failed", None)
    assert placement.reason.endswith(reason)


def test_a_tumour_mask_goes_with_the_volume_that_it_was_drawn_on(patient: dict[str, Image]) -> None:
    t1w = patient["t1w"]
    true = movement(t1w, (6.0, -5.0, 2.0), (0.0, 3.0, 5.0))
    volumes = {"t1w": t1w, "ce": orient(displaced(patient["ce"], true))}
    mask = orient(displaced(patient["tumour"], true))
    found = align(volumes, "rigid", tumour=mask).tumour
    assert found is not None
    own, expected = to_array(found) > 0, to_array(patient["tumour"]) > 0
    assert 2 * (own & expected).sum() / (own.sum() + expected.sum()) > 0.85
    stays = align(volumes, "rigid", tumour=patient["tumour"]).tumour
    assert stays is not None
    assert np.array_equal(to_array(stays), to_array(patient["tumour"]))


def test_whose_grid_a_mask_has() -> None:
    other = OTHER[:, :, 1:]
    volumes = {"t1w": T1W, "t2w": OTHER, "ce": other}
    assert drawn_on(T1W > 0, volumes) == "t1w"
    assert drawn_on(OTHER > 0, volumes) == "t2w"
    assert drawn_on(other > 0, volumes) == "ce"
    assert drawn_on(T1W > 0, dict.fromkeys(volumes, T1W)) == "ce"
    with pytest.raises(UserError, match="tumour mask: lies on the grid of no volume: resample"):
        drawn_on(T1W[:, :, 1:] > 0, volumes)


def test_coverage_is_the_share_of_t1ws_field_of_view() -> None:
    assert coverage(T1W, T1W) == 1
    assert coverage(OTHER, OTHER) == 1
    turned = displaced(T1W, movement(T1W, (0.0, 0.0, 0.0), (0.0, 0.0, 90.0)))
    assert coverage(T1W, turned) == pytest.approx(36 / 40, abs=0.03)
    assert coverage(T1W, T1W[:, :, :3]) == pytest.approx(0.5)
    assert coverage(T1W, T1W[5:, :, :]) == pytest.approx(0.75)
    assert coverage(T1W, displaced(T1W, movement(T1W, (0, 0, 100)))) == 0
    assert coverage(T1W, T1W, movement(T1W, (0, 0, 12))) == pytest.approx(0.5)
