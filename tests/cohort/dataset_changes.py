"""Changes of a dataset on disk."""

from __future__ import annotations

from pathlib import Path

from cohorts import image

from gfce.cohort.layout import MASKS
from gfce.images.volumes import Image
from gfce.images.writing import write_image


def anat(root: Path, name: str, folder: str = "sub-A2/anat") -> Path:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def mask(root: Path, name: str, folder: str = "sub-A2/anat") -> Path:
    path = anat(root / MASKS, name, folder)
    write_image(tumour(), path)
    return path


def tumour() -> Image:
    return image(0) > 300


def move(root: Path, old: str, new: str, folder: str = "sub-A2/anat") -> None:
    """Rename a file of sub-A2's anat folder."""
    (root / "sub-A2" / "anat" / old).rename(anat(root, new, folder))
