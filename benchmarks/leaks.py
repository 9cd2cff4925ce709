"""How fast the leak guard is, and which second exports of a patient it recognises.

Run: python benchmarks/leaks.py speed [--patients 300]
     python benchmarks/leaks.py detect DATASET [--real FOLDER] [--every 12] [--workers 1]

`speed`: signatures of random heads (256 x 256 x 40), all pairs coarsely, and the alignment of the
nearest. `detect`: every patient of a simulated BIDS dataset (seed 2022)
and of a folder with manifest.csv is compared with all others: the scores of different persons. Then
each n-th patient is exported again in many ways (a row of the table each) and looked for among all:
found means that the pair is one of those that are aligned, and scores SAME_HEAD or more.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

if __name__ == "__main__":
    # The repository in the place of this folder, whose statistics.py would hide Python's own.
    sys.path[0] = str(Path(__file__).parents[1])

import numpy as np
import pandas as pd
from scipy import ndimage

from gfce.cohort.bids import anat_path
from gfce.cohort.leaks.contrast import rank_correlation, swap_margins
from gfce.cohort.leaks.likeness import NEIGHBOURS, align, coarse_scores, compare, nearest_pairs
from gfce.cohort.leaks.signatures import Signature, signature
from gfce.cohort.leaks.step import SAME_HEAD
from gfce.images.arrays import Geometry, Volume
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import orient, to_array
from gfce.phantom import read_protocols, simulate_patient

RNG = np.random.default_rng(1)


@dataclass(frozen=True)
class Exam:
    """Volumes of a patient and their voxel size in mm, both (slice, row, column)."""

    volumes: list[Volume]
    spacing: tuple[float, ...]


Change: TypeAlias = Callable[[Exam], Exam]


def read_exam(paths: Sequence[Path]) -> Exam:
    images = [orient(read_image(path)) for path in paths]
    return Exam([to_array(image) for image in images], Geometry.of(images[0]).spacing[::-1])


def voxelwise(change: Callable[[Volume], Volume]) -> Change:
    return lambda exam: replace(exam, volumes=[change(v).astype(np.float32) for v in exam.volumes])


def top(volume: Volume) -> float:
    return float(np.percentile(volume, 99))


def noise(share: float) -> Change:
    """Rician noise; its SD is a share of the 99th percentile."""

    def add(volume: Volume) -> Volume:
        sd = share * top(volume)
        shape = volume.shape
        return np.hypot(volume + RNG.normal(0, sd, shape), RNG.normal(0, sd, shape))

    return voxelwise(add)


def gamma(power: float) -> Change:
    return voxelwise(lambda v: 1000 * ((v - v.min()) / np.ptp(v)) ** power)


def window(volume: Volume) -> Volume:
    low, high = np.percentile(volume[volume > 0.05 * top(volume)], (5, 95))
    return np.floor(255 * np.clip((volume - low) / (high - low), 0, 1))


def bias(strength: float) -> Change:
    def shade(volume: Volume) -> Volume:
        z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in volume.shape], indexing="ij")
        return volume * (1 + strength * (0.6 * x + 0.6 * y - 0.5 * x * z))

    return voxelwise(shade)


def move(
    degrees: Sequence[float] = (0, 0, 0), mm: Sequence[float] = (0, 0, 0), size: float = 1.0
) -> Change:
    """Turn around the axes (slice, row, column), shift and grow the head."""
    turn = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(degrees)):
        i, j = (other for other in range(3) if other != axis)
        one = np.eye(3)
        one[i, i] = one[j, j] = np.cos(angle)
        one[i, j], one[j, i] = -np.sin(angle), np.sin(angle)
        turn = turn @ one

    def change(exam: Exam) -> Exam:
        spacing = np.asarray(exam.spacing)
        centre = (np.asarray(exam.volumes[0].shape) - 1) / 2 * spacing
        matrix = turn / size
        offset = (centre - matrix @ (centre + np.asarray(mm))) / spacing
        matrix = np.diag(1 / spacing) @ matrix @ np.diag(spacing)
        moved = [ndimage.affine_transform(v, matrix, offset, order=1) for v in exam.volumes]
        return replace(exam, volumes=moved)

    return change


def crop(low: float = 0, high: float = 0, sides: float = 0) -> Change:
    """Leave out a share of the slices below and above, and of rows and columns on each side."""

    def cut(volume: Volume) -> Volume:
        n, rows, columns = volume.shape
        r, c = int(sides * rows), int(sides * columns)
        return volume[round(low * n) : n - round(high * n), r : rows - r, c : columns - c]

    return voxelwise(cut)


def zoom(factor: float) -> Change:
    """Other pixels in the slices."""

    def change(exam: Exam) -> Exam:
        old = exam.volumes[0].shape
        factors = (1, factor, factor)
        new = [
            ndimage.zoom(v, factors, order=1, grid_mode=True, mode="nearest") for v in exam.volumes
        ]
        lengths = zip(exam.spacing, old, new[0].shape, strict=True)
        return Exam(new, tuple(step * was / now for step, was, now in lengths))

    return change


def thicker(exam: Exam) -> Exam:
    even = len(exam.volumes[0]) // 2 * 2
    new = [(v[:even:2] + v[1:even:2]) / 2 for v in exam.volumes]
    return Exam(new, (2 * exam.spacing[0], *exam.spacing[1:]))


def blur(exam: Exam) -> Exam:
    return voxelwise(lambda v: ndimage.gaussian_filter(v, [2 / s for s in exam.spacing]))(exam)


def deface(volume: Volume) -> Volume:
    return np.where(np.arange(volume.shape[1])[:, None] < volume.shape[1] // 3, 0, volume)


def chain(*changes: Change) -> Change:
    def change(exam: Exam) -> Exam:
        for one in changes:
            exam = one(exam)
        return exam

    return change


CHANGES: dict[str, Change] = {
    "none": lambda exam: exam,
    "noise 5 %": noise(0.05),
    "noise 10 %": noise(0.1),
    "noise 20 %": noise(0.2),
    "scale 0.3 and offset 20 %": voxelwise(lambda v: 0.3 * v + 0.2 * top(v)),
    "gamma 0.6": gamma(0.6),
    "gamma 1.7": gamma(1.7),
    "8 bit, 5 to 95 % window": voxelwise(window),
    "gray values inverted": voxelwise(lambda v: v.max() - v),
    "bias field 40 %": bias(0.4),
    "bias field 80 %": bias(0.8),
    "blurred (SD 2 mm)": blur,
    "shift 2 mm": move(mm=(2, 2, 2)),
    "shift 6, 10, 8 mm": move(mm=(6, -10, 8)),
    "turn 3 degrees": move((3, -3, 3)),
    "turn 6 degrees": move((6, -6, 6)),
    "turn 10 degrees in the slice": move((10, 0, 0)),
    "nod 10 degrees": move((0, 0, 10)),
    "size 3 %": move(size=1.03),
    "size 6 %": move(size=1.06),
    "a tenth of the slices cut": crop(0.1),
    "a quarter cut": crop(0.25),
    "two fifths cut": crop(0, 0.4),
    "sides cut by 10 % each": crop(sides=0.1),
    "sides cut by 20 % each": crop(sides=0.2),
    "front third removed": voxelwise(deface),
    "pixels x 1.4": zoom(0.7),
    "pixels x 0.7": zoom(1.4),
    "slices twice as thick": thicker,
    "left and right exchanged": voxelwise(lambda v: v[:, :, ::-1]),
    "voxel size lost (1 mm)": lambda exam: replace(exam, spacing=(1.0, 1.0, 1.0)),
    "noise 4 %, gamma, bias, 2 degrees, 3 mm, crop, pixels": chain(
        noise(0.04), gamma(0.8), bias(0.3), move((2, -2, 2), (3, -2, 2)), crop(0.1), zoom(0.8)
    ),
    "noise 8 %, gamma, bias, 4 degrees, 6 mm, crop, pixels": chain(
        noise(0.08),
        gamma(0.7),
        bias(0.5),
        move((4, -4, 4), (6, -5, 4)),
        crop(0.15, 0.05),
        zoom(0.7),
    ),
}
"""Second exports of the same images."""
SECOND_SCANNERS = ("Institution-4", "Institution-5", "Institution-7")
"""Where a simulated patient is examined again: other contrast, coils, noise and slices."""


def second_exams(patient: str, institution: str) -> Iterator[tuple[str, Exam]]:
    """The same simulated person in another institution's scanner, lying the same and turned."""
    protocols = read_protocols()
    index = int(re.findall(r"\d+", patient)[-1]) - 1
    for other in SECOND_SCANNERS:
        if other != institution:
            protocol = replace(protocols[other], name=institution)
            scan = simulate_patient(protocol, seed=2022, index=index, coarsening=3, slices=20)
            volumes = [scan.images[m].astype(np.float32) for m in MODALITIES]
            exam = Exam(volumes, scan.spacing[::-1])
            yield "another scanner", exam
            yield "another scanner, 4 degrees, 5 mm", move((4, -4, 4), (5, 5, 5))(exam)


