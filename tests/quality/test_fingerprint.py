"""Fingerprints of training patients."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import pytest
from provenance.conftest import study_in
from provenance.pretending import due, pretend, pretend_all, steps, write_all

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import write_json
from gfce.provenance.performing import perform
from gfce.quality.fingerprint import Fingerprint, fingerprint_of, margin, read_fingerprint
from gfce.quality.fingerprint_step import write_fingerprints
from gfce.quality.step import quality
from gfce.steps import Task
from gfce.study import Results, cells, read_training_set

NAN = float("nan")


def row(institution: str, modality: str = "t1w", **values: Any) -> dict[str, Any]:
    heads = {"head_p25": 80.0, "head_p50": 100.0, "head_p75": 120.0, "head_p95": 250.0}
    place = {"row_mm": 0.5, "column_mm": 0.5, "slice_mm": 4.0, "snr": 30.0}
    fov = {"fov_rows_mm": 240.0, "fov_columns_mm": 210.0}
    shared = {"institution": institution, "modality": modality, "fat_suppression": "no"}
    return {**shared, **heads, **place, **fov, **values}


def test_ranges_and_the_spread_within_institutions() -> None:
    rows = [row("A", snr=20.0), row("A", snr=30.0), row("B", snr=80.0), row("B", snr=120.0)]
    found = fingerprint_of(rows, [1.5, 1.5, 3.0, NAN])
    snr = found.ranges["t1w"]["snr"]
    assert (snr.patients, snr.least, snr.largest) == (4, 20, 120)
    # Each institution's two logarithms lie log(1.5) / 2 from their mean; two degrees of freedom.
    assert snr.log_sd == pytest.approx(log(1.5) / 2**0.5)
    assert margin("snr", snr) == pytest.approx(3 * snr.log_sd)
    assert margin("row_mm", found.ranges["t1w"]["row_mm"]) == pytest.approx(log(1.1))
    assert found.ranges["t1w"]["p75_over_p50"].least == pytest.approx(1.2)
    assert (found.patients, found.field_strength_t) == (4, {1.5: 2, 3.0: 1})
    assert found.fat_suppression == {"t1w": {"no": 4}, "t2w": {}}


def test_what_is_not_known_is_left_out() -> None:
    rows = [row("A", row_mm=NAN, snr=NAN, head_p50=0.0), row("A", "t2w", fat_suppression="yes")]
    found = fingerprint_of(rows, [NAN])
    assert not {"row_mm", "snr", "p95_over_p50"} & found.ranges["t1w"].keys()
    # The grid is of both inputs, and told once.
    assert set(found.ranges["t2w"]) == {"p25_over_p50", "p75_over_p50", "p95_over_p50", "snr"}
    assert found.field_strength_t == {}
    assert found.fat_suppression["t2w"] == {"yes": 1}


def test_each_models_folder_tells_of_its_own_training(study: StudyConfig) -> None:
    quality(study)
    write_fingerprints(study)
    results = Results(study)
    for cell in cells(study):
        text = results.fingerprint(cell).read_text()
        found = read_fingerprint(results.fingerprint(cell))
        assert found.patients == len(read_training_set(results, cell.training_set))
        assert found.field_strength_t == {3.0: found.patients}
        assert {each.patients for each in found.ranges["t1w"].values()} == {found.patients}
        assert found.ranges["t1w"]["row_mm"].least == pytest.approx(1.5)
        assert found.ranges["t1w"]["column_mm"].least == pytest.approx(2.0)
        assert "sub-" not in text
        assert str(study.cohort.dataset) not in text
    before = [results.fingerprint(cell).read_bytes() for cell in cells(study)]
    write_fingerprints(study)
    assert [results.fingerprint(cell).read_bytes() for cell in cells(study)] == before


def test_a_finished_study_of_before_lacks_it_and_nothing_else(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    pretend_all(config)
    results = Results(config)
    weights = [results.weights(cell) for cell in cells(config)]
    assert all(path.exists() for path in weights)
    results.record("fingerprint").unlink()
    for cell in cells(config):
        results.fingerprint(cell).unlink()
    assert due(config) == {
        Task("fingerprint"): "not made yet",
        Task("pack"): "input fingerprint removed",  # the list of all files
    }
    # Fewer cells: the files of the others go, their models stay.
    pretend(config)
    less = study_in(tmp_path, grid={"normalizations": ["min_max"]})
    perform(less, Task("fingerprint"), lambda _: write_all(less, Task("fingerprint")))
    left = {cell for cell in cells(config) if results.fingerprint(cell).exists()}
    assert left == set(cells(less))
    assert all(path.exists() for path in weights)


def test_what_makes_it_due(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    pretend_all(config)
    assert "fingerprint" not in steps(due(study_in(tmp_path, training={"epochs": 2})))
    assert "fingerprint" in steps(due(study_in(tmp_path, images={"matrix": [48, 40]})))
    path = config.cohort.dataset / "sub-A1" / "anat" / "sub-A1_T1w.json"
    write_json({"MagneticFieldStrength": 1.5}, path)
    perform(config, Task("index"), lambda _: index(config))
    assert due(config)[Task("fingerprint")] == "input the field strengths changed"


GOOD = fingerprint_of([row("A"), row("A", "t2w")], [3.0]).model_dump()
DAMAGED = {
    "cut": json.dumps(GOOD)[:-3],
    "no number": json.dumps({**GOOD, "patients": "many"}),
    "nan": json.dumps(GOOD).replace("240.0", "NaN"),
    "negative": json.dumps(GOOD).replace("240.0", "-1"),
    "more": json.dumps({**GOOD, "names": ["Doe"]}),
    "list": "[]",
    "binary": "\0",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_one_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fingerprint.json"
    path.write_text(json.dumps(GOOD))
    assert read_fingerprint(path) == Fingerprint.model_validate(GOOD)
    path.write_text(text)
    with pytest.raises(UserError, match=r"^fingerprint.json is damaged or of another version"):
        read_fingerprint(path)
