"""Tiny simulated studies, run by Snakemake in this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from cohorts import REPOSITORY

from gfce.config import load_config
from gfce.study import Results

INSTITUTIONS = [f"Institution-{number}" for number in range(1, 5)]


def simulated_study(folder: Path, name: str = "tiny") -> dict[str, Any]:
    return {
        "study": name,
        "results": str(folder / "results"),
        "cohort": {
            "dataset": str(folder / "data"),
            "development": INSTITUTIONS[:3],
            "external": INSTITUTIONS[3:],
            "training_patients": 1,
        },
        "simulation": {
            "patients": dict.fromkeys(INSTITUTIONS, 3) | {"Institution-4": 2},
            "coarsening": 6,
            "slices": 2,
        },
        "images": {"matrix": [40, 36]},
        "grid": {"networks": {"mmgsn_net": {"width": 8}}},
        "training": {"epochs": 1, "constant_epochs": 1, "threads": 1, "device": "cpu"},
    }


def write_config(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / f"{content['study']}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def snakemake(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow in the repository, with its bookkeeping beside the configuration."""
    programs = Path(sys.executable).parent
    command = [programs / "snakemake", "--configfile", config, "--cores", "2", "--nolock"]
    return subprocess.run(
        [*command, *options],
        cwd=REPOSITORY,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def run_to_the_end(config: Path) -> Results:
    answer = snakemake(config)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return Results(load_config(config))


def files_of(results: Results) -> dict[str, bytes]:
    """Every table, weight and image of a study; a history holds times, which always differ."""
    kinds = (".csv", ".md", ".tex", ".png", ".svg", ".safetensors")
    return {
        str(path.relative_to(results.root)): path.read_bytes()
        for path in sorted(results.root.rglob("*"))
        if path.suffix in kinds and path.name != "history.csv" and "checkpoints" not in path.parts
    }