@dataclass(frozen=True)
class Person:
    """Where a patient's volumes are."""

    name: str
    institution: str
    paths: list[Path]
    real: bool


def people(dataset: Path, real: Path | None) -> list[Person]:
    table = pd.read_csv(dataset / "participants.tsv", sep="\t")
    found = [
        Person(
            name,
            institution,
            [dataset / f"{anat_path(name, MODALITIES[m].suffix)}.nii.gz" for m in MODALITIES],
            False,
        )
        for name, institution in zip(table["participant_id"], table["institution"], strict=True)
    ]
    if real is not None:
        with (real / "manifest.csv").open() as file:
            for row in csv.DictReader(file):
                paths = [real / row[m] for m in MODALITIES]
                found.append(Person(row["patient"], row["institution"], paths, True))
    return found


def sign(person: Person) -> tuple[Signature, float]:
    exam = read_exam(person.paths)
    mark = signature(exam.volumes, exam.spacing)
    assert mark is not None
    return mark, rank_correlation(exam.volumes[0], exam.volumes[2])


def export_again(person: Person) -> list[tuple[str, Signature | None]]:
    exam = read_exam(person.paths)
    found = [(name, change(exam)) for name, change in CHANGES.items()]
    if not person.real:
        found += second_exams(person.name, person.institution)
    return [(name, signature(one.volumes, one.spacing)) for name, one in found]


