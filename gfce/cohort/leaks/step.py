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
from gfce.images.arrays import Grid
from gfce.images.reading import read_image
from gfce.images.store import MODALITIES
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
    """What is kept of one patient's volumes, each by modality or pair of modalities."""

    patient_id: str
    institution: str
    files: dict[str, str]
    voxels: dict[str, str]
    correlations: dict[tuple[str, str], float]
    signature: Signature | None


def guard(config: StudyConfig, workers: int = 1) -> None:
    """Write leaks.csv, its header alone if there is nothing to say, and stop at a leak.

    Pairs of `cohort.two_persons` were looked at, and only look alike.

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
    "held_out_trained": "run `gfce index` again",
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
    prints = _fingerprints(patients.drop_duplicates("patient_id"), config.cohort.dataset, workers)
    copies = _copies(prints, roles)
    known = {frozenset((row["patient_id"], row["other_patient_id"])) for row in copies}
    rows += copies
    rows += _same_images(prints, known)
    comparable = [one for one in prints if one.signature is not None]
    _say_what_is_not_compared(len(prints) - len(comparable))
    if comparable:
        apart = known | {frozenset(pair) for pair in different}
        rows += _same_heads(comparable, roles, apart, workers)
        rows += _swapped(comparable)
    rows.sort(key=lambda row: row["severity"] != "stop")
    return LEAKS.frame(rows)


def _say_what_is_not_compared(count: int) -> None:
    if count:
        print(
            f"gfce: {count} patients are compared by id and digest alone: too few voxels",
            file=sys.stderr,
        )


def _fingerprints(patients: pd.DataFrame, dataset: Path, workers: int) -> list[Fingerprint]:
    rows = {row["patient_id"]: row for row in records(patients)}
    return for_each(rows, partial(_fingerprint, dataset=dataset), workers, "leaks")


def _fingerprint(row: Row, dataset: Path) -> Fingerprint:
    paths = {modality: dataset / row[modality] for modality in MODALITIES}
    try:
        images = {modality: orient(read_image(path)) for modality, path in paths.items()}
    except UserError as error:
        raise UserError(f"{row['patient_id']}: {error}") from None
    volumes = {modality: to_array(image) for modality, image in images.items()}
    if len({volume.shape for volume in volumes.values()}) > 1:
        raise UserError(f"{row['patient_id']}: volumes on different grids: run `gfce index` again")
    spacing = Grid.of(images["t1w"]).spacing[::-1]
    return Fingerprint(
        row["patient_id"],
        row["institution"],
        {modality: sha256(path) for modality, path in paths.items()},
        {modality: voxel_digest(volume) for modality, volume in volumes.items()},
        {(a, b): rank_correlation(volumes[a], volumes[b]) for a, b in combinations(MODALITIES, 2)},
        signature([volumes[modality] for modality in MODALITIES], spacing),
    )


def _copies(prints: Sequence[Fingerprint], roles: Roles) -> list[Row]:
    """Volumes with the same voxels, in one patient or in two."""
    places: defaultdict[str, list[tuple[Fingerprint, str]]] = defaultdict(list)
    for one in prints:
        for modality, digest in one.voxels.items():
            places[digest].append((one, modality))
    return [
        _copy(*first, *second, roles)
        for found in places.values()
        for first, second in combinations(found, 2)
    ]


def _copy(one: Fingerprint, modality: str, other: Fingerprint, another: str, roles: Roles) -> Row:
    same_file = one.files[modality] == other.files[another]
    kind, what = ("same_file", "the same file") if same_file else ("same_voxels", "the same voxels")
    sets = roles.concerned(one.patient_id, other.patient_id)
    stop = bool(sets) or modality != another
    return _pair(one, modality, other, another, kind, 1.0, sets, stop, f"are {what}")


def _same_images(prints: Sequence[Fingerprint], known: set[frozenset[str]]) -> list[Row]:
    """Modalities of one patient of which one was made from the other."""
    rows = []
    for one in prints:
        if frozenset((one.patient_id,)) in known:
            continue
        for (a, b), score in one.correlations.items():
            if score >= HARDLY_ANOTHER_IMAGE:
                stop = score >= SAME_IMAGE
                reason = "differ in " + ("gray levels alone" if stop else "no more than some noise")
                rows.append(_pair(one, a, one, b, "same_image", score, [], stop, reason))
    return rows


def _same_heads(
    prints: Sequence[Fingerprint], roles: Roles, apart: set[frozenset[str]], workers: int
) -> list[Row]:
    rows = []
    for pair in compare([one.signature for one in prints if one.signature], workers):
        one, other = prints[pair.first], prints[pair.second]
        place = np.unravel_index(pair.correlations.argmax(), pair.correlations.shape)
        score = float(pair.correlations[place])
        if score >= SAME_HEAD and frozenset((one.patient_id, other.patient_id)) not in apart:
            a, b = (MODALITIES[int(index)] for index in place)
            sets = roles.concerned(one.patient_id, other.patient_id)
            reason = "are the same head"
            rows.append(_pair(one, a, other, b, "same_head", score, sets, bool(sets), reason))
    return rows


def _swapped(prints: Sequence[Fingerprint]) -> list[Row]:
    features = [one.signature.features for one in prints if one.signature]
    rows = []
    margins = swap_margins(features, [one.institution for one in prints], MODALITIES)
    for (a, b), values in margins.items():
        for one, margin in zip(prints, values, strict=True):
            if margin < SWAPPED:
                reason = "look like each other's modality"
                stop = "ce" not in (a, b)
                rows.append(_pair(one, a, one, b, "swapped", float(margin), [], stop, reason))
    return rows


def _pair(
    one: Fingerprint,
    modality: str,
    other: Fingerprint,
    another: str,
    kind: str,
    score: float,
    sets: list[str],
    stop: bool,
    reason: str,
) -> Row:
    if sets:
        reason += f", one in training and one in test of {', '.join(sets)}"
    return {
        "severity": "stop" if stop else "warning",
        "kind": kind,
        "patient_id": one.patient_id,
        "institution": one.institution,
        "modality": modality,
        "other_patient_id": other.patient_id,
        "other_institution": other.institution,
        "other_modality": another,
        "score": round(score, 3),
        "training_sets": ";".join(sets),
        "reason": reason,
    }
