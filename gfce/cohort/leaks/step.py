"""`gfce leaks`: look for leaks, write leaks.csv and stop the study if there is one.

Reads patients.csv, training_sets.csv and every volume of the dataset that patients.csv names;
writes cohort/leaks.csv. The thresholds are derived in docs/leaks.md.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from gfce.cohort.leaks.contrast import rank_correlation, swap_margins
from gfce.cohort.leaks.design import Roles, Row, leaks_by_id, sides
from gfce.cohort.leaks.likeness import compare
from gfce.cohort.leaks.signatures import Signature, signature, voxel_digest
from gfce.cohort.tables import LEAKS
from gfce.cohort.workers import for_each
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import records, sha256, write_csv
from gfce.images.alignment import How, align
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import orient, to_array
from gfce.study import Results, read_patients

SAME_HEAD = 0.80
"""Aligned correlation from which two heads count as one person's."""
SAME_IMAGE = 0.995
"""Rank correlation of two modalities from which one is made of the other."""
HARDLY_ANOTHER_IMAGE = 0.975
"""Rank correlation that no two acquisitions had, but that little noise would explain."""
SWAPPED = -0.05
"""Margin by which two modalities fit better with their names swapped."""


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of one patient's volumes, by modality or pair of modalities."""

    patient_id: str
    institution: str
    files: dict[str, str]
    voxels: dict[str, str]
    correlations: dict[tuple[str, str], float]
    signature: Signature | None


PatientVolume = tuple[Fingerprint, str]
"""A volume that a row of leaks.csv is about: the patient's fingerprint and the modality."""


def guard(config: StudyConfig, workers: int = 1) -> None:
    """Write leaks.csv (without leaks: its header alone), and stop at a leak.

    Pairs of `cohort.two_persons` only look alike, and are left out.

    Raises:
        UserError: the cohort has not been indexed, a volume cannot be read, or a row of severity
            stop was found; leaks.csv is written before.
    """
    table = find_leaks(config, workers, config.cohort.two_persons)
    path = Results(config).leaks
    write_csv(table, path)
    stops = table[table["severity"] == "stop"]
    for row in records(table[table["severity"] == "warning"]):
        print(f"gfce: {sides(row)}: {row['reason']}", file=sys.stderr)
    if len(stops):
        first = records(stops)[0]
        more = f" (and {len(stops) - 1} more in {path})" if len(stops) > 1 else f" (see {path})"
        raise UserError(f"{sides(first)}: {first['reason']}: {REMEDIES[first['kind']]}{more}")


REMEDIES = {
    "patient_twice": "run `gfce index` again",
    "empty_training_set": "run `gfce index` again",
    "unknown_patient": "run `gfce index` again",
    "trained_and_tested": "run `gfce index` again",
    "foreign_institution": "run `gfce index` again",
    "same_file": "correct the dataset",
    "same_voxels": "correct the dataset",
    "same_head": "keep one of them, or name them in cohort.two_persons",
    "same_image": "export the right series",
    "swapped": "correct the names of the files",
}
"""What to do about each kind of row that can stop a study."""


def find_leaks(
    config: StudyConfig, workers: int = 1, different: Collection[Collection[str]] = ()
) -> pd.DataFrame:
    """The rows of leaks.csv, those that stop a study first.

    Raises:
        UserError: the cohort has not been indexed, or a volume cannot be read.
    """
    results = Results(config)
    patients = read_patients(results)
    roles = Roles.of(config, results, patients)
    rows = leaks_by_id(config, roles, patients)
    fingerprints = _fingerprints(patients.drop_duplicates("patient_id"), config, workers)
    copies = _copies(fingerprints, roles)
    known = {frozenset((row["patient_id"], row["other_patient_id"])) for row in copies}
    rows += copies
    rows += _same_images(fingerprints, known)
    comparable = [each for each in fingerprints if each.signature is not None]
    _report_not_compared(len(fingerprints) - len(comparable))
    if comparable:
        apart = known | {frozenset(pair) for pair in different}
        rows += _same_heads(comparable, roles, apart, workers)
        rows += _swapped(comparable)
    rows.sort(key=lambda row: row["severity"] != "stop")
    return LEAKS.frame(rows)


def _report_not_compared(count: int) -> None:
    if count:
        print(
            f"gfce: {count} patients are compared by id and digest alone: too few voxels",
            file=sys.stderr,
        )


def _fingerprints(patients: pd.DataFrame, config: StudyConfig, workers: int) -> list[Fingerprint]:
    rows = {row["patient_id"]: row for row in records(patients)}
    work = partial(_fingerprint, dataset=config.cohort.dataset, alignment=config.images.alignment)
    return for_each(rows, work, workers, "leaks")


