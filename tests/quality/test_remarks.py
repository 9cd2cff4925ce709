"""Outliers, and what is said of institutions and patients."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from gfce.quality.outliers import MIN_PATIENTS
from gfce.quality.remarks import listed, remarks
from gfce.quality.step import as_table


def row(patient: str, institution: str, modality: str, **values: Any) -> dict[str, Any]:
    return {
        "patient_id": patient,
        "institution": institution,
        "modality": modality,
        "fat_suppression": "no",
        **values,
    }


def cohort(answers: dict[str, str], modality: str = "ce") -> pd.DataFrame:
    """Two patients of each institution, with its answer about one modality."""
    return as_table(
        [
            row(f"sub-{name}{number}", name, modality, fat_suppression=answer)
            for name, answer in answers.items()
            for number in (1, 2)
        ]
    )


def texts(table: pd.DataFrame) -> list[str]:
    return [remark.text for remark in remarks(table)]


def test_institutions_that_disagree_about_ce() -> None:
    seven = {f"Institution-{n}": "no" if n in (1, 5) else "yes" for n in range(1, 8)}
    assert texts(cohort(seven)) == [
        "CE of Institution-1 and -5 is not fat-suppressed, that of the other five is: a pooled "
        "model cannot learn both"
    ]
    assert texts(cohort(dict.fromkeys(seven, "yes"))) == []


def test_who_cannot_be_judged_is_not_counted() -> None:
    table = cohort({"A": "no", "B": "yes", "C": "cannot say"}, "t2w")
    assert texts(table) == [
        "T2w of A is not fat-suppressed, that of B is: the networks see two kinds of input"
    ]
    assert texts(cohort({"A": "no", "C": "cannot say"})) == []


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["Site-1", "Site-2", "Site-3"], "Site-1, -2 and -3"),
        (["Site-1", "North-2"], "Site-1 and North-2"),
    ],
)
def test_names_in_a_sentence(names: list[str], sentence: str) -> None:
    assert listed(names) == sentence


def test_a_patient_unlike_the_institution() -> None:
    rows = [row(f"sub-{n}", "A", "ce", fat_suppression="yes") for n in range(4)]
    table = as_table([*rows, row("sub-9", "A", "ce")])
    [remark] = remarks(table)
    assert remark.text == "sub-9 (A): CE is not fat-suppressed, unlike the institution's others"
    assert remark.patients == ("sub-9",)


def test_a_copy_of_t1w_is_named() -> None:
    table = as_table([row("sub-1", "A", "ce", enhancement_spread=0.01)])
    assert texts(table) == ["sub-1 (A): CE is T1w with other gray levels: is it the right series?"]


def measured(count: int, **last: float) -> pd.DataFrame:
    usual = {"snr": 30.0, "slice_mm": 4.0, "head_p50": 500.0}
    rows = [
        row(f"sub-{n}", "A", "t1w", **{k: v * (1 + 0.01 * n) for k, v in usual.items()})
        for n in range(count - 1)
    ]
    return as_table([*rows, row("sub-last", "A", "t1w", **{**usual, **last})])


def test_outliers_are_named() -> None:
    table = measured(8, snr=3.0, slice_mm=7.0)
    assert table["outlier"].tolist() == [""] * 7 + ["slice_mm;snr"]
    assert texts(table) == ["sub-last (A): unlike the institution's others: T1w slice_mm, snr"]


def test_usual_patients_and_small_institutions_have_none() -> None:
    assert set(measured(8)["outlier"]) == {""}
    assert set(measured(MIN_PATIENTS - 1, snr=3.0)["outlier"]) == {""}
    assert measured(MIN_PATIENTS, snr=1.0)["outlier"].iloc[-1] == "snr"


def test_intensities_are_compared_by_their_ratio() -> None:
    assert set(measured(8, head_p50=700.0)["outlier"]) == {""}
    assert measured(8, head_p50=5000.0)["outlier"].iloc[-1] == "head_p50"
