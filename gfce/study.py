"""The experimental design: cells, their test sets, their labels, and where every file lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gfce.config import StudyConfig

NORMALIZATION_LETTERS = {"min_max": "m", "z_score": "z"}
"""The letter of each normalization in a model's label (Table I: Uni-m1, Tri-Z)."""


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


def cells(config: StudyConfig) -> list[Cell]:
    """All cells of the grid, in the order of the configuration."""
    return [
        Cell(network, normalization, training_set, seed)
        for network in config.grid.networks
        for normalization in config.grid.normalizations
        for training_set in config.training_sets()
        for seed in config.grid.seeds
    ]


def model_label(config: StudyConfig, cell: Cell) -> str:
    """The model's name in tables, as in Table I of the paper; seeds of one model share it.

    A set of one institution is Uni-<letter><position among the development institutions>; a pooled
    set is <Name>-<LETTER>. Networks other than the grid's first are named behind it.
    """
    institutions = config.training_sets()[cell.training_set]
    letter = NORMALIZATION_LETTERS[cell.normalization]
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


class Results:
    """Paths of one study's results: the contract with whoever reads them.

    Each method accepts names or Snakemake wildcards such as `{institution}`.
    """

    def __init__(self, config: StudyConfig) -> None:
        self.root = config.results / config.study
        self.patients = self.root / "cohort" / "patients.csv"
        self.training_sets = self.root / "cohort" / "training_sets.csv"
        self.exclusions = self.root / "cohort" / "exclusions.csv"
        self.metrics = self.root / "metrics.csv"
        self.baselines = self.root / "baselines.csv"
        self.tables = self.root / "tables"
        self.statistics = self.root / "statistics"
        self.paired_tests = self.statistics / "paired_tests.csv"
        self.figures = self.root / "figures"

    def images(self, institution: str) -> Path:
        """Folder of an institution's resampled patients."""
        return self.root / "images" / institution

    def model(self, cell: Cell) -> Path:
        """Folder of a trained model: weights.safetensors, history.csv, run.json."""
        return self.root / "models" / cell.folder

    def predictions(self, cell: Cell) -> Path:
        """BIDS-derivatives dataset of a model's synthetic CE volumes."""
        return self.root / "predictions" / cell.folder

    def cell_metrics(self, cell: Cell) -> Path:
        """Metrics of one cell's predictions."""
        return self.root / "metrics" / cell.folder.with_suffix(".csv")
