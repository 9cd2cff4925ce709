"""What the leak guard measures of volumes: digests, rank correlations and likeness."""

from __future__ import annotations

import numpy as np
from planting import patient, read

from gfce.cohort.leaks.contrast import rank_correlation
from gfce.cohort.leaks.likeness import compare
from gfce.cohort.leaks.signatures import signature, voxel_digest
from gfce.config import StudyConfig
from gfce.images.modalities import MODALITIES


def test_two_acquisitions_are_not_one_image(study: StudyConfig) -> None:
    """Without enhancement and fat suppression a CE volume still has noise of its own."""
    volumes = [read(study, patient(study, 1, "train"), modality)[0] for modality in ("t1w", "ce")]
    assert 0.8 < rank_correlation(*volumes) < 0.975


def test_a_digest_is_of_voxels_not_of_files() -> None:
    array = np.random.default_rng(0).normal(100, 30, (4, 5, 6)).astype(np.float32)
    padded = np.pad(array, 3)
    for other in (padded, array[::-1], array.transpose(2, 0, 1), array.astype(np.float64)):
        assert voxel_digest(other) == voxel_digest(array)
    changed = array.copy()
    changed[0, 0, 0] += 0.01
    assert voxel_digest(changed) != voxel_digest(array)


def test_slices_far_apart_are_not_compared() -> None:
    volumes = [np.random.default_rng(0).random((4, 40, 40)).astype(np.float32)] * 3
    assert signature(volumes, (30.0, 4.0, 4.0)) is None
    assert signature([volume[:, :4] for volume in volumes], (5.0, 4.0, 4.0)) is None


def test_likeness_does_not_depend_on_gain_offset_and_place(study: StudyConfig) -> None:
    one = patient(study, 1, "train")
    volumes = [read(study, one, modality)[0] for modality in MODALITIES]
    spacing = read(study, one, "t1w")[1].spacing[::-1]
    moved = [np.roll(3 * volume + 50, 2, axis=1) for volume in volumes]
    marks = [signature(given, spacing) for given in (volumes, moved)]
    [pair] = compare([mark for mark in marks if mark is not None])
    assert np.diag(pair.correlations).min() > 0.99
