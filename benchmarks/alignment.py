"""How exactly rigid registration finds a known movement, and what it leaves of an image.

Run: python benchmarks/alignment.py [--coarsening 1] [--real FOLDER]. A simulated patient of each
institution is sampled twice: T1w on its own grid, T2w and CE on another one, whose header is then
displaced, so that the true movement is known and nothing has been interpolated. `--real` names a
folder of real patients (t1.nii.gz, t2.nii.gz, t1ce.nii.gz in each), whose own alignment is taken
for the truth. Errors of CE are against the CE of T1w's grid, on the study's matrix; a movement that
is known exactly is the best that a resampling can reach.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the workflow runs every step

import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.images.alignment import Aligned, align
from gfce.images.arrays import Geometry, Volume
from gfce.images.coverage import moved
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.registration import register
from gfce.images.volumes import Image, orient, resample_in_plane, to_array, to_image
from gfce.phantom import Protocol, read_protocols, simulate_patient

MATRIX = (256, 224)
MOVEMENTS = ((0.0, 0.0), (3.0, 2.0), (15.0, 10.0))
"""Shifts (mm) and rotations (degrees), about and along random axes."""
FILES = {"t1w": "t1.nii.gz", "t2w": "t2.nii.gz", "ce": "t1ce.nii.gz"}
Patient = tuple[str, dict[str, Image], dict[str, Image]]
"""Name; the volumes on T1w's grid; the same as they were sampled otherwise."""


def simulated(coarsening: float) -> Iterator[Patient]:
    for name, protocol in read_protocols().items():
        finer = 24 if coarsening == 1 else 19
        first = volumes(protocol, coarsening, 16 if coarsening > 1 else None)
        yield name, first, volumes(protocol, 1.3 * coarsening, finer)


def volumes(protocol: Protocol, coarsening: float, slices: int | None) -> dict[str, Image]:
    made = simulate_patient(protocol, seed=2022, index=0, coarsening=coarsening, slices=slices)
    geometry = Geometry(made.spacing, made.origin, made.direction)
    return {m: to_image(made.images[m], geometry) for m in MODALITIES}


def real(root: Path) -> Iterator[Patient]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        images = {m: orient(read_image(folder / name)) for m, name in FILES.items()}
        yield folder.name[:12], images, images


def drawn(shift: float, degrees: float, about: Image, rng: np.random.Generator) -> sitk.Transform:
    movement = sitk.Euler3DTransform()
    middle = [(length - 1) / 2 for length in about.GetSize()]
    movement.SetCenter(about.TransformContinuousIndexToPhysicalPoint(middle))
    axis, along = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    movement.SetRotation(*np.radians(degrees * axis))
    movement.SetTranslation(shift * along)
    return movement


def displaced(image: Image, by: sitk.Euler3DTransform) -> Image:
    made = sitk.Image(image)
    axes = np.reshape(by.GetMatrix(), (3, 3)) @ np.reshape(image.GetDirection(), (3, 3))
    made.SetDirection(axes.ravel().tolist())
    made.SetOrigin(by.TransformPoint(image.GetOrigin()))
    return made


def psnr(one: Volume, true: Volume) -> float:
    return float(10 * np.log10(np.ptp(true) ** 2 / np.mean((one - true) ** 2)))


def mae(one: Volume, true: Volume) -> float:
    return float(np.abs(one - true).mean() / np.ptp(true) * 1000)


def on_matrix(t1w: Image, ce: Image, how: str) -> tuple[Aligned, Volume]:
    aligned = align({"t1w": t1w, "ce": orient(ce)}, how, MATRIX)
    return aligned, to_array(aligned.images["ce"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of rigid registration.")
    parser.add_argument("--coarsening", type=float, default=1.0)
    parser.add_argument("--real", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    print(
        "| patient | mm, degrees | T2w off, mm | CE off, mm | CE by the headers | registered |"
        " known movement | s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    patients = real(options.real) if options.real else simulated(options.coarsening)
    for name, own, others in patients:
        for shift, degrees in MOVEMENTS:
            true = drawn(shift, degrees, own["t1w"], rng)
            row(name, shift, degrees, own, {m: displaced(i, true) for m, i in others.items()}, true)


def row(
    name: str,
    shift: float,
    degrees: float,
    own: dict[str, Image],
    moving: dict[str, Image],
    true: sitk.Euler3DTransform,
) -> None:
    t1w, begin, off = own["t1w"], time.process_time(), []
    for modality in ("t2w", "ce"):
        found = register(t1w, orient(moving[modality]))
        off.append(
            np.linalg.norm(
                moved(found.head_mm, found.movement) - moved(found.head_mm, true), axis=1
            ).mean()
        )
    seconds = (time.process_time() - begin) / 2
    expected = to_array(resample_in_plane(own["ce"], MATRIX))
    results = [on_matrix(t1w, moving["ce"], how)[1] for how in ("resample", "rigid")]
    back = displaced(moving["ce"], true.GetInverse().Downcast())
    results.append(on_matrix(t1w, back, "resample")[1])
    cells = [f"{mae(one, expected):.1f} / {psnr(one, expected):.1f}" for one in results]
    print(
        f"| {name} | {shift:g}, {degrees:g} | {off[0]:.2f} | {off[1]:.2f} | "
        + " | ".join(cells)
        + f" | {seconds:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