def look_for(
    marks: list[Signature], own: Sequence[int], again: Sequence[Signature]
) -> list[tuple[int, float]]:
    """Of each second export: how many others are nearer than its patient; the score with him."""
    scores, shifts = coarse_scores([*marks, *again])
    count, answers = len(marks), []
    for number, (patient, mark) in enumerate(zip(own, again, strict=True), start=count):
        row = scores[number, :count]
        score = align(marks[patient], mark, shifts[number, patient]).max()
        answers.append((int((row > row[patient]).sum()), float(score)))
    return answers


def detect(dataset: Path, real: Path | None, every: int, workers: int) -> None:
    persons = people(dataset, real)
    with ProcessPoolExecutor(workers) as pool:
        signed = list(pool.map(sign, persons, chunksize=4))
        marks = [mark for mark, _ in signed]
        different(persons, signed, workers)
        chosen = [n for n, person in enumerate(persons) if person.real or n % every == 0]
        exports = list(pool.map(export_again, [persons[n] for n in chosen]))
    seen = [
        (number, name, mark)
        for number, found in zip(chosen, exports, strict=True)
        for name, mark in found
        if mark is not None
    ]
    results: dict[tuple[str, bool], list[tuple[int, float]]] = {}
    answers = look_for(marks, [number for number, _, _ in seen], [mark for _, _, mark in seen])
    for (number, name, _), answer in zip(seen, answers, strict=True):
        results.setdefault((name, persons[number].real), []).append(answer)
    print("\n| second export | simulated: found | lowest score | real: found | lowest score |")
    print("|---|---|---|---|---|")
    for name in dict.fromkeys(name for name, _ in results):
        cells = [cell for kind in (False, True) for cell in summary(results.get((name, kind), []))]
        print("| " + " | ".join([name, *cells]) + " |")


