"""What of a new patient is outside of what a model's training patients are like.

The training patients are known by their fingerprint alone (`gfce.quality.fingerprint`); the patient
is measured as they were (`gfce.quality.measuring`). docs/synthesize.md has the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

from gfce.dicom.choosing import ENHANCED
from gfce.dicom.facts import facts_of
from gfce.dicom.rules import read_rules
from gfce.evaluation.new_patient import NewPatient
from gfce.images.modalities import MODALITIES
from gfce.quality.columns import CANNOT_SAY, NO, YES
from gfce.quality.fingerprint import (
    GRID,
    TRAITS,
    Fingerprint,
    Range,
    Trait,
    margin,
    traits_of,
)
from gfce.quality.head import Head
from gfce.quality.measuring import Row, measure_volumes

SAME_FIELD_T = 0.2
"""Field strengths closer than this are one: 1.494 and 1.5, 2.89 and 3."""
ABSENT = (
    "the model's folder has no fingerprint.json, which gfce fingerprint writes: the patient was "
    "not compared with the training's"
)
FIELD_STRENGTH = "field strength"
FAT_SUPPRESSED = {YES: "fat is suppressed", NO: "fat is not suppressed"}
BRIGHT_FAT = {NO: "bright fat below the skin is seen", CANNOT_SAY: "no bright fat below the skin"}
"""What is said of T1w by its answer to whether fat is suppressed."""


@dataclass(frozen=True)
class Comparison:
    """What a patient was found to be.

    Attributes:
        unlike: what is outside of the training, one line each.
        notes: what is wrong with the comparison, one line each.
        not_compared: what is not known of the patient or of the training.
    """

    unlike: list[str]
    notes: list[str]
    not_compared: list[str]


def compare_with_training(
    patient: NewPatient, fingerprint: Fingerprint | None, trained_on: int | None
) -> Comparison:
    """Compare a patient with the training patients.

    Args:
        patient: the inputs on the model's matrix.
        fingerprint: of the training patients (None: the model's folder has none).
        trained_on: how many patients the model was trained on (None: not known).
    """
    found = list(_after_contrast(patient))
    if fingerprint is None:
        return Comparison(found, [ABSENT], ["everything"])
    found += _field_strength(patient, fingerprint)
    missing = [] if patient.field_strength_t and fingerprint.field_strength_t else [FIELD_STRENGTH]
    for row in _measured(patient):
        modality = row["modality"]
        found += _fat(modality, row, fingerprint.fat_suppression.get(modality, {}))
        values, ranges = traits_of(row, modality), fingerprint.ranges.get(modality, {})
        found += _outside(modality, values, ranges)
        missing += [
            f"{_title(modality, trait)}: {trait.title}"
            for name, trait in TRAITS.items()
            if (modality == GRID or not trait.of_grid) and not (name in values and name in ranges)
        ]
    return Comparison(found, list(_other_training(fingerprint, trained_on)), missing)


def _measured(patient: NewPatient) -> list[Row]:
    x, y, z = patient.geometry.spacing
    head = Head(patient.volumes, patient.head, (z, y, x))
    voxel_mm = "x".join(f"{length:.4g}" for length in patient.native_spacing)
    nobody = {"patient_id": "", "institution": ""}
    indexed = {**nobody, "voxel_mm": voxel_mm, "slices": patient.head.shape[0]}
    return measure_volumes(head, indexed)


def _after_contrast(patient: NewPatient) -> Iterator[str]:
    """T1w of which the header says that contrast agent was in the body."""
    if "t1w" in patient.series:
        contrast = facts_of(patient.series["t1w"], read_rules(None)).contrast
        if contrast in ENHANCED:
            yield "T1w: by its header, contrast agent had been given"


def _field_strength(patient: NewPatient, fingerprint: Fingerprint) -> Iterator[str]:
    own, known = patient.field_strength_t, fingerprint.field_strength_t
    if own and known and min(abs(own - each) for each in known) > SAME_FIELD_T:
        others = " and ".join(f"{each:g}" for each in sorted(known))
        yield f"T1w: {FIELD_STRENGTH} {own:g} T (training: {others} T)"


def _fat(modality: str, row: Row, known: Mapping[str, int]) -> Iterator[str]:
    """An answer to whether fat is suppressed that no training patient has."""
    said = BRIGHT_FAT if modality == "t1w" else FAT_SUPPRESSED
    answer = row["fat_suppression"]
    others = [each for each in said if each != answer and known.get(each)]
    if answer in said and others and not known.get(answer):
        yield f"{MODALITIES[modality].title}: {said[answer]} (training: {said[others[0]]})"


def _outside(
    modality: str, values: Mapping[str, float], ranges: Mapping[str, Range]
) -> Iterator[str]:
    for name in (name for name in values if name in ranges):
        trait, found, allowed = TRAITS[name], ranges[name], margin(name, ranges[name])
        if not log(found.least) - allowed <= log(values[name]) <= log(found.largest) + allowed:
            unit = f" {trait.unit}" if trait.unit else ""
            yield (
                f"{_title(modality, trait)}: {trait.title} {values[name]:.3g}{unit} "
                f"(training: {found.least:.3g} to {found.largest:.3g}{unit})"
            )


def _other_training(fingerprint: Fingerprint, trained_on: int | None) -> Iterator[str]:
    if trained_on not in (None, fingerprint.patients):
        yield (
            f"fingerprint.json is of {fingerprint.patients} patients, the model of {trained_on}: "
            "it is of another training"
        )


def _title(modality: str, trait: Trait) -> str:
    return "T1w and T2w" if trait.of_grid else MODALITIES[modality].title
