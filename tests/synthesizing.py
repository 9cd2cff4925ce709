"""Images of a patient of no study, a model, and the command that synthesizes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
import torch
from cohorts import COHORT, minimal_config, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig, parse_config
from gfce.images.arrays import Geometry
from gfce.images.preprocess import preprocess
from gfce.images.volumes import Image, to_image
from gfce.images.writing import write_image
from gfce.study import Cell
from gfce.training.cell import train_cell

OBLIQUE = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.1, 0.3).GetMatrix()
CELL = Cell("unet", "min_max", "uni-A", 1)


class Copy(torch.nn.Module):
    """A network whose CE is the T1w."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, t1w: torch.Tensor, t2w: torch.Tensor) -> torch.Tensor:
        return t1w


def trained_model(root: Path) -> StudyConfig:
    """A study of which the model of `CELL` is trained; its dataset is gone."""
    content = minimal_config(
        results=root / "results",
        cohort={"dataset": root / "data", "development": ["A"], "external": []},
        grid={"networks": {"unet": {"width": 2}}, "normalizations": ["min_max"]},
    )
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, {name: i for name, i in COHORT.items() if i == "A"})
    index(config)
    preprocess(config, "A")
    train_cell(config, CELL)
    shutil.rmtree(root / "data")
    return config


def wide(array: np.ndarray) -> Image:
    """A head in a field of view of a head."""
    return to_image(array, Geometry((10.0, 9.0, 4.0), (-100.0, -90.0, 30.0), OBLIQUE))


def command(folder: Path, inputs: Path, *more: object, output: str = "ce.nii.gz") -> list[str]:
    words = ["synthesize", "--model", folder, "--t1w", inputs / "t1w.nii.gz"]
    words += ["--t2w", inputs / "t2w.nii.gz", "-o", inputs.parent / output, *more]
    return [str(word) for word in words]


def swapped(inputs: Path, name: str, made: Image) -> None:
    write_image(made, inputs / f"{name}.nii.gz")


def aligned(folder: Path, how: str) -> None:
    """Say of a model that the volumes of its patients were aligned."""
    path = folder / "run.json"
    content = json.loads(path.read_text())
    content["config"]["images"]["alignment"] = how
    path.write_text(json.dumps(content))
