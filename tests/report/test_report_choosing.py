"""Which patients the viewer shows, and how many slices there is room for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from cohorts import Configure

from gfce.report.page.choosing import Case, chosen, judge
from gfce.report.page.fitting import FEWEST, QUALITIES, Fitted, fitting, picked
from gfce.report.page.gray import Pictures
from gfce.report.page.study import ReportedStudy

PAPER = (40, 256, 224)
MODELS = 8


class Indexed(ReportedStudy):
    """A study whose patients are given."""

    patients = pd.DataFrame(
        {"patient_id": [f"p{n}" for n in range(6)], "institution": ["A", *"DDDDD"]}
    )


def scores(model: str, maes: dict[str, float], **others: Any) -> pd.DataFrame:
    row = {
        "model": model,
        "region": "volume",
        "scaling": "reference",
        "cohort": "external",
        "n_voxels": 9,
    }
    return pd.DataFrame([{**row, "patient_id": p, "mae": v, **others} for p, v in maes.items()])


def test_the_first_pooled_models_errors_choose(configure: Configure) -> None:
    study = Indexed(configure(cohort={"development": ["A"], "external": ["D"]}), {})
    assert judge(study).label == "Uni-m1"
    pooled = Indexed(configure(), {})
    assert judge(pooled).label == "Tri-M"
    metrics = pd.concat(
        [
            scores("Uni-m1", {"p1": 0.1, "p2": 0.9}),
            scores("Tri-M", {"p1": 0.5, "p2": 0.2, "p3": 0.3, "p4": 0.4, "p5": np.nan}),
            scores("Tri-M", {"p3": 0.5}, seed=2),  # mean over seeds: 0.4
            scores("Tri-M", {"elsewhere": 0.01}),
            scores("Tri-M", {"p0": 0.001}, cohort="internal"),
            scores("Tri-M", {"p4": 0.0}, scaling="separate"),
        ]
    )
    found = chosen(pooled, metrics)
    assert [case.patient_id for case in found] == ["p3", "p2", "p1"]
    assert found[0].reasons == ("median MAE of Tri-M among 4 external patients",)
    assert found[2].reasons[0].startswith("largest MAE")


def test_without_external_patients_internal_ones_are_chosen(configure: Configure) -> None:
    study = Indexed(configure(), {})
    found = chosen(study, scores("Tri-M", {"p0": 0.3}, cohort="internal"))
    assert [case.patient_id for case in found] == ["p0"]
    assert len(found[0].reasons) == 3


@pytest.mark.parametrize("most", range(1, 12))
@pytest.mark.parametrize("first", [0, 4, 9])
def test_slices_are_evenly_spaced_and_the_first_is_among_them(most: int, first: int) -> None:
    numbers = picked(10, first, most)
    assert numbers == sorted(set(numbers))
    assert first in numbers
    assert len(numbers) == min(most, 10)
    assert np.diff([-1, *numbers, 10]).max() <= max(2, 2 * 10 / most)


def example(shape: tuple[int, ...] = PAPER, models: int = MODELS, seed: int = 0) -> Pictures:
    """Heads with noise, which is the hardest to compress of what a scanner gives."""
    generator = np.random.default_rng(seed)
    row, column = np.mgrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    head = 120 * ((row / 0.9) ** 2 + (column / 0.8) ** 2 < 1) * (1.2 + np.sin(9 * row + 7 * column))
    volume = np.clip(head + generator.normal(0, 6, shape), 0, 255).astype(np.uint8)
    names = ["t1w", "t2w", "ce", *(f"model {n}" for n in range(models))]
    return Pictures(Case("p", "D", ()), dict.fromkeys(names, volume), 0.9, shape[0] // 2, 0.9)


def taken(fitted: Fitted) -> int:
    return sum(len(t) for p in fitted.patients for texts in p.values() for t in texts)


def test_the_papers_study_fits_into_its_page() -> None:
    """Seven patients of 40 slices and eight models, in what figures and tables leave of 24 MB."""
    shown = [example(seed=n) for n in range(7)]
    fitted = fitting(shown, room=14e6)
    assert len(fitted.patients) == 7
    assert fitted.quality == QUALITIES[-1]
    assert FEWEST <= fitted.most < 40
    assert 0.7 * 14e6 < taken(fitted) <= 14e6


def test_a_small_study_has_every_slice_in_the_best_quality() -> None:
    fitted = fitting([example((16, 96, 84))] * 6, room=14e6)
    assert (len(fitted.patients), fitted.most, fitted.quality) == (6, 16, QUALITIES[0])
    assert all(len(texts) == 16 for p in fitted.patients for texts in p.values())


def test_fewer_patients_rather_than_fewer_slices() -> None:
    shown = [example((16, 96, 84), models=2)] * 6
    one = taken(fitting(shown[:1], room=1e9)) / 16
    fitted = fitting(shown, room=FEWEST * one)
    assert 0 < len(fitted.patients) < 6
    assert fitted.most >= FEWEST
    assert taken(fitted) <= FEWEST * one
    assert fitting(shown, room=100).patients == []
    assert fitting(shown, room=-1e6).patients == []