def summary(answers: list[tuple[int, float]]) -> list[str]:
    if not answers:
        return ["", ""]
    found = sum(rank < NEIGHBOURS and score >= SAME_HEAD for rank, score in answers)
    return [f"{found} of {len(answers)}", f"{min(score for _, score in answers):.2f}"]


def different(persons: list[Person], signed: list[tuple[Signature, float]], workers: int) -> None:
    """Scores of different persons, ranks of T1w and CE, and margins of the modalities' names."""
    for title, real in (("simulated", False), ("real", True)):
        chosen = [n for n, person in enumerate(persons) if person.real == real]
        if not chosen:
            continue
        marks = [signed[n][0] for n in chosen]
        scores = [pair.correlations.max() for pair in compare(marks, workers)]
        print(f"{title}: {len(chosen)} patients, {len(scores)} nearest pairs of different persons")
        print(quantiles("  likeness", scores))
        print(quantiles("  rank correlation T1w, CE", [signed[n][1] for n in chosen]))
        institutions = [persons[n].institution for n in chosen]
        margins = swap_margins([mark.features for mark in marks], institutions, list(MODALITIES))
        for (a, b), values in margins.items():
            known = values[~np.isnan(values)]
            if len(known):
                print(quantiles(f"  margin of {a}, {b} ({len(known)})", known))


def quantiles(what: str, values: Sequence[float] | np.ndarray) -> str:
    levels = np.quantile(values, (0, 0.01, 0.5, 0.99, 1))
    named = zip(("lowest", "1 %", "median", "99 %", "highest"), levels, strict=True)
    return f"{what}: " + ", ".join(f"{name} {level:.3f}" for name, level in named)


def speed(patients: int, workers: int) -> None:
    volumes = [RNG.random((40, 256, 256), dtype=np.float32) for _ in MODALITIES]
    row, column = np.mgrid[-1:1:256j, -1:1:256j]
    head = (row / 0.8) ** 2 + (column / 0.6) ** 2 < 1
    volumes = [ndimage.gaussian_filter(v, (1, 6, 6)) * head for v in volumes]
    begin = time.perf_counter()
    for number in range(10):
        one = signature([np.roll(v, number, axis=0) for v in volumes], (4.0, 0.85, 0.85))
    assert one is not None
    print(f"signature: {(time.perf_counter() - begin) / 10 * patients:.1f} s for {patients}")
    marks = []
    for _ in range(patients):
        noisy = ndimage.gaussian_filter(RNG.normal(size=one.features.shape), (0, 1.5, 1.5, 1.5))
        noisy = (one.features + 8 * noisy) * one.head
        marks.append(Signature((noisy / noisy[:, one.head].std()).astype(np.float32), one.head))
    begin = time.perf_counter()
    scores, _ = coarse_scores(marks)
    print(f"all {patients * (patients - 1) // 2} pairs: {time.perf_counter() - begin:.1f} s")
    pairs = nearest_pairs(scores)
    begin = time.perf_counter()
    compare(marks, workers)
    seconds = time.perf_counter() - begin
    print(f"the same and {len(pairs)} alignments, {workers} workers: {seconds:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and sensitivity of the leak guard.")
    parser.add_argument("what", choices=["speed", "detect"])
    parser.add_argument("dataset", type=Path, nargs="?", help="simulated BIDS dataset")
    parser.add_argument("--real", type=Path, help="folder with manifest.csv")
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.patients, options.workers)
    elif options.dataset is None:
        parser.error("detect: name a simulated dataset")
    else:
        detect(options.dataset, options.real, options.every, options.workers)


if __name__ == "__main__":
    main()
