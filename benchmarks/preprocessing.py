"""How fast patients are prepared, against the same steps done with MONAI's and TorchIO's.

Run: python benchmarks/preprocessing.py [--patients 6] [--matrix 256x224] [--slices 40]
[--threads 1]. It needs the test extra (TorchIO). The steps: read three compressed NIfTI volumes,
turn them to LPS, resample each slice bilinearly over the same field of view, and Min-Max or Z-Score
each volume. The loops take turns; the resulting arrays are compared voxel by voxel. The last line
is all that `gfce preprocess` does of a patient: the mask of the head and every statistic that one
of the six normalizations needs, too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

if __name__ == "__main__":
    # The repository in the place of this folder, whose statistics.py would hide Python's own.
    sys.path[0] = str(Path(__file__).parents[1])

import monai.transforms as mt
import numpy as np
import SimpleITK as sitk  # noqa: N813 (the library's own convention)
import torch
import torchio as tio
from numpy.typing import NDArray

from gfce.config import Images
from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.preprocess import resample_patient
from gfce.images.reading import read_image
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import orient, resample_in_plane, to_array, to_image
from gfce.images.writing import write_image

Volumes: TypeAlias = dict[str, NDArray[np.float32]]
"""Normalized volumes by modality, (slice, row, column)."""
Prepare: TypeAlias = Callable[[dict[str, Path], tuple[int, int], str], Volumes]
"""Files of a patient, (rows, columns) and the normalization to its volumes."""

TURNED = (-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
"""Directions of a file whose axes are not those of LPS, so that turning has something to do."""


def ours(files: dict[str, Path], matrix: tuple[int, int], normalization: str) -> Volumes:
    return {
        modality: normalized(
            to_array(resample_in_plane(orient(read_image(path)), matrix)), normalization
        )
        for modality, path in files.items()
    }


def normalized(volume: NDArray[np.float32], normalization: str) -> NDArray[np.float32]:
    values = volume.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    statistics = VolumeStatistics(
        low, high, float(values.mean()), float(values.std()), low, high, (), (), ()
    )
    return NORMALIZATIONS[normalization].map_for(statistics, []).apply(volume)


def monai(files: dict[str, Path], matrix: tuple[int, int], normalization: str) -> Volumes:
    rows, columns = matrix
    scale = {"min_max": mt.ScaleIntensity(0, 1), "z_score": mt.NormalizeIntensity()}
    transform = mt.Compose(
        [
            mt.LoadImage(image_only=True, ensure_channel_first=True),
            mt.Orientation("LPS", labels=None),
            mt.Resize((columns, rows, -1), mode="trilinear", align_corners=False),
            scale[normalization],
        ]
    )
    return {modality: transposed(transform(path)) for modality, path in files.items()}


def torchio(files: dict[str, Path], matrix: tuple[int, int], normalization: str) -> Volumes:
    rows, columns = matrix
    scale = {"min_max": tio.RescaleIntensity((0, 1)), "z_score": tio.ZNormalization()}
    volumes = {}
    for modality, path in files.items():
        image = tio.ToOrientation("LPS")(tio.ScalarImage(path))
        # TorchIO interpolates whole numbers to whole numbers, cut off: up to 1 raw unit too low.
        image.set_data(image.data.float())
        # A new one each time: it remembers the slices of the first volume that it saw.
        resized = tio.Resize((columns, rows, -1))(image)
        volumes[modality] = transposed(scale[normalization](resized).data)
    return volumes


def transposed(image: torch.Tensor) -> NDArray[np.float32]:
    """(1, column, row, slice) to (slice, row, column)."""
    return np.asarray(image)[0].transpose(2, 1, 0).astype(np.float32)


def whole_step(files: dict[str, Path], matrix: tuple[int, int], normalization: str) -> Volumes:
    row = {"patient_id": "sub-1", "tumour": np.nan, **{m: str(p) for m, p in files.items()}}
    patient = resample_patient(row, Path("/"), Images(matrix=matrix))
    chosen = NORMALIZATIONS[normalization]
    return {
        m: chosen.map_for(patient.statistics[m], []).apply(volume)
        for m, volume in patient.volumes.items()
    }


LOOPS: dict[str, Prepare] = {
    "MONAI": monai,
    "TorchIO": torchio,
    "ours": ours,
    "ours, with mask and every statistic": whole_step,
}


def write_patient(folder: Path, number: int, slices: int) -> dict[str, Path]:
    """Three volumes of 320 x 320 pixels, int16, compressed as scanners' exports are."""
    random = np.random.default_rng(number)
    files = {}
    row, column = np.mgrid[-1:1:320j, -1:1:320j]
    head = (row / 0.9) ** 2 + (column / 0.7) ** 2 < 1
    for modality in MODALITIES:
        rough = random.normal(500, 150, (slices, 40, 40)).repeat(8, axis=1).repeat(8, axis=2)
        signal = head * rough + random.normal(0, 20, (slices, 320, 320))
        array = np.abs(signal).astype(np.int16).transpose(1, 0, 2)
        files[modality] = folder / f"sub-{number}_{modality}.nii.gz"
        grid = Geometry((0.75, 4.0, 0.75), (120.0, -110.0, -80.0), TURNED)
        write_image(to_image(array, grid), files[modality])
    return files


def largest_difference(one: Volumes, other: Volumes) -> float:
    return max(float(np.abs(one[m] - other[m]).max()) for m in MODALITIES)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speed of the preparation of patients.")
    parser.add_argument("--patients", type=int, default=6)
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--matrix", default="256x224", help="rows x columns")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    options = parse()
    rows, columns = map(int, options.matrix.split("x"))
    torch.set_num_threads(options.threads)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(options.threads)
    warnings.simplefilter("ignore")
    print("| normalization | loop | patients/s | of the processor | ratio | largest difference |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        patients = [
            write_patient(Path(folder), number, options.slices)
            for number in range(options.patients)
        ]
        for normalization in ("min_max", "z_score"):
            compare(patients, (rows, columns), normalization)


def compare(patients: list[dict[str, Path]], matrix: tuple[int, int], normalization: str) -> None:
    """Time every loop patient by patient, in turns; each loop's fastest patient counts.

    The ratio is that of processor time, which other work on the machine changes least.
    """
    seconds: dict[str, list[float]] = {name: [] for name in LOOPS}
    busy: dict[str, list[float]] = {name: [] for name in LOOPS}
    differences = dict.fromkeys(LOOPS, 0.0)
    for files in patients:
        reference = ours(files, matrix, normalization)
        for name, prepare in LOOPS.items():
            begin, busy_before = time.perf_counter(), time.process_time()
            volumes = prepare(files, matrix, normalization)
            seconds[name].append(time.perf_counter() - begin)
            busy[name].append(time.process_time() - busy_before)
            differences[name] = max(differences[name], largest_difference(reference, volumes))
    for name in LOOPS:
        ratio = min(busy[name]) / min(busy["ours"])
        speeds = [f"{1 / min(times):.2f}" for times in (seconds[name], busy[name])]
        cells = [normalization, name, *speeds, f"{ratio:.2f}"]
        print("| " + " | ".join([*cells, f"{differences[name]:.1e}"]) + " |")


if __name__ == "__main__":
    main()
