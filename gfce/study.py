"""The experimental design: cells, their test sets, their labels, and where every file lies."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.images.normalizations import NORMALIZATIONS

FIGURE_FORMATS = ("png", "svg")
LEARNING = "learning"
"""The figure that is a folder: learning curves, cell by cell."""


@dataclass(frozen=True, order=True)
class Cell:
    """One model of the grid: what it is built of and trained on."""

    network: str
    normalization: str
    training_set: str
    seed: int | str

    @property
    def folder(self) -> Path:
        """The cell's folder below models/, predictions/ and metrics/."""
        return Path(self.network, self.normalization, self.training_set, f"seed-{self.seed}")

    def __str__(self) -> str:
        return self.folder.as_posix()


def cells(config: StudyConfig) -> list[Cell]:
    """All cells of the grid, in the order of the configuration."""
    return [
        Cell(network, normalization, training_set, seed)
        for network in config.grid.networks
        for normalization in config.grid.normalizations
        for training_set in config.training_sets()
        for seed in config.grid.seeds
    ]


def find_cell(config: StudyConfig, name: str) -> Cell:
    """The cell of a grid that is named by its folder, such as `mmgsn_net/min_max/tri/seed-1`.

    Raises:
        UserError: the grid has no such cell.
    """
    known = {str(cell): cell for cell in cells(config)}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1) or list(known)
        raise UserError(f"cell {name}: not one of the grid's {len(known)}, such as {close[0]}")
    return known[name]


def model_label(config: StudyConfig, cell: Cell) -> str:
    """The model's name in tables, as in Table I of the paper; seeds of one model share it.

    A set of one institution is Uni-<letter><position among the development institutions>; a pooled
    set is <Name>-<LETTER>. Networks other than the grid's first are named behind it.
    """
    institutions = config.training_sets()[cell.training_set]
    letter = NORMALIZATIONS[cell.normalization].letter
    if len(institutions) == 1:
        label = f"Uni-{letter}{config.cohort.development.index(institutions[0]) + 1}"
    else:
        label = f"{cell.training_set.capitalize()}-{letter.upper()}"
    first, *_ = config.grid.networks
    return label if cell.network == first else f"{label} {cell.network}"


def test_institutions(config: StudyConfig, cell: Cell) -> dict[str, str]:
    """Institutions that the cell's model is tested on, each with its cohort.

    Internal: the held-out patients of the model's own training institutions. External: every
    patient of the external institutions (study point 6).
    """
    own = config.training_sets()[cell.training_set]
    internal = [name for name in config.cohort.development if name in own]
    return dict.fromkeys(internal, "internal") | dict.fromkeys(config.cohort.external, "external")


def figure_names(config: StudyConfig) -> dict[str, str | None]:
    """The figures of a study, with the network that a figure is of (None: of all)."""
    first, *others = config.grid.networks
    synthesis = {"figure3": first} | {f"figure3_{name}": name for name in others}
    return {"figure1": None, **synthesis, LEARNING: None}


class Results:
    """Paths of one study's results: the contract with whoever reads them.

    Each method accepts names or Snakemake wildcards such as `{institution}`.
    """

    def __init__(self, config: StudyConfig) -> None:
        self.root = config.results / config.study
        self.patients = self.root / "cohort" / "patients.csv"
        self.training_sets = self.root / "cohort" / "training_sets.csv"
        self.exclusions = self.root / "cohort" / "exclusions.csv"
        self.leaks = self.root / "cohort" / "leaks.csv"
        self.metrics = self.root / "metrics.csv"
        self.baselines = self.root / "baselines.csv"
        self.tables = self.root / "tables"
        self.statistics = self.root / "statistics"
        self.paired_tests = self.statistics / "paired_tests.csv"
        self.findings = self.statistics / "findings.md"
        self.datapackage = self.root / "datapackage.json"
        self.figures = self.root / "figures"
        self.records = self.root / "records"

    def table(self, name: str, kind: str) -> Path:
        """One table as csv, md or tex."""
        return self.tables / f"{name}.{kind}"

    def figure(self, name: str, kind: str) -> Path:
        """One figure as png or svg."""
        return self.figures / f"{name}.{kind}"

    def images(self, institution: str) -> Path:
        """Folder of an institution's resampled patients."""
        return self.root / "images" / institution

    def model(self, cell: Cell) -> Path:
        """Folder of a trained model: weights.safetensors, history.csv, run.json."""
        return self.root / "models" / cell.folder

    def checkpoint(self, cell: Cell) -> Path:
        """Where a training saves its state: no output of a rule, which Snakemake would delete."""
        return self.root / "checkpoints" / cell.folder / "checkpoint.safetensors"

    def predictions(self, cell: Cell) -> Path:
        """BIDS-derivatives dataset of a model's synthetic CE volumes."""
        return self.root / "predictions" / cell.folder

    def cell_metrics(self, cell: Cell) -> Path:
        """Metrics of one cell's predictions."""
        return self.root / "metrics" / cell.folder.with_suffix(".csv")

    def record(self, step: str, what: Cell | str = "all") -> Path:
        """What a step's result was made of."""
        return self.records / step / f"{what}.json"

    def log(self, step: str, what: Cell | str = "all") -> Path:
        """What a step says of a cell, of an institution or of the whole study."""
        return self.root / "logs" / step / f"{what}.log"


def read_patients(results: Results) -> pd.DataFrame:
    """The cohort's usable patients, one row each (columns of patients.csv).

    Raises:
        UserError: the cohort has not been indexed.
    """
    if not results.patients.exists():
        raise UserError(f"{results.patients}: is not there: run `gfce index` first")
    # Of a cohort without masks these columns are empty, which is no number.
    types: dict[str, type] = {"tumour": object, "sha256_tumour": object}
    types |= {"patient_id": str, "institution": str}
    return pd.read_csv(results.patients, dtype=types)


def read_training_set(results: Results, name: str) -> list[str]:
    """The ids of the patients that a training set holds."""
    table = pd.read_csv(results.training_sets, dtype=str)
    return list(table["patient_id"][table["training_set"] == name])


def test_patients(config: StudyConfig, cell: Cell, patients: pd.DataFrame) -> pd.DataFrame:
    """The patients that a cell's model is tested on, with a column cohort (internal|external)."""
    cohorts = test_institutions(config, cell)
    tested = patients[patients["institution"].isin(list(cohorts)) & (patients["split"] == "test")]
    return tested.assign(cohort=tested["institution"].map(cohorts))


def figure_paths(config: StudyConfig) -> list[Path]:
    """Every file of the study's figures, and the folder of the learning curves."""
    results = Results(config)
    names = [name for name in figure_names(config) if name != LEARNING]
    files = [results.figure(name, kind) for name in names for kind in FIGURE_FORMATS]
    return [*files, results.figures / LEARNING]
