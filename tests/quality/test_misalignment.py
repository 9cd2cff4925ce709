"""How far volumes lie apart, on simulated patients of whom one has moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from displacing import displaced, movement, simulated

from gfce.images.alignment import align
from gfce.images.foreground import foreground
from gfce.images.volumes import Image, orient, to_array
from gfce.quality.head import Head
from gfce.quality.measuring import measure
from gfce.quality.misalignment import local_information, misalignment
from gfce.quality.remarks import remarks
from gfce.quality.step import as_table

PATIENTS = 6
Patient = dict[str, Image]


@pytest.fixture(scope="module")
def patients() -> list[Patient]:
    """Fat is suppressed in CE here, and not in T2w."""
    return [simulated(5, number, coarsening=3, slices=12) for number in range(PATIENTS)]


def stored(patient: Patient) -> Head:
    volumes = {name: orient(image) for name, image in patient.items() if name != "tumour"}
    images = align(volumes, "resample", (96, 84)).images
    mask = to_array(foreground(images["t1w"], images["t2w"])) > 0
    x, y, z = images["t1w"].GetSpacing()
    return Head({name: to_array(image) for name, image in images.items()}, mask, (z, y, x))


def after(patient: Patient, modality: str, shift: float, degrees: float) -> Patient:
    """The patient, who has moved before one of the series."""
    by = movement(patient["t1w"], (shift, -shift / 2, 0.0), (0.0, 0.0, degrees))
    return {**patient, modality: displaced(patient[modality], by)}


@pytest.mark.parametrize("modality", ["t2w", "ce"])
@pytest.mark.parametrize(("shift", "degrees"), [(1.0, 0.0), (0.0, 1.5)], ids=["shift", "rotation"])
def test_the_farther_the_worse(
    patients: list[Patient], modality: str, shift: float, degrees: float
) -> None:
    found = [
        misalignment(stored(after(patients[0], modality, n * shift, n * degrees)))
        for n in (0, 1, 2, 4)
    ]
    own = [each[modality] for each in found]
    assert np.all(np.diff([each["local_information"] or 0 for each in own]) < 0)
    assert np.all(np.diff([each["edge_distance_mm"] or 0 for each in own]) > 0)
    # The other series did not move; the head, found on T1w and T2w, may be another one.
    still = [each["ce" if modality == "t2w" else "t2w"]["edge_distance_mm"] or 0 for each in found]
    assert np.ptp(still) < 0.15


@pytest.mark.parametrize(("modality", "shift"), [("t2w", 2.5), ("ce", 4.0)])
def test_one_who_has_moved_is_unlike_the_others(
    patients: list[Patient], modality: str, shift: float
) -> None:
    moved = [after(patients[0], modality, shift, 0.0), *patients[1:]]
    rows = [row for n, patient in enumerate(moved) for row in measure(stored(patient), indexed(n))]
    table = as_table(rows).set_index(["patient_id", "modality"])
    assert "local_information" in table.loc[("sub-0", modality), "outlier"].split(";")
    assert "edge_distance_mm" in table.loc[("sub-0", modality), "outlier"].split(";")
    others = table.drop(index=("sub-0", modality))["outlier"]
    assert not others.str.contains("local_information|edge_distance_mm").any()
    texts = [remark.text for remark in remarks(table.reset_index())]
    assert any("sub-0" in text and "local_information" in text for text in texts)


def test_other_contrast_is_no_misalignment(patients: list[Patient]) -> None:
    """T2w and fat-suppressed CE differ from T1w in what is bright, in all patients alike."""
    rows = [row for n, each in enumerate(patients) for row in measure(stored(each), indexed(n))]
    assert not as_table(rows)["outlier"].str.contains("local_information|edge_distance_mm").any()
    head = stored(patients[0])
    brighter = replace(head, volumes={**head.volumes, "ce": 30 + 5 * head.volumes["ce"]})
    assert misalignment(brighter)["ce"] == pytest.approx(misalignment(head)["ce"], rel=1e-4)
    root = np.sqrt(head.volumes["t1w"].clip(0))
    negative = replace(head, volumes={**head.volumes, "ce": 100 - root})
    assert local_information(negative, "ce") == pytest.approx(1, abs=0.02)


def test_noise_has_no_information_and_little_is_not_compared(patients: list[Patient]) -> None:
    head = stored(patients[0])
    noise = np.random.default_rng(1).normal(size=head.mask.shape).astype(np.float32)
    found = local_information(replace(head, volumes={**head.volumes, "ce": noise}), "ce")
    assert found is not None
    assert found < 0.05
    few = replace(head, mask=np.zeros_like(head.mask))
    few.mask[5, 40:44, 40:44] = True
    assert local_information(few, "ce") is None
    flat = {name: np.zeros_like(volume) for name, volume in head.volumes.items()}
    assert set(misalignment(replace(head, volumes=flat))["ce"].values()) == {None}


def indexed(number: int) -> dict[str, object]:
    return {"patient_id": f"sub-{number}", "institution": "A", "voxel_mm": "2x2x10", "slices": 12}
