"""What the rest of gfce takes from the modalities."""

from __future__ import annotations

from gfce.cohort.tables import PATIENTS
from gfce.images.modalities import INPUTS, MODALITIES


def test_two_inputs_and_the_target() -> None:
    assert list(MODALITIES) == ["t1w", "t2w", "ce"]
    assert INPUTS == ("t1w", "t2w")


def test_columns_of_patients_csv() -> None:
    assert [
        *("patient_id", "institution", "role", "split", "t1w", "t2w", "ce"),
        *("field_strength_t", "slices", "voxel_mm", "sha256_t1w", "sha256_t2w", "sha256_ce"),
        *("tumour", "sha256_tumour"),
    ] == PATIENTS.names
