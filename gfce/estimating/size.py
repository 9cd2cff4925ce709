"""How large a study is: patients, slices and optimizer steps, before a file of it is read.

Where the configuration does not say a number, one on the safe side is assumed.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gfce.config import StudyConfig
from gfce.study import Cell, Results, method_of, set_aside, test_institutions

ASSUMED_PATIENTS = 100
"""Patients of an institution of which nothing is known."""

ASSUMED_SLICES = 40
"""Slices of a volume of which nothing is known: a head and neck at 5 to 6 mm."""


@dataclass(frozen=True)
class StudySize:
    """The numbers that memory, time and disk follow from.

    Attributes:
        config: the study.
        counted: patients by institution as far as they have been counted; the others are assumed.
    """

    config: StudyConfig
    counted: Mapping[str, int] = field(default_factory=dict)

    @property
    def pixels(self) -> int:
        """Pixels of a resampled slice."""
        rows, columns = self.config.images.matrix
        return rows * columns

    @property
    def slices(self) -> int:
        """Slices of a patient."""
        return self._known_slices or ASSUMED_SLICES

    @property
    def _known_slices(self) -> int | None:
        simulation = self.config.simulation
        return simulation.slices if simulation else None

    @property
    def all_patients(self) -> int:
        """Patients of all institutions."""
        return sum(self.patients(name) for name in self.config.cohort.institutions)

    def patients(self, institution: str) -> int:
        """Patients of an institution."""
        return self._known(institution) or self.assumed_patients

    def _known(self, institution: str) -> int | None:
        simulation = self.config.simulation
        simulated = simulation.patients.get(institution) if simulation else None
        return self.counted.get(institution) or simulated

    @property
    def assumed_patients(self) -> int:
        """Patients of an institution of which nothing is known: enough to train and to test."""
        number = self.config.cohort.training_patients
        return max(ASSUMED_PATIENTS, math.ceil(4 / 3 * number) if isinstance(number, int) else 0)

    def assumptions(self) -> list[str]:
        """What is not known of the study and therefore assumed, a line each."""
        unknown = [name for name in self.config.cohort.institutions if not self._known(name)]
        lines = []
        if unknown:
            every = len(unknown) == len(self.config.cohort.institutions)
            names = "each institution" if every else f"each of {', '.join(unknown)}"
            lines.append(f"{self.assumed_patients} patients of {names}")
        if not self._known_slices:
            lines.append(f"{self.slices} slices of each patient")
        return lines

    def trained_on(self, institution: str) -> int:
        """Training patients of one development institution."""
        number = self.config.cohort.training_patients
        if isinstance(number, int):
            return number
        return round(number * self.patients(institution))

    def training_patients(self, training_set: str) -> int:
        """Patients of a training set; a pooled one is as large as its smallest institution."""
        institutions = self.config.training_sets()[training_set]
        smallest = min(self.trained_on(name) for name in institutions)
        pooled = self.config.cohort.pooled_patients
        return pooled if pooled and len(institutions) > 1 else smallest

    def tested_at(self, institution: str) -> int:
        """Test patients of an institution: the held-out ones of a development institution.

        Of an external institution all but those that are set aside for repairs.
        """
        if institution in self.config.cohort.external:
            return max(0, self.patients(institution) - set_aside(self.config))
        return max(0, self.patients(institution) - self.trained_on(institution))

    def test_patients(self, cell: Cell) -> int:
        """Patients that a cell's model is tested on."""
        return sum(self.tested_at(name) for name in test_institutions(self.config, cell))

    def training_slices(self, cell: Cell) -> int:
        """Slices that a cell's model is trained on at a time."""
        method = method_of(self.config, cell)
        if method is None or not method.begins_with_none:
            return self.training_patients(cell.training_set) * self.slices
        return self._option(cell, method.target_patients) * self.slices

    def trainings(self, cell: Cell) -> int:
        """Trainings of a cell: one, or of a repair of a finished model one per target, or none."""
        method = method_of(self.config, cell)
        if method is None or not method.begins_with_none:
            return 1
        return len(self.config.cohort.external) if method.target_patients else 0

    def models(self, cell: Cell) -> int:
        """Files of weights of a cell; a repair of a finished model has this one too."""
        method = method_of(self.config, cell)
        return self.trainings(cell) + bool(method and method.begins_with_none)

    def steps(self, cell: Cell) -> int:
        """Optimizer steps of a cell's trainings, all together."""
        training, method = self.config.training, method_of(self.config, cell)
        adapts = method is not None and method.begins_with_none
        epochs = self._option(cell, "epochs") if adapts else training.epochs
        steps = math.ceil(self.training_slices(cell) / training.batch_size)
        return self.trainings(cell) * epochs * steps

    def _option(self, cell: Cell, name: str | None) -> int:
        """An option of a cell's repair (0: it has none of that name)."""
        return int(self.config.repair(cell.repair).options.get(name or "", 0))


def counted_size(config: StudyConfig) -> StudySize:
    """The size of a study with its patients counted, as far as they can be by now.

    Counts patients.csv (after `gfce index`) or else the dataset's participants.tsv.
    """
    bids = config.cohort.bids
    participants = config.cohort.dataset / "participants.tsv"
    indexed = _column(Results(config).patients, "excel", "institution")
    if indexed is not None:
        return StudySize(config, Counter(indexed))
    listed = _column(participants, "excel-tab", bids.institution_column or "institution") or []
    return StudySize(config, Counter(bids.institution_names.get(name, name) for name in listed))


def _column(path: Path, dialect: str, column: str) -> list[str] | None:
    """The cells of a column, empty where it is missing (None: there is no file)."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row.get(column) or "" for row in csv.DictReader(file, dialect=dialect)]
    except OSError:
        return None
