"""`gfce distances`: how far apart the intensities of institutions and of training sets are.

Reads patients.csv, training_sets.csv and the store of resampled patients; writes
cohort/institution_distances.csv and cohort/training_distances.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records, write_csv
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import fit_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.store import StoredPatient
from gfce.progress import progress
from gfce.quality.distance_tables import INSTITUTION_DISTANCES, TRAINING_DISTANCES
from gfce.quality.distances import (
    Curve,
    group_curve,
    pooled_sd,
    quantile_curve,
    reference_set,
    wasserstein,
)
from gfce.quality.head import Head
from gfce.study import Cell, Results, read_patients, read_training_set, test_patients

Row = dict[str, Any]
Groups = Mapping[str, Sequence[str]]
"""The patients of each institution."""


@dataclass(frozen=True)
class Scale:
    """A normalization as it was fitted, and what the heads of all patients are like on it.

    Attributes:
        normalization: the same of all training sets if it is patient-based.
        designs: names of the normalization and of the training sets that it was fitted on.
        curves: quantile functions by modality and patient.
    """

    normalization: FittedNormalization
    designs: list[tuple[str, str]] = field(default_factory=list)
    curves: dict[str, dict[str, Curve]] = field(default_factory=lambda: {m: {} for m in MODALITIES})

    def group(self, modality: str, patients: Sequence[str]) -> Curve:
        """The quantile function of these patients together."""
        return group_curve([self.curves[modality][patient] for patient in patients])


def distances(config: StudyConfig) -> None:
    """Write both tables.

    Raises:
        UserError: the cohort has not been indexed, or a patient is not in the store or has no head.
    """
    results = Results(config)
    patients = read_patients(results)
    scales = _scales(config, results)
    for indexed in progress(records(patients), "distances"):
        _measure(scales, results, indexed["institution"], indexed["patient_id"])
    everybody = _by_institution(config, patients)
    between = [row for scale in scales for row in _between(config, scale, everybody)]
    training = [row for scale in scales for row in _training(config, scale, patients, everybody)]
    write_csv(INSTITUTION_DISTANCES.frame(between), results.institution_distances)
    write_csv(TRAINING_DISTANCES.frame(training), results.training_distances)


def _scales(config: StudyConfig, results: Results) -> list[Scale]:
    """The fitted normalizations of the study that differ."""
    scales: list[Scale] = []
    for name in config.grid.normalizations:
        for training_set in config.training_sets():
            fitted = fit_normalization(results, name, training_set)
            if not any(scale.normalization == fitted for scale in scales):
                scales.append(Scale(fitted))
            found = next(scale for scale in scales if scale.normalization == fitted)
            found.designs.append((name, training_set))
    return scales


def _measure(scales: Sequence[Scale], results: Results, institution: str, patient: str) -> None:
    folder = results.images(institution)
    head, statistics = Head.read(folder, patient), StoredPatient(folder, patient).statistics
    for scale in scales:
        for modality, volume in head.volumes.items():
            normalized = scale.normalization.normalize(modality, volume, statistics[modality])
            scale.curves[modality][patient] = quantile_curve(normalized[head.mask])


def _by_institution(config: StudyConfig, patients: pd.DataFrame) -> dict[str, list[str]]:
    """The ids of each institution's patients; without those that have none."""
    ids = {
        name: list(patients["patient_id"][patients["institution"] == name])
        for name in config.cohort.institutions
    }
    return {name: members for name, members in ids.items() if members}


def _between(config: StudyConfig, scale: Scale, everybody: Groups) -> Iterator[Row]:
    """Rows of each two institutions, on the scale that stands for its normalization."""
    for name, training_set in scale.designs:
        if training_set != reference_set(config):
            continue
        for modality in MODALITIES:
            curves = {key: scale.group(modality, ids) for key, ids in everybody.items()}
            sd = pooled_sd(curves.values())
            for a, b in combinations(curves, 2):
                pair = {"institution_a": a, "institution_b": b}
                counts = {"n_a": len(everybody[a]), "n_b": len(everybody[b])}
                described = {"normalization": name, "modality": modality, **pair, **counts}
                yield described | _distance(curves[a], curves[b], sd)


def _training(
    config: StudyConfig, scale: Scale, patients: pd.DataFrame, everybody: Groups
) -> Iterator[Row]:
    """Rows of the tested patients of each institution and the training sets of a scale."""
    for name, training_set in scale.designs:
        trained = read_training_set(Results(config), training_set)
        tested = test_patients(config, Cell("", name, training_set, ""), patients)
        for modality in MODALITIES:
            sd = pooled_sd(scale.group(modality, ids) for ids in everybody.values())
            training = scale.group(modality, trained)
            for institution, ids in _by_institution(config, tested).items():
                cohort = tested["cohort"][tested["institution"] == institution].iloc[0]
                of_pair = {"institution": institution, "cohort": cohort, "n": len(ids)}
                described = {"normalization": name, "training_set": training_set, **of_pair}
                described |= {"modality": modality, "n_training": len(trained)}
                yield described | _distance(scale.group(modality, ids), training, sd)


def _distance(a: Curve, b: Curve, sd: float) -> Row:
    return {"distance": wasserstein(a, b) / sd if sd else float("nan"), "scale": sd}
