"""The recipe of each task: what its result would be made of now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.files import records, sha256
from gfce.images.modalities import INPUTS, MODALITIES
from gfce.provenance import code
from gfce.provenance.records import Recipe, Record
from gfce.provenance.tasks import Task, reads
from gfce.study import (
    LEARNING,
    Cell,
    Results,
    cells,
    model_label,
    read_patients,
    read_training_set,
    test_institutions,
    test_patients,
)

INFERENCE = ("device", "precision", "batch_size", "threads")
"""Settings of a training that a prediction depends on too."""
NO_EFFECT = {"checkpoint_minutes", "walltime_minutes"}
"""Settings of a training that change when it saves, not what it learns."""
WEIGHTS, NORMALIZATION = "weights.safetensors", "normalization.json"
MASKS = Path("derivatives", "masks")

Values = dict[str, Any]


class Recipes:
    """The recipes of a study's tasks.

    Args:
        config: the study.
        record_of: finds the record of a task that others read.
    """

    def __init__(self, config: StudyConfig, record_of: Callable[[Task], Record | None]) -> None:
        self._config = config
        self._record_of = record_of
        self._results = Results(config)
        self._content = config.model_dump(mode="json")
        self._tested: dict[frozenset[str], list[str]] = {}

    def of(self, task: Task) -> Recipe:
        """What a task's result would be made of now.

        Raises:
            UserError: the cohort, which it depends on, has not been indexed.
        """
        sees_no_resampled = {"simulate", "index", "leaks", "tabulate", "compare"}
        alone = task.step in sees_no_resampled or task.what == LEARNING
        steps = [task.step] if alone else ["preprocess", task.step]
        versions: dict[str, int] = {}
        edited: dict[str, str] = {}
        for step in steps:
            versions |= code.versions(step, self._config, task.cell)
            edited |= code.edited(step, self._config, task.cell)
        settings, inputs = self._made_of(task)
        if "preprocess" in steps:
            settings |= self._section("images")
        return Recipe(versions, edited, settings, inputs)

    def _made_of(self, task: Task) -> tuple[Values, dict[str, str]]:
        if task.step == "preprocess":
            return self._masks(), self._images(self._of(str(task.what)), (*MODALITIES, "tumour"))
        if task.step == "figures":
            return self._figure(task)
        if cell := task.cell:
            return getattr(self, f"_{task.step}")(cell)
        return getattr(self, f"_{task.step}")()

    # Settings and inputs, step by step.

    def _simulate(self) -> tuple[Values, dict[str, str]]:
        simulation = self._config.simulation
        table = simulation.protocols if simulation else None
        inputs = {"the table of protocols": sha256(table)} if table and table.exists() else {}
        return _without(self._section("simulation"), "simulation.protocols"), inputs

    def _index(self) -> tuple[Values, dict[str, str]]:
        cohort = _without(self._section("cohort"), "cohort.dataset", "cohort.two_persons")
        sets = {f"training_sets.{k}": v for k, v in self._config.training_sets().items()}
        return {**cohort, "seed": self._config.seed, **sets}, dataset_state(
            self._config.cohort.dataset
        )

    def _leaks(self) -> tuple[Values, dict[str, str]]:
        persons = {"cohort.two_persons": self._config.cohort.two_persons}
        inputs = {**self._images(self._rows, MODALITIES), **self._draws()}
        return {**persons, **self._design()}, inputs

    def _train(self, cell: Cell) -> tuple[Values, dict[str, str]]:
        training = _without(self._section("training"), *(f"training.{k}" for k in NO_EFFECT))
        network = self._config.network(cell.network).model_dump(mode="json")
        settings = {**training, **_flat("network", network), **self._identity(cell)}
        return settings, self._images(self._sets[cell.training_set], MODALITIES)

    def _predict(self, cell: Cell) -> tuple[Values, dict[str, str]]:
        settings = {f"training.{k}": self._content["training"][k] for k in INFERENCE}
        tested = self._images(self._tested_on(cell), INPUTS)
        model = self._files(Task("train", cell), lambda path: path.name in (WEIGHTS, NORMALIZATION))
        return {**settings, **self._identity(cell)}, {**model, **tested}

    def _evaluate(self, cell: Cell) -> tuple[Values, dict[str, str]]:
        average = {"evaluation.average": self._config.evaluation.average}
        cohorts = _flat("cohort", test_institutions(self._config, cell))
        tested = self._images(self._tested_on(cell), (*MODALITIES, "tumour"))
        model = self._files(Task("train", cell), lambda path: path.name == NORMALIZATION)
        inputs = {**model, **self._whole(Task("predict", cell)), **tested}
        return {**average, **cohorts, **self._masks(), **self._identity(cell)}, inputs

    def _baselines(self) -> tuple[Values, dict[str, str]]:
        settings = {
            "evaluation.average": self._config.evaluation.average,
            "grid.normalizations": self._config.grid.normalizations,
            **self._masks(),
            **self._design(),
        }
        return settings, {**self._images(self._rows, (*MODALITIES, "tumour")), **self._draws()}

    def _tabulate(self) -> tuple[Values, dict[str, str]]:
        scores = [self._whole(task) for task in reads(self._config, Task("tabulate"))[1:]]
        settings = {**self._section("evaluation"), **self._grid(), **self._design()}
        return settings, {**_merged(scores), **self._draws()}

    def _compare(self) -> tuple[Values, dict[str, str]]:
        sections = {**self._section("evaluation"), **self._section("statistics")}
        own = {"seed": self._config.seed, "study": self._config.study}
        tables = [Task("index"), *(Task(step) for step in ("baselines", "tabulate"))]
        models = [Task("train", cell) for cell in cells(self._config)]
        read = [self._files(task, lambda path: path.suffix == ".csv") for task in tables + models]
        return {**sections, **own, **self._grid(), **self._design()}, _merged(read)

    def _figure(self, task: Task) -> tuple[Values, dict[str, str]]:
        read = reads(self._config, task)
        settings = {**self._grid(), **self._design()}
        results = _merged(self._whole(other) for other in read if other.cell)
        if task.what == LEARNING:
            return settings, results
        return settings, {**results, **self._images(self._rows, MODALITIES), **self._draws()}

    # What several of them depend on.

    def _section(self, name: str) -> Values:
        return _flat(name, self._content[name] or {})

    def _masks(self) -> Values:
        return {"cohort.mask_label": self._config.cohort.mask_label}

    def _identity(self, cell: Cell) -> Values:
        label = model_label(self._config, cell)
        return {"normalization": cell.normalization, "seed": cell.seed, "label": label}

    def _grid(self) -> Values:
        grid = self._config.grid
        labels = {f"label.{cell}": model_label(self._config, cell) for cell in cells(self._config)}
        networks = {"grid.networks": list(grid.networks)}
        return {**networks, "grid.normalizations": grid.normalizations, **labels}

    def _design(self) -> Values:
        cohort = self._config.cohort
        roles = {"cohort.development": cohort.development, "cohort.external": cohort.external}
        return {**roles, **_flat("training_sets", self._config.training_sets())}

    @cached_property
    def _patients(self) -> pd.DataFrame:
        return read_patients(self._results)

    @cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        return {row["patient_id"]: row for row in records(self._patients)}

    @cached_property
    def _sets(self) -> dict[str, list[str]]:
        names = self._config.training_sets()
        return {name: read_training_set(self._results, name) for name in names}

    def _of(self, institution: str) -> list[str]:
        return [p for p, row in self._rows.items() if row["institution"] == institution]

    def _tested_on(self, cell: Cell) -> list[str]:
        institutions = frozenset(test_institutions(self._config, cell))
        if institutions not in self._tested:
            tested = test_patients(self._config, cell, self._patients)
            self._tested[institutions] = list(tested["patient_id"])
        return self._tested[institutions]

    def _draws(self) -> dict[str, str]:
        """Who is in which training set, and who is tested."""
        sets = {f"training set {name}": code.digest(ids) for name, ids in self._sets.items()}
        roles = [[p, row["institution"], row["split"]] for p, row in self._rows.items()]
        return {**sets, "the split": code.digest(roles)}

    def _images(self, patients: Iterable[str], kinds: Iterable[str]) -> dict[str, str]:
        return {
            f"{patient} {kind}": self._rows[patient][f"sha256_{kind}"]
            for patient in patients
            for kind in kinds
            if not pd.isna(self._rows[patient][f"sha256_{kind}"])
        }

    def _files(self, task: Task, wanted: Callable[[Path], bool]) -> dict[str, str]:
        record = self._record_of(task)
        hashes = record.hashes() if record else {}
        return {name: value for name, value in hashes.items() if wanted(Path(name))}

    def _whole(self, task: Task) -> dict[str, str]:
        """All files of a result as one input (none: it is not there, or does not fit)."""
        record = self._record_of(task)
        return {str(task): code.digest(record.hashes())} if record else {}


def dataset_state(dataset: Path) -> dict[str, str]:
    """What a dataset's files look like from outside, folder by folder: names, sizes and times.

    Their content is hashed by `gfce index`, which is due whenever this changes. Only what can
    concern a study is looked at: tables and sidecars, patients' folders and tumour masks.
    """
    masks = {f"masks of {name}": path for name, path in _entries(dataset / MASKS).items()}
    places = {**_entries(dataset), **masks}
    return {name: code.digest(list(_states(path))) for name, path in places.items()}


def _entries(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    entries = {entry.name: entry for entry in sorted(folder.iterdir())}
    return {
        name: entry
        for name, entry in entries.items()
        if name.startswith("sub-")
        or name in ("participants.tsv", "dataset_description.json")
        or (name.endswith(".json") and not name.startswith("."))
    }


def _states(path: Path) -> Iterator[tuple[str, int, int]]:
    if not path.is_dir():
        status = path.stat()
        yield path.name, status.st_size, status.st_mtime_ns
        return
    for folder, subfolders, names in os.walk(path, followlinks=True):
        subfolders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.exists():
                status = file.stat()
                place = file.relative_to(path).as_posix()
                yield place, status.st_size, status.st_mtime_ns


def _flat(prefix: str, content: Mapping[str, Any]) -> Values:
    """Nested keys as the dotted ones of messages: training.epochs."""
    flat: Values = {}
    for key, value in content.items():
        name = f"{prefix}.{key}"
        flat |= _flat(name, value) if isinstance(value, Mapping) else {name: value}
    return flat


def _without(content: Values, *names: str) -> Values:
    return {key: value for key, value in content.items() if key not in names}


def _merged(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}
