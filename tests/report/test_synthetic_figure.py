"""Figure 3: what is enlarged and outlined, and that it is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from gfce.config import StudyConfig
from gfce.report.drawing import draw_figure
from gfce.report.figures.figure3 import PROPORTION, Patient, draw_patients
from gfce.report.regions import SMALLEST_MM, head_region, tumour_region
from gfce.study import Results


def disc(rows: int, columns: int, middle: tuple[int, int], radius: float) -> np.ndarray:
    row, column = np.mgrid[:rows, :columns]
    return (row - middle[0]) ** 2 + (column - middle[1]) ** 2 <= radius**2


def patient(tumour: np.ndarray | None) -> Patient:
    image = disc(60, 40, (30, 20), 15).astype(np.float32)
    return Patient(
        name="D\nsub-01",
        pixel=(2.0, 3.0),
        head=head_region(image > 0, (2.0, 3.0), PROPORTION),
        tumour=tumour,
        images=[image] * 4,
        limits=[(0.0, 1.0)] * 4,
        errors=[image],
        maes=[0.0123],
    )


def test_a_part_is_around_what_it_shows_in_true_proportions() -> None:
    head, pixel = disc(60, 40, (30, 20), 15), (2.0, 3.0)
    region = head_region(head, pixel, PROPORTION)
    assert region.height / region.width == pytest.approx(PROPORTION)
    assert region.left < 5 * 3 and region.left + region.width > 36 * 3
    assert region.top < 15 * 2 and region.top + region.height > 46 * 2
    small = tumour_region(disc(60, 40, (30, 20), 1), pixel, 1.0)
    assert (small.width, small.height) == (SMALLEST_MM, SMALLEST_MM)
    assert small.left + small.width / 2 == pytest.approx(20.5 * 3)
    assert small.top + small.height / 2 == pytest.approx(30.5 * 2)


def test_the_tumour_is_enlarged_and_outlined_where_there_is_a_mask() -> None:
    titles = ["T1w", "T2w", "CE", "Tri-M"]
    without = draw_patients([patient(None)], titles)
    with_one = draw_patients([patient(disc(60, 40, (25, 20), 4))], titles)
    bar = 1
    assert len(without.axes) == 4 + 1 + bar
    assert len(with_one.axes) == 4 + 4 + 1 + bar
    outlined = [
        axes for axes in with_one.axes if any("Contour" in str(c) for c in axes.collections)
    ]
    assert len(outlined) == 2 + 4 + 1  # CE and synthetic, all enlarged, the error
    assert "MAE 12.3" in [axes.get_xlabel() for axes in without.axes]


def test_it_is_the_same_each_time(finished: StudyConfig) -> None:
    paths = [Results(finished).figure("figure3", kind) for kind in ("png", "svg")]
    before = [path.read_bytes() for path in paths]
    draw_figure(finished, "figure3")
    assert [path.read_bytes() for path in paths] == before
