"""Rows that a study must not take are refused in one line, and the study stays as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from two_hospitals import (
    AT_D,
    CELL,
    LEFT_OUT,
    change,
    complaint,
    edit,
    evaluation,
    gfce,
    pseudonym,
    sign,
    write_hospitals,
)

from gfce.config import load_config
from gfce.study import Results, find_cell, with_remotes

Table = pd.DataFrame
Change = Callable[[Table], Table]
FIRST = pseudonym(next(iter(AT_D)))


def value(column: str, text: str, row: int = 0) -> Change:
    """Another value in one row."""

    def changed(table: Table) -> Table:
        table = table.copy()
        table.loc[row, column] = text
        return table

    return changed


def everywhere(column: str, text: str) -> Change:
    return lambda table: table.assign(**{column: text})


def rows_without(column: str, text: str) -> Change:
    return lambda table: table[table[column] != text]


IMPOSSIBLE = "has an impossible value: evaluate the bundle again"
ELSEWHERE = "has rows of another institution"
INCOMPLETE = "does not score every patient by every model"
CHANGES: dict[str, tuple[str, Change, str]] = {
    "mae below 0": ("metrics.csv", value("mae", "-0.1"), f"row 2: mae {IMPOSSIBLE}"),
    "ssim below -1": ("metrics.csv", value("ssim", "-1.1", 3), f"row 5: ssim {IMPOSSIBLE}"),
    "mae not a number": ("metrics.csv", value("mae", "nan"), f"mae {IMPOSSIBLE}"),
    "no mae": ("metrics.csv", value("mae", ""), f"mae {IMPOSSIBLE}"),
    "ssim of 2": ("metrics.csv", value("ssim", "2"), f"ssim {IMPOSSIBLE}"),
    "nmi of 3": ("metrics.csv", value("nmi", "3"), f"nmi {IMPOSSIBLE}"),
    "half a voxel": ("metrics.csv", value("n_voxels", "1.5"), f"n_voxels {IMPOSSIBLE}"),
    "a real id": ("metrics.csv", value("patient_id", "sub-Doe"), f"patient_id {IMPOSSIBLE}"),
    "a formula": ("metrics.csv", value("region", "=1+1"), f"region {IMPOSSIBLE}"),
    "a network": ("metrics.csv", value("network", "other"), f"network {IMPOSSIBLE}"),
    "a seed": ("metrics.csv", value("seed", "7"), "has rows of unet/min_max/uni-A/7"),
    "a label": ("metrics.csv", value("model", "Tri-Z"), "a label is not the study's"),
    "no label": ("metrics.csv", value("model", "Best"), f"model {IMPOSSIBLE}"),
    "at home": ("metrics.csv", everywhere("institution", "A"), ELSEWHERE),
    "internal": ("metrics.csv", value("cohort", "internal"), "has rows that are not external"),
    "twice": (
        "metrics.csv",
        lambda table: pd.concat([table, table.tail(1)]),
        "is there twice: evaluate",
    ),
    "one less": ("metrics.csv", lambda table: table.tail(-1), "are scored in different regions"),
    "half of a region": (
        "metrics.csv",
        lambda table: table[~((table["region"] == "foreground") & (table.index < 9))],
        "models are scored in different regions",
    ),
    "a patient less": ("metrics.csv", rows_without("patient_id", FIRST), INCOMPLETE),
    "a patient more": (
        "metrics.csv",
        lambda table: pd.concat(
            [table, table[table["patient_id"] == FIRST].assign(patient_id="sub-0123456789ab")]
        ),
        INCOMPLETE,
    ),
    "a model less": (
        "metrics.csv",
        lambda table: table[(table["normalization"] != "min_max") | (table["seed"] != "1")],
        INCOMPLETE,
    ),
    "a column less": ("metrics.csv", lambda table: table.drop(columns="ssim"), "its columns are"),
    "a column more": ("metrics.csv", everywhere("note", "x"), "its columns are not those"),
    "columns in another order": (
        "metrics.csv",
        lambda table: table[[*table.columns[::-1]]],
        "its columns are not those",
    ),
    "a predictor": ("baselines.csv", value("predictor", "best"), f"predictor {IMPOSSIBLE}"),
    "a predictor less": ("baselines.csv", rows_without("predictor", "t1w"), INCOMPLETE),
    "predictors at home": ("baselines.csv", everywhere("institution", "B"), ELSEWHERE),
    "predictors inside": ("baselines.csv", everywhere("cohort", "internal"), "not external"),
    "patients elsewhere": ("patients.csv", everywhere("institution", "E"), IMPOSSIBLE),
    "a name in a voxel": ("patients.csv", value("voxel_mm", "DoexJohnx1"), IMPOSSIBLE),
    "a field": ("patients.csv", value("field_strength_t", "-3"), IMPOSSIBLE),
    "a mask": ("patients.csv", value("tumour", "of Doe"), IMPOSSIBLE),
    "no patient": ("patients.csv", lambda table: table.head(0), "has no patient"),
    "a reason": (
        "exclusions.csv",
        lambda table: pd.DataFrame([{"institution": "D", "reason": "Doe moved", "n": "1"}]),
        f"reason {IMPOSSIBLE}",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_values(original: Path, rows: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file, change_table, expected = CHANGES[name]
    edit(rows, file, change_table)
    line = complaint(capsys, "merge", original, rows)
    assert line.startswith(f"gfce: error: {file}: ")
    assert expected in line
    assert not Results(load_config(original)).remote.exists()


def test_some_values_may_be_unknown(home: Path, rows: Path) -> None:
    edit(rows, "patients.csv", everywhere("field_strength_t", ""))
    edit(rows, "metrics.csv", everywhere("hfen", ""))
    gfce("merge", home, rows)
    assert with_remotes(load_config(home)).cohort.external == ["D"]


def test_a_score_may_be_undefined(home: Path, rows: Path) -> None:
    tumours = []

    def without_nmi(table: Table) -> Table:
        tumours.extend(table.index[table["region"] == "tumour"])
        return value("nmi", "", tumours[0])(table)

    edit(rows, "metrics.csv", without_nmi)
    gfce("merge", home, rows)
    gfce("tabulate", home)
    merged = pd.read_csv(Results(load_config(home)).metrics)
    of_d = merged[merged["institution"] == "D"]
    assert of_d["nmi"].isna().sum() == 1
    assert of_d.loc[of_d["nmi"].isna(), "region"].item() == "tumour"


@pytest.mark.parametrize("file", ["metrics.csv", "baselines.csv", "patients.csv", "rows.json"])
def test_what_is_not_as_it_was_written(
    original: Path, rows: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    text = (rows / file).read_text()
    (rows / file).write_text(text.replace("D", "E", 1))
    assert "not as it was written" in complaint(capsys, "merge", original, rows)
    (rows / file).write_text(text + "x")
    assert "not as it was written" in complaint(capsys, "merge", original, rows)
    (rows / file).unlink()
    line = complaint(capsys, "merge", original, rows)
    assert f"{file}: is not there: name what gfce evaluate-bundle wrote" in line
    shutil.copy(original, rows / "elsewhere")
    (rows / file).symlink_to(rows / "elsewhere")
    assert f"{file}: is not there" in complaint(capsys, "merge", original, rows)
    assert not Results(load_config(original)).remote.exists()


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("metrics.csv", "", "metrics.csv: is empty"),
        ("patients.csv", "a,b\n1\n", "patients.csv: row 2 has 1 cells and the header 2"),
        ("patients.csv", 'a\n"\x07"\n', "has a line break or another control character"),
        ("baselines.csv", '"', "baselines.csv: is not a CSV table in UTF-8"),
    ],
)
def test_tables_that_are_none(
    original: Path,
    rows: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str,
    expected: str,
) -> None:
    (rows / file).write_text(content)
    sign(rows)
    assert expected in complaint(capsys, "merge", original, rows)


def test_other_folders(
    original: Path, rows: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "none: no such folder" in complaint(capsys, "merge", original, tmp_path / "none")
    sign(rows, format=2)
    assert "made by another version of gfce" in complaint(capsys, "merge", original, rows)
    (rows / "rows.json").write_text("[" * 100_000)
    assert "not as it was written" in complaint(capsys, "merge", original, rows)


def test_rows_of_another_bundle(home: Path, rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads((rows / "rows.json").read_text())
    sign(rows, bundle_sha256="0" * 64)
    line = complaint(capsys, "merge", home, rows)
    assert "bundle 000000000000 is none of this study" in line
    sign(rows, bundle_sha256="../../study")
    assert "is none of this study" in complaint(capsys, "merge", home, rows)
    cells = {name: recipe for name, recipe in content["cells"].items() if name != CELL}
    sign(rows, bundle_sha256=content["bundle_sha256"], cells=cells)
    assert "names other models than its bundle has" in complaint(capsys, "merge", home, rows)
    sign(rows, cells=content["cells"])
    shutil.rmtree(Results(load_config(home)).bundles)
    assert "is none of this study" in complaint(capsys, "merge", home, rows)


def test_models_that_were_trained_anew(
    home: Path, rows: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = load_config(home)
    other = find_cell(config, CELL.replace("tri", "uni-A"))
    start = shutil.copy(Results(config).weights(other), tmp_path / "start.safetensors")
    gfce("train", home, CELL, "--init", start)
    line = complaint(capsys, "merge", home, rows)
    assert f"{CELL}: the study's model is another one by now" in line
    assert "input weights.safetensors changed" in line


@pytest.mark.parametrize(
    ("section", "values", "expected"),
    [
        ("evaluation", {"average": "slice"}, "setting evaluation.average volume -> slice"),
        ("images", {"matrix": [48, 36]}, "setting images.matrix [40, 36] -> [48, 36]"),
        ("training", {"batch_size": 2}, "setting training.batch_size 1 -> 2"),
    ],
)
def test_settings_that_are_others_by_now(
    home: Path,
    rows: Path,
    capsys: pytest.CaptureFixture[str],
    section: str,
    values: dict[str, object],
    expected: str,
) -> None:
    change(home, section, **values)
    assert expected in complaint(capsys, "merge", home, rows)


def test_a_name_that_the_study_has(
    home: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(rows, institution="A")
    line = complaint(capsys, "merge", home, rows)
    assert "institution A: the study has an institution of that name" in line
    sign(rows, institution="../../A")
    assert "a name has letters" in complaint(capsys, "merge", home, rows)
    sign(rows, institution="D")
    gfce("merge", home, rows)
    line = complaint(capsys, "merge", home, rows)
    assert "D: is merged already: remove " in line
    sign(rows, institution="d")
    line = complaint(capsys, "merge", home, rows)
    assert "institution d: the study has an institution of that name" in line


def test_an_institution_that_the_study_got_by_itself_since(
    home: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gfce("merge", home, rows)
    write_hospitals(home.parent / "data", AT_D)
    change(home, "cohort", external=["D"], exclude={})
    with pytest.raises(Exception, match="D is an institution of the study's own"):
        with_remotes(load_config(home))


def test_the_same_patients_under_another_name(
    home: Path,
    bundle: Path,
    rows: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Their pseudonyms differ, because the institution's name is a part of them; scores do not.

    A score that is not defined equals none, and does not hide the others.
    """
    edit(rows, "metrics.csv", everywhere("nmi", ""))
    gfce("merge", home, rows)
    write_hospitals(tmp_path / "data", dict.fromkeys(AT_D, "E"))
    arguments = evaluation(bundle, tmp_path / "data", tmp_path / "again")
    arguments[arguments.index("D")] = "E"
    gfce(*arguments)
    edit(tmp_path / "again", "metrics.csv", everywhere("nmi", ""))
    line = complaint(capsys, "merge", home, tmp_path / "again")
    assert "have the same scores: one person is there twice" in line
    assert not (Results(load_config(home)).remote / "E").exists()


