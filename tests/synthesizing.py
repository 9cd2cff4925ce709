"""Images of a patient of no study, and the command that synthesizes it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813

from gfce.images.arrays import Geometry
from gfce.images.volumes import Image, to_image
from gfce.images.writing import write_image

OBLIQUE = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.1, 0.3).GetMatrix()


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
