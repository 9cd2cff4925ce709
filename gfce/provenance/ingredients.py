"""What results are made of: settings and hashes, as the steps' declarations put them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records
from gfce.provenance import code
from gfce.provenance.dataset import dataset_state
from gfce.provenance.records import Record
from gfce.repairs.method import NONE
from gfce.steps import WHOLE, Task, What, reads
from gfce.steps.step import Hashes, Settings
from gfce.study import (
    AXES,
    Cell,
    Results,
    adaptation_patients,
    cells,
    model_label,
    read_patients,
    read_training_set,
    test_institutions,
    test_patients,
)

_SAID_OTHERWISE = ("network", "training_set", "repair")
"""Axes of a cell whose options and patients stand in its recipe, whatever they are called."""


class Ingredients:
    """Settings and hashes of a study, as they are now.

    Settings are keys of the configuration in their dotted form (`training.epochs`) with their
    values. Inputs are hashes by names for people (`sub-07 t1w`).

    Args:
        config: the study.
        record_of: finds the record of a task that others read.
    """

    def __init__(self, config: StudyConfig, record_of: Callable[[Task], Record | None]) -> None:
        self.config = config
        self.results = Results(config)
        self._record_of = record_of
        self._content = config.model_dump(mode="json")
        self._tested: dict[frozenset[str], list[str]] = {}

    # Settings.

    def section(self, name: str) -> Settings:
        """All keys of a section of the configuration."""
        return self.nested(name, self._content[name] or {})

    def nested(self, prefix: str, content: Mapping[str, Any]) -> Settings:
        """Nested keys as the dotted ones of messages: training.epochs."""
        flat: Settings = {}
        for key, value in content.items():
            name = f"{prefix}.{key}"
            flat |= self.nested(name, value) if isinstance(value, Mapping) else {name: value}
        return flat

    def masks(self) -> Settings:
        """Which label of a mask is tumour."""
        return {"cohort.mask_label": self.config.cohort.mask_label}

    def preparation(self) -> Settings:
        """How images are prepared."""
        settings = self.section("images")
        del settings["images.alignment"]
        return settings | self.alignment()

    def alignment(self) -> Settings:
        """How volumes come to one grid; results of studies without it do not know the key."""
        how = self.config.images.alignment
        return {} if how == "none" else {"images.alignment": how}

    def average(self) -> Settings:
        """What scores are averaged over."""
        return {"evaluation.average": self.config.evaluation.average}

    def scaling(self) -> Settings:
        """Which scores are analysed."""
        return {"evaluation.scaling": self.config.evaluation.scaling}

    def enhancement(self) -> Settings:
        """From which enhancement on a voxel enhances."""
        threshold = self.config.evaluation.enhancement_threshold
        return {"evaluation.enhancement_threshold": threshold}

    def network(self, cell: Cell) -> Settings:
        """The options of a cell's network."""
        return self.nested("network", self.config.network(cell.network).model_dump(mode="json"))

    def repair(self, cell: Cell) -> Settings:
        """Method and options of a cell's repair; models without one do not know the keys."""
        if cell.repair == NONE:
            return {}
        return self.nested("repair", self.config.repair(cell.repair).model_dump(mode="json"))

    def identity(self, cell: Cell) -> Settings:
        """What a cell is called, and its axes that no other settings say."""
        axes = {
            name: getattr(cell, name)
            for name, axis in AXES.items()
            if name not in _SAID_OTHERWISE and getattr(cell, name) != axis.absent
        }
        return {**axes, "label": model_label(self.config, cell)}

    def grid(self) -> Settings:
        """The grid and the labels of its models."""
        config, grid = self.config, self.config.grid
        labels = {f"label.{cell}": model_label(config, cell) for cell in cells(config)}
        networks = {"grid.networks": list(grid.networks)}
        repairs = {name: config.repair(name).model_dump(mode="json") for name in grid.repairs}
        return {
            **networks,
            "grid.normalizations": grid.normalizations,
            **self.nested("grid.repairs", repairs),
            **labels,
        }

    def design(self) -> Settings:
        """The roles of the institutions, and the training sets."""
        cohort = self.config.cohort
        roles = {"cohort.development": cohort.development, "cohort.external": cohort.external}
        return {**roles, **self.nested("training_sets", self.config.training_sets())}

    # Who takes part, by the index of the cohort.

    @cached_property
    def patients(self) -> dict[str, dict[str, Any]]:
        """The rows of patients.csv by patient.

        Raises:
            UserError: the cohort has not been indexed.
        """
        return {row["patient_id"]: row for row in records(self._table)}

    @cached_property
    def _table(self) -> pd.DataFrame:
        return read_patients(self.results)

    @cached_property
    def training_sets(self) -> dict[str, list[str]]:
        """The patients of each training set."""
        names = self.config.training_sets()
        return {name: read_training_set(self.results, name) for name in names}

    def patients_of(self, institution: str) -> list[str]:
        """The patients of an institution."""
        return [p for p, row in self.patients.items() if row["institution"] == institution]

    def tested_on(self, cell: Cell) -> list[str]:
        """The patients that a cell's model is tested on."""
        institutions = frozenset(test_institutions(self.config, cell))
        if institutions not in self._tested:
            tested = test_patients(self.config, cell, self._table)
            self._tested[institutions] = list(tested["patient_id"])
        return self._tested[institutions]

    def adapted_to(self, cell: Cell) -> list[str]:
        """The patients of external institutions whom a cell's repair learns from."""
        return [
            patient
            for patients in adaptation_patients(self.config, cell, self.results).values()
            for patient in patients
        ]

    # Inputs.

    def dataset(self) -> Hashes:
        """What the dataset looks like from outside."""
        return dataset_state(self.config.cohort.dataset)

    def draws(self) -> Hashes:
        """Who is in which training set, and who is tested."""
        sets = {f"training set {name}": code.digest(p) for name, p in self.training_sets.items()}
        roles = [[p, row["institution"], row["split"]] for p, row in self.patients.items()]
        return {**sets, "the split": code.digest(roles)}

    def tests(self) -> Hashes:
        """Whom the models of each training set are tested on, and as which cohort."""
        designs = [Cell("", "", name, "") for name in self.training_sets]
        return {
            f"tests of {cell.training_set}": code.digest(
                [test_institutions(self.config, cell), self.tested_on(cell)]
            )
            for cell in designs
        }

    def institutions(self) -> Hashes:
        """Which institution each patient is of."""
        pairs = [[patient, row["institution"]] for patient, row in self.patients.items()]
        return {"the institutions": code.digest(pairs)}

    def field_strengths(self) -> Hashes:
        """The field strength of each patient."""
        pairs = [[patient, str(row["field_strength_t"])] for patient, row in self.patients.items()]
        return {"the field strengths": code.digest(pairs)}

    def images(self, patients: Iterable[str], kinds: Iterable[str]) -> Hashes:
        """Images of patients, as far as there are any: modalities, or `tumour` for the mask."""
        kinds = list(kinds)
        return {
            f"{patient} {kind}": self.patients[patient][f"sha256_{kind}"]
            for patient in patients
            for kind in kinds
            if not pd.isna(self.patients[patient][f"sha256_{kind}"])
        }

    def files(self, task: Task, *paths: Path) -> Hashes:
        """Some files of a result (none: it is not there)."""
        names = {path.relative_to(self.results.root).as_posix() for path in paths}
        return {name: value for name, value in self._hashes(task).items() if name in names}

    def model(self, cell: Cell) -> Hashes:
        """The weights of a cell, for each institution that has its own, and its normalization."""
        results = self.results
        adapted = [results.adapted_weights(cell, name) for name in self.config.cohort.external]
        paths = (results.weights(cell), *adapted, results.normalization(cell))
        return self.files(Task("train", cell), *paths)

    def csv_files(self, *read: Task) -> Hashes:
        """All tables of results."""
        found = (self._hashes(task).items() for task in read)
        return {name: value for items in found for name, value in items if name.endswith(".csv")}

    def whole(self, *read: Task) -> Hashes:
        """All files of each result as one input (none: it is not there, or does not fit)."""
        existing = {task: record for task in read if (record := self._record_of(task))}
        return {str(task): code.digest(record.hashes()) for task, record in existing.items()}

    def read_by(self, step: str, what: What = WHOLE) -> list[Task]:
        """The tasks whose results a task reads."""
        return reads(self.config, Task(step, what))

    def _hashes(self, task: Task) -> Hashes:
        record = self._record_of(task)
        return record.hashes() if record else {}
