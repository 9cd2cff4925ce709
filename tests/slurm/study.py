"""A tiny study in a checkout of its own, run on the test cluster or on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cohorts import REPOSITORY

from gfce.config import load_config
from gfce.study import Cell, Results, cells

Weights = bytes
"""A model's file of weights: the same model, the same bytes."""
PROGRAMS = Path(sys.executable).parent
LINKED = ("Snakefile", "rules", "gfce", "profiles", "slurm", "config", "envs")
INSTITUTIONS = [f"Institution-{number}" for number in range(1, 4)]
QUICK = [
    # First, because it takes as many values as follow.
    *("--set-threads", "simulate=2", "index=2"),
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--max-jobs-per-timespan", "20/1s", "--latency-wait", "5"),
    *("--max-status-checks-per-second", "1"),
]
"""The profile's patience is for a real cluster."""


def tiny_study(**training: Any) -> dict[str, Any]:
    """Three simulated institutions, four cells of seconds each."""
    return {
        "study": "tiny",
        "cohort": {
            "dataset": "data/tiny",
            "development": INSTITUTIONS[:2],
            "external": INSTITUTIONS[2:],
            "training_patients": 1,
        },
        "simulation": {
            "patients": dict.fromkeys(INSTITUTIONS, 3),
            "coarsening": 6,
            "slices": 2,
        },
        "images": {"matrix": [40, 36]},
        "grid": {
            "networks": {"mmgsn_net": {"width": 8}},
            "training_sets": {"one": INSTITUTIONS[:1], "both": INSTITUTIONS[:2]},
        },
        "training": {
            **{"epochs": 1, "constant_epochs": 1, "threads": 1, "device": "cpu"},
            **training,
        },
    }


def long_study(epochs: int) -> dict[str, Any]:
    """One cell, whose training lasts long enough to be disturbed."""
    content = tiny_study(epochs=epochs)
    content["grid"] |= {"normalizations": ["min_max"], "training_sets": {"one": INSTITUTIONS[:1]}}
    return content


@dataclass
class Checkout:
    """A folder that looks like the repository, with its own results and bookkeeping."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, content: dict[str, Any]) -> Checkout:
        """A new checkout whose study has this configuration."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in LINKED:
            (folder / name).symlink_to(REPOSITORY / name)
        checkout = cls(folder)
        checkout.config.write_text(yaml.safe_dump(content))
        return checkout

    @property
    def config(self) -> Path:
        return self.folder / "study.yaml"

    @property
    def results(self) -> Results:
        results = Results(load_config(self.config))
        for name, value in vars(results).items():
            setattr(results, name, self.folder / value)
        return results

    @property
    def cells(self) -> list[Cell]:
        return cells(load_config(self.config))

    def reuse(self, other: Checkout) -> None:
        """Take over another study's cohort and images, as if they had been made here."""
        shutil.copytree(other.folder / "data", self.folder / "data")
        for name in ("cohort", "images", "records/index", "records/preprocess"):
            shutil.copytree(other.results.root / name, self.results.root / name)
        # The grids differ.
        self.by_hand("index")
        self.by_hand("leaks")

    def on_slurm(self, *options: str) -> subprocess.Popen[str]:
        """`snakemake --profile slurm` in the background; its output goes to driver.log."""
        impatient = [sys.executable, Path(__file__).with_name("impatient.py")]
        return self._start([*impatient, "--profile", "slurm", *QUICK, *options])

    def here(self, *options: str) -> subprocess.Popen[str]:
        """`snakemake` on this machine."""
        return self._start([PROGRAMS / "snakemake", "--cores", "2", *options])

    def train(self) -> None:
        """Train the first cell by hand."""
        self.by_hand("train", str(self.cells[0]))

    def by_hand(self, step: str, *what: str) -> None:
        """One step, without Snakemake."""
        command = [PROGRAMS / "gfce", step, "study.yaml", *what]
        subprocess.run(command, cwd=self.folder, env=environment(), check=True, capture_output=True)

    def _start(self, command: Sequence[str | Path]) -> subprocess.Popen[str]:
        with self.driver_log.open("a") as log:
            return subprocess.Popen(
                [*command, "--configfile", "study.yaml"],
                cwd=self.folder,
                env=environment(),
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    @property
    def driver_log(self) -> Path:
        return self.folder / "driver.log"

    def finish(self, process: subprocess.Popen[str], seconds: float = 600) -> None:
        """Wait for a driver that has to succeed."""
        assert process.wait(seconds) == 0, self.driver_log.read_text()[-5000:]

    def log(self, step: str, cell: Cell) -> str:
        """What a cell's step has written."""
        return (self.results.root / "logs" / step / f"{cell}.log").read_text()

    def weights(self, cell: Cell | None = None) -> Weights:
        """The weights of a cell (the first one), byte by byte."""
        return (self.results.model(cell or self.cells[0]) / "weights.safetensors").read_bytes()

    def checkpoint(self) -> Path:
        return self.results.checkpoint(self.cells[0])


def contents(study: Checkout) -> dict[str, bytes]:
    """Every table in the results that holds no time (datapackage.json has hashes of such)."""
    root = study.results.root
    names = ["cohort/*.csv", "metrics.csv", "baselines.csv", "metrics/**/*.csv"]
    names += ["tables/*", "statistics/*"]
    found = {path for name in names for path in root.glob(name)}
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(found)}


def environment() -> dict[str, str]:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
