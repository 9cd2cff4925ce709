"""Faces are removed by a program of the user's, from all volumes of a patient alike.

The program sees T1w alone. What it changes there is the region that is removed from every volume.
The region is closed, and joined by the air around it: else the border between air that was blanked
and air that was not would be the outline of the face.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
from numpy.typing import NDArray

from gfce.cohort.bids import Patient
from gfce.errors import UserError, one_line
from gfce.images.arrays import Geometry, Mask
from gfce.images.foreground import foreground
from gfce.images.geometry import SAME_CORNER_MM
from gfce.images.reading import read_image
from gfce.images.volumes import Image, same_geometry, to_image
from gfce.images.writing import write_image

TIMEOUT_S = 3600
"""Programs that register to a template take minutes."""
MAX_SHARE = 0.4
"""The largest share of the head that may be a face; what removes more has found something else."""
ROUNDING = 1e-3
"""A change up to this share of the volume's range is none: programs may write other numbers."""
CLOSING_MM = 5.0
"""Gaps of the region up to twice this are closed: voxels that had the program's value before."""
AROUND_MM = 10.0
"""How far around the region air is removed with it."""
METHOD = "DeidentificationMethod"
"""A field of sidecars (BIDS 1.10; DICOM 0012,0063)."""


@dataclass(frozen=True)
class Defacing:
    """A program that is called with an image to read and one to write, NIfTI both.

    Attributes:
        command: the program and what is given to it before the two images.
        files: those of its words that are files.
    """

    command: tuple[str, ...]
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The command without folders, which may name people."""
        return one_line(" ".join(re.sub(r"[^\s=,:]*/", "", word) for word in self.command), 200)

    @property
    def method(self) -> str:
        """What was done, for sidecars and reports."""
        return f"faces removed from T1w by `{self.name}`, in the same place from T2w and CE"

    def apply(self, patient: Patient, folder: Path) -> Patient:
        """The patient without a face; temporary files lie below `folder`.

        Raises:
            UserError: the program fails, there is no T1w, nothing or too much is removed, or a
                part of the tumour is.
        """
        try:
            region = self._region(patient.images, folder)
            _check_tumour(patient.tumour, region)
        except UserError as error:
            raise UserError(f"--deface: {error}") from None
        images = {name: _blanked(image, region) for name, image in patient.images.items()}
        sidecars = {
            name: {**patient.sidecars.get(name, {}), METHOD: [self.method]} for name in images
        }
        return replace(patient, images=images, sidecars=sidecars)

    def _region(self, images: Mapping[str, Image], folder: Path) -> Image:
        if "t1w" not in images:
            raise UserError("there is no T1w to find the face on: leave the patient out")
        t1w = images["t1w"]
        before, after = (_array(image).astype(float) for image in (t1w, self._run(t1w, folder)))
        changed = np.abs(after - before) > ROUNDING * np.ptp(before)
        return to_image(face_region(changed, t1w).astype(np.uint8), Geometry.of(t1w))

    def _run(self, t1w: Image, folder: Path) -> Image:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".deface-") as temporary:
            given, made = (Path(temporary, f"{name}.nii.gz") for name in ("input", "output"))
            write_image(t1w, given)
            self._call(given, made)
            if not made.is_file():
                raise UserError(f"{self.name} wrote no output.nii.gz: run it by hand")
            output, given_image = read_image(made), read_image(given)
        if not same_geometry(output, given_image, SAME_CORNER_MM):
            raise UserError(f"{self.name} wrote an image on another grid than T1w's: correct that")
        return output

    def _call(self, given: Path, made: Path) -> None:
        # What it prints may name people; it works where it cannot leave anything.
        command = [*self.command, str(given), str(made)]
        silent = subprocess.DEVNULL
        try:
            status = subprocess.run(
                command,
                cwd=given.parent,
                stdin=silent,
                stdout=silent,
                stderr=silent,
                timeout=TIMEOUT_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise UserError(f"{self.name} took more than {TIMEOUT_S} s: run it by hand") from None
        except OSError as error:
            raise UserError(f"{self.name}: {error.strerror}: name another program") from None
        if status:
            raise UserError(f"{self.name} failed (status {status}): run it by hand to see why")


def parse_defacing(text: str | None) -> Defacing | None:
    """The program of a command line, found as a shell finds it (None: no faces are removed).

    Raises:
        UserError: it is empty, has an open quote, or there is no such program.
    """
    if text is None:
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        raise UserError("--deface: has an open quote: close it") from None
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise UserError("--deface: no such program: install it, or give its path")
    # Programs are run in another folder.
    words = [program, *words[1:]]
    words = [str(Path(word).absolute()) if Path(word).is_file() else word for word in words]
    return Defacing(tuple(words), tuple(Path(word) for word in words if Path(word).is_file()))


def face_region(changed: Mask, t1w: Image) -> Mask:
    """What is removed where a program has changed voxels of T1w, (slice, row, column).

    Raises:
        UserError: that is nothing of the head, or more than `MAX_SHARE` of it.
    """
    head, spacing = _array(foreground(t1w, t1w)) != 0, t1w.GetSpacing()
    if not (changed & head).any():
        raise UserError("nothing of the head was removed: leave --deface out, or the patient")
    region = _closed(changed, spacing) | _air_around(changed & head, head, spacing)
    # Of the whole region: a closed shell of skin around the head would be filled.
    share = float((region & head).sum() / head.sum())
    if share > MAX_SHARE:
        raise UserError(
            f"{share:.0%} of the head was removed, more than {MAX_SHARE:.0%}: run it by hand and "
            "look at it, or leave the patient out"
        )
    return region


def _closed(region: Mask, spacing: tuple[float, ...]) -> Mask:
    image = sitk.GetImageFromArray(region.astype(np.uint8))
    radius = [int(CLOSING_MM // length) for length in spacing]
    closed = sitk.BinaryFillhole(sitk.BinaryMorphologicalClosing(image, radius))
    return _array(closed) != 0


def _air_around(face: Mask, head: Mask, spacing: tuple[float, ...]) -> Mask:
    """Air in the box around the part of the head that is removed."""
    box = np.zeros_like(face)
    places = []
    for axis, length in enumerate(reversed(spacing)):
        along = np.flatnonzero(face.any(axis=tuple({0, 1, 2} - {axis})))
        more = int(np.ceil(AROUND_MM / length))
        places.append(slice(max(0, along[0] - more), along[-1] + more + 1))
    box[tuple(places)] = True
    return box & ~head


def _check_tumour(tumour: Image | None, region: Image) -> None:
    if tumour is None:
        return
    inside = _array(tumour) != 0
    share = float((inside & _on_grid(region, tumour)).sum() / max(1, inside.sum()))
    if share:
        raise UserError(
            f"{max(0.01, share):.0%} of the tumour would be removed: import the patient without "
            "it, or leave the patient out"
        )


def _on_grid(region: Image, image: Image) -> Mask:
    """The region on an image's grid; beyond T1w's field of view as at its border."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(image)
    resampler.SetInterpolator(sitk.sitkNearestNeighbor)
    resampler.SetUseNearestNeighborExtrapolator(True)
    return _array(resampler.Execute(region)) != 0


def _blanked(image: Image, region: Image) -> Image:
    """The image with its own lowest value in the region: its range has that value already."""
    array = _array(image)
    return to_image(np.where(_on_grid(region, image), array.min(), array), Geometry.of(image))


def _array(image: Image) -> NDArray[np.generic]:
    return sitk.GetArrayFromImage(image)
