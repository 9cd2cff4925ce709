"""Where every file of a study lies."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path, PurePath

from gfce.config import StudyConfig
from gfce.study.cell import Cell

RUN, HISTORY = "run.json", "history.csv"
"""Files of a model that hold times."""
HISTORIES = "history*.csv"
"""Those and the histories of its repair for single institutions."""
REPORT = "report.html"
"""A page that holds times as well."""
WEIGHTS, NORMALIZATION = "weights.safetensors", "normalization.json"
FINGERPRINT = "fingerprint.json"
"""The other files of a model."""


def is_history(path: PurePath | str) -> bool:
    """Whether a file is a history of a training, by its name."""
    return fnmatch(PurePath(path).name, HISTORIES)


class Results:
    """Paths of one study's results: the contract with whoever reads them.

    Each method accepts names or Snakemake wildcards such as `{institution}`.
    """

    def __init__(self, config: StudyConfig) -> None:
        self.root = config.results / config.study
        self.patients = self.root / "cohort" / "patients.csv"
        self.training_sets = self.root / "cohort" / "training_sets.csv"
        self.adaptation = self.root / "cohort" / "adaptation.csv"
        self.exclusions = self.root / "cohort" / "exclusions.csv"
        self.leaks = self.root / "cohort" / "leaks.csv"
        self.quality = self.root / "cohort" / "quality.csv"
        self.institution_distances = self.root / "cohort" / "institution_distances.csv"
        self.training_distances = self.root / "cohort" / "training_distances.csv"
        self.metrics = self.root / "metrics.csv"
        self.baselines = self.root / "baselines.csv"
        self.enhancement = self.root / "enhancement.csv"
        self.tables = self.root / "tables"
        self.statistics = self.root / "statistics"
        self.paired_tests = self.statistics / "paired_tests.csv"
        self.findings = self.statistics / "findings.md"
        self.datapackage = self.root / "datapackage.json"
        self.report = self.root / REPORT
        self.reviewer = self.root / "reviewer"
        self.crate = self.root / "ro-crate-metadata.json"
        self.figures = self.root / "figures"
        self.quality_page = self.figures / "quality.html"
        self.bundles = self.root / "bundles"
        self.remote = self.root / "remote"
        self.records = self.root / "records"
        self.flags = self.records / ".runs"
        self.owner = self.root / "study.json"
        self.driver_lock = self.root / ".driver.lock"

    def table(self, name: str, kind: str) -> Path:
        """One table as csv, md or tex."""
        return self.tables / f"{name}.{kind}"

    def figure(self, name: str, kind: str) -> Path:
        """One figure as png or svg."""
        return self.figures / f"{name}.{kind}"

    def images(self, institution: str) -> Path:
        """Folder of an institution's resampled patients."""
        return self.root / "images" / institution

    def volume_statistics(self, institution: str) -> Path:
        """The statistics of an institution's volumes, for readers."""
        return self.images(institution) / "statistics.csv"

    def alignment(self, institution: str) -> Path:
        """How an institution's volumes came to one grid, for readers."""
        return self.images(institution) / "alignment.csv"

    def model(self, cell: Cell) -> Path:
        """Folder of a trained model: its weights and the four files below."""
        return self.root / "models" / cell.folder

    def weights(self, cell: Cell) -> Path:
        """A trained generator."""
        return self.model(cell) / WEIGHTS

    def normalization(self, cell: Cell) -> Path:
        """What a cell's normalization was fitted to: with it, a patient needs only the inputs."""
        return self.model(cell) / NORMALIZATION

    def adapted_weights(self, cell: Cell, institution: str) -> Path:
        """A generator that a repair has made for an external institution."""
        return self.model(cell) / f"weights_{institution}.safetensors"

    def adapted_history(self, cell: Cell, institution: str) -> Path:
        """Losses of the training of such a generator."""
        return self.model(cell) / f"history_{institution}.csv"

    def adapted_checkpoint(self, cell: Cell, institution: str) -> Path:
        """Where that training saves its state."""
        return self.checkpoint(cell).with_name(f"checkpoint_{institution}.safetensors")

    def fingerprint(self, cell: Cell) -> Path:
        """What the training patients are like, in ranges: written by a step of its own."""
        return self.model(cell) / FINGERPRINT

    def history(self, cell: Cell) -> Path:
        """Losses of a training, epoch by epoch (none: the cell has no training of its own)."""
        return self.model(cell) / HISTORY

    def run(self, cell: Cell) -> Path:
        """How a model was trained: configuration, versions, device, time."""
        return self.model(cell) / RUN

    def checkpoint(self, cell: Cell) -> Path:
        """Where a training saves its state: no output of a rule, which Snakemake would delete."""
        return self.root / "checkpoints" / cell.folder / "checkpoint.safetensors"

    def predictions(self, cell: Cell) -> Path:
        """BIDS-derivatives dataset of a model's synthetic CE volumes."""
        return self.root / "predictions" / cell.folder

    def cell_metrics(self, cell: Cell) -> Path:
        """Metrics of one cell's predictions."""
        return self.root / "metrics" / f"{cell}.csv"

    def cell_enhancement(self, cell: Cell) -> Path:
        """What one cell's predictions show of the uptake."""
        return self.root / "enhancement" / f"{cell}.csv"

    def record(self, step: str, what: Cell | str = "all") -> Path:
        """What a step's result was made of."""
        return self.records / step / f"{what}.json"

    def log(self, step: str, what: Cell | str = "all") -> Path:
        """What a step says of a cell, of an institution or of the whole study."""
        return self.root / "logs" / step / f"{what}.log"

    def benchmark(self, step: str, what: Cell | str = "all") -> Path:
        """Time and memory of a step's job, as Snakemake measures them."""
        return self.root / "benchmarks" / step / f"{what}.tsv"
