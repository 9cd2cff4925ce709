"""Scores that came from elsewhere are those that the hospital would have as a part of the study."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from frictionless import Package
from two_hospitals import (
    AT_D,
    AT_HOME,
    BEFORE_TABLES,
    CELL,
    LEFT_OUT,
    STATISTICS,
    copied,
    evaluation,
    gfce,
    pseudonym,
    run,
    write_hospitals,
    write_study,
)

from gfce.config import load_config
from gfce.provenance.state import Provenance
from gfce.statistics.questions import TUMOURS
from gfce.steps import Task, tasks
from gfce.study import Results, find_cell

UNMADE = ("figures", "quality", "distances", "fingerprint", "report", "pack")
"""Steps that no hospital of these tests does."""
KINDS = ("metrics.csv", "tables/*", "statistics/*")


def due(config: Path) -> dict[str, str]:
    study = load_config(config)
    state = Provenance(study)
    made = [task for task in tasks(study) if task.step not in UNMADE]
    return {str(task): reason for task in made if (reason := state.reason(task))}


def tables(results: Results) -> dict[str, bytes]:
    return {
        path.relative_to(results.root).as_posix(): path.read_bytes()
        for kind in KINDS
        for path in sorted(results.root.glob(kind))
    }


def findings(results: Results) -> list[str]:
    """The findings but for those of images: the scorecard and distances."""
    sections = results.findings.read_text(encoding="utf-8").split("\n## ")
    lines = [line for text in sections if TUMOURS.heading not in text for line in text.splitlines()]
    return [line for line in lines if "against distance" not in line]


def test_tables_and_tests_are_those_of_a_study_with_the_hospital(
    merged_original: Path, tmp_path: Path
) -> None:
    """Whose patients are called by their pseudonyms: then all is the same, to the byte.

    But for what is made of images: a bundle brings scores alone (docs/bundle.md).
    """
    folder = tmp_path / "all four"
    folder.mkdir()
    names = {patient: pseudonym(patient) for patient in AT_D}
    write_hospitals(folder / "data", AT_HOME | {LEFT_OUT: "A"} | AT_D, names)
    together = run(write_study(folder, ["D"]), *BEFORE_TABLES, *STATISTICS)
    expected, found = tables(together), tables(Results(load_config(merged_original)))
    different = {name for name in found if found[name] != expected.get(name)}
    of_images = ("distance_effect.csv", "distance_effect_institutions.csv", "scorecard.csv")
    assert different == {f"statistics/{name}" for name in (*of_images, "findings.md")}
    merged = Results(load_config(merged_original))
    assert findings(merged) == findings(together)
    assert found.keys() == expected.keys()
    assert len(found) > 20
    scored = pd.read_csv(together.metrics)
    assert set(scored.loc[scored["institution"] == "D", "patient_id"]) == set(names.values())
    assert set(scored["region"]) == {"volume", "foreground", "tumour"}


def test_tables_are_due_after_a_merge_and_nothing_else(home: Path, rows: Path) -> None:
    before = tables(Results(load_config(home)))
    assert due(home) == {}
    gfce("merge", home, rows)
    assert due(home) == {
        "tabulate": "input scores of D added",
        "compare": "follows tabulate",
    }
    run(home, *STATISTICS)
    assert due(home) == {}
    assert tables(Results(load_config(home))) != before


def test_without_the_folder_all_is_as_before(original: Path, merged: Path) -> None:
    results = Results(load_config(merged))
    shutil.rmtree(results.remote / "D")
    assert due(merged)["tabulate"] == "input scores of D removed"
    run(merged, *STATISTICS)
    assert tables(results) == tables(Results(load_config(original)))


def test_the_data_package_describes_merged_rows(merged_original: Path) -> None:
    results = Results(load_config(merged_original))
    report = Package(str(results.datapackage)).validate()
    assert report.valid, report.to_summary()
    named = {resource.path for resource in Package(str(results.datapackage)).resources}
    files = ("metrics", "baselines", "patients", "exclusions")
    assert {f"remote/D/{name}.csv" for name in files} <= named


def test_rows_of_a_model_that_was_trained_anew_are_left_out_with_a_reason(
    merged: Path, tmp_path: Path
) -> None:
    results = Results(load_config(merged))
    other = find_cell(load_config(merged), CELL.replace("tri", "uni-A"))
    weights = shutil.copy(results.weights(other), tmp_path / "start.safetensors")
    gfce("train", merged, CELL, "--init", weights)
    for step in ("predict", "evaluate"):
        gfce(step, merged, CELL)
    assert Task("tabulate") in map(Task, due(merged))
    run(merged, *STATISTICS)
    metrics = pd.read_csv(results.metrics)
    of_cell = metrics[(metrics["normalization"] == "z_score") & (metrics["training_set"] == "tri")]
    assert set(of_cell["institution"]) == {"A", "B", "C"}
    assert "D" in set(metrics["institution"])
    missing = pd.read_csv(results.table("missing", "csv"))
    [reason] = missing.loc[missing["table"] == "metrics", "reason"]
    assert reason == "merged rows are left out: input weights.safetensors changed"
    empty = missing[(missing["model"] == "Tri-Z") & (missing["testing"] == "D")]
    assert "no scored patient in this institution" in set(empty["reason"])


def test_rows_that_were_changed_after_the_merge_are_left_out(merged: Path) -> None:
    results = Results(load_config(merged))
    path = results.remote / "D" / "metrics.csv"
    path.write_text(path.read_text().replace("volume", "foreground"))
    assert due(merged)["tabulate"] == "input scores of D changed"
    run(merged, *STATISTICS)
    assert set(pd.read_csv(results.metrics)["institution"]) == {"A", "B", "C"}
    missing = pd.read_csv(results.table("missing", "csv"))
    reasons = set(missing.loc[missing["table"] == "metrics", "reason"])
    assert reasons == {"merged rows are left out: metrics.csv is not as it was merged"}


def test_a_part_of_the_models(home: Path, dataset: Path, tmp_path: Path) -> None:
    """What is not in the bundle is empty, with a reason."""
    gfce("bundle", home, "-o", tmp_path / "tri.zip", "--cells", "*/tri/*")
    gfce(*evaluation(tmp_path / "tri.zip", dataset, tmp_path / "tri-rows"))
    gfce("merge", home, tmp_path / "tri-rows")
    run(home, *STATISTICS)
    results = Results(load_config(home))
    metrics = pd.read_csv(results.metrics)
    assert set(metrics.loc[metrics["institution"] == "D", "model"]) == {"Tri-M", "Tri-Z"}
    missing = pd.read_csv(results.table("missing", "csv"))
    rows = missing[missing["table"] == "metrics"]
    assert len(rows) == 6
    assert set(rows["testing"]) == {"D"}
    assert set(rows["reason"]) == {
        "merged rows are left out: is not in the bundle that was evaluated"
    }


def test_the_same_inputs_give_the_same_bytes(
    home: Path, bundle: Path, dataset: Path, sent: Path, tmp_path: Path
) -> None:
    gfce("bundle", copied(home, tmp_path / "elsewhere"), "-o", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    again = tmp_path / "rows-again"
    gfce(*evaluation(tmp_path / "again.zip", dataset, again, "--workers", 2))
    for path in sorted(sent.iterdir()):
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