def test_a_patient_of_the_studys_own(
    home: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A held-out patient of A, whom the tri model is tested on at home, comes back from D."""
    scored = pd.read_csv(
        Results(load_config(home)).cell_metrics(find_cell(load_config(home), CELL))
    )
    patient = scored.loc[scored["institution"] == "A", "patient_id"].iloc[0]
    gfce("bundle", home, "-o", tmp_path / "tri.zip", "--cells", CELL)
    write_hospitals(tmp_path / "data", {patient: "D"})
    gfce(*evaluation(tmp_path / "tri.zip", tmp_path / "data", tmp_path / "rows"))
    line = complaint(capsys, "merge", home, tmp_path / "rows")
    assert "have the same scores: one person is there twice" in line
    assert f"{patient} and " in line or f" and {patient}" in line


def test_a_pseudonym_that_is_there(
    home: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = Results(load_config(home)).patients
    text = patients.read_text()
    known = text.splitlines()[1].split(",")[0]
    patients.write_text(text.replace(known, FIRST))
    line = complaint(capsys, "merge", home, rows)
    assert f"the study has {FIRST} already" in line


def test_two_hospitals_stand_by_their_names(
    home: Path, bundle: Path, rows: Path, tmp_path: Path
) -> None:
    """Behind the study's own, whichever was merged first."""
    write_hospitals(tmp_path / "data", {LEFT_OUT: "C2"})
    arguments = evaluation(bundle, tmp_path / "data", tmp_path / "other")
    arguments[arguments.index("D")] = "C2"
    gfce("merge", home, rows)
    gfce(*arguments)
    gfce("merge", home, tmp_path / "other")
    assert with_remotes(load_config(home)).cohort.external == ["C2", "D"]
    gfce("tabulate", home)
    table = pd.read_csv(Results(load_config(home)).table("table2", "csv"))
    of_model = table[(table["model"] == "Uni-m1") & (table["cohort"] == "external")]
    assert list(of_model["testing"]) == ["C2", "D", "Overall"]
    assert list(of_model["n"]) == [1, 3, 4]