def _fingerprint(row: Row, dataset: Path, alignment: How) -> Fingerprint:
    paths = {modality: dataset / row[modality] for modality in MODALITIES}
    try:
        images = {modality: orient(read_image(path)) for modality, path in paths.items()}
    except UserError as error:
        raise UserError(f"{row['patient_id']}: {error}") from None
    voxels = {modality: voxel_digest(to_array(image)) for modality, image in images.items()}
    aligned = align(images, alignment).images
    volumes = {modality: to_array(image) for modality, image in aligned.items()}
    if len({volume.shape for volume in volumes.values()}) > 1:
        raise UserError(f"{row['patient_id']}: volumes on different grids: run `gfce index` again")
    spacing = Geometry.of(images["t1w"]).spacing[::-1]
    return Fingerprint(
        row["patient_id"],
        row["institution"],
        {modality: sha256(path) for modality, path in paths.items()},
        voxels,
        {(a, b): rank_correlation(volumes[a], volumes[b]) for a, b in combinations(MODALITIES, 2)},
        signature([volumes[modality] for modality in MODALITIES], spacing),
    )


def _copies(fingerprints: Sequence[Fingerprint], roles: Roles) -> list[Row]:
    """Volumes with the same voxels, in one patient or in two."""
    by_digest: defaultdict[str, list[PatientVolume]] = defaultdict(list)
    for fingerprint in fingerprints:
        for modality, digest in fingerprint.voxels.items():
            by_digest[digest].append((fingerprint, modality))
    return [
        _copy(first, second, roles)
        for volumes in by_digest.values()
        for first, second in combinations(volumes, 2)
    ]


def _copy(first: PatientVolume, second: PatientVolume, roles: Roles) -> Row:
    (patient, modality), (other_patient, other_modality) = first, second
    same_file = patient.files[modality] == other_patient.files[other_modality]
    kind, reason = (
        ("same_file", "are the same file") if same_file else ("same_voxels", "are the same voxels")
    )
    sets = roles.concerned(patient.patient_id, other_patient.patient_id)
    stop = bool(sets) or modality != other_modality
    return _pair(first, second, kind, 1.0, sets, stop, reason)


def _same_images(fingerprints: Sequence[Fingerprint], known: set[frozenset[str]]) -> list[Row]:
    """Modalities of one patient of which one was made from the other."""
    rows = []
    for patient in fingerprints:
        if frozenset((patient.patient_id,)) in known:
            continue
        for (a, b), score in patient.correlations.items():
            if score >= HARDLY_ANOTHER_IMAGE:
                stop = score >= SAME_IMAGE
                reason = "differ in " + ("gray levels alone" if stop else "no more than some noise")
                pair = (patient, a), (patient, b)
                rows.append(_pair(*pair, "same_image", score, [], stop, reason))
    return rows


def _same_heads(
    fingerprints: Sequence[Fingerprint], roles: Roles, apart: set[frozenset[str]], workers: int
) -> list[Row]:
    rows = []
    signatures = [patient.signature for patient in fingerprints if patient.signature]
    for alike in compare(signatures, workers):
        first, second = fingerprints[alike.first], fingerprints[alike.second]
        most_alike = np.unravel_index(alike.correlations.argmax(), alike.correlations.shape)
        score = float(alike.correlations[most_alike])
        if score >= SAME_HEAD and frozenset((first.patient_id, second.patient_id)) not in apart:
            a, b = (list(MODALITIES)[int(index)] for index in most_alike)
            sets = roles.concerned(first.patient_id, second.patient_id)
            pair = (first, a), (second, b)
            rows.append(_pair(*pair, "same_head", score, sets, bool(sets), "are the same head"))
    return rows


def _swapped(fingerprints: Sequence[Fingerprint]) -> list[Row]:
    features = [patient.signature.features for patient in fingerprints if patient.signature]
    rows = []
    institutions = [patient.institution for patient in fingerprints]
    for (a, b), margins in swap_margins(features, institutions, list(MODALITIES)).items():
        for patient, margin in zip(fingerprints, margins, strict=True):
            if margin < SWAPPED:
                reason = "look like each other's modality"
                stop = "ce" not in (a, b)
                pair = (patient, a), (patient, b)
                rows.append(_pair(*pair, "swapped", float(margin), [], stop, reason))
    return rows


def _pair(
    first: PatientVolume,
    second: PatientVolume,
    kind: str,
    score: float,
    sets: list[str],
    stop: bool,
    reason: str,
) -> Row:
    """The row of leaks.csv about two volumes."""
    patient, modality = first
    other_patient, other_modality = second
    if sets:
        reason += f", one in training and one in test of {', '.join(sets)}"
    return {
        "severity": "stop" if stop else "warning",
        "kind": kind,
        "patient_id": patient.patient_id,
        "institution": patient.institution,
        "modality": modality,
        "other_patient_id": other_patient.patient_id,
        "other_institution": other_patient.institution,
        "other_modality": other_modality,
        "score": round(score, 3),
        "training_sets": ";".join(sets),
        "reason": reason,
    }
