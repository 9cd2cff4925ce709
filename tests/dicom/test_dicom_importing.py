"""From trees of several hospitals to a dataset that `gfce index` accepts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from cohorts import Configure
from dicom_files import T2, Place, Series, change, import_all, siemens, voxels, write
from dicom_studies import ge_study, philips_study, siemens_study
from test_dicom_privacy import contents
from validating import validator_errors

from gfce.cli import main
from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.dicom.institutions import Institutions, parse_institutions
from gfce.dicom.rules import default_rules
from gfce.errors import UserError
from gfce.study import Results

STUDIES = {"North": siemens_study, "South": ge_study, "East": philips_study}


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine patients of three hospitals, each with the habits of another vendor."""
    folder = tmp_path_factory.mktemp("hospitals")
    for number, (name, write_study) in enumerate(STUDIES.items()):
        for patient in (1, 2, 3):
            root = folder / "dicom" / name / f"{patient:04d}"
            seed = 100 * number + 10 * patient
            write_study(root, f"{name}-{patient}", f"1.2.3.{number}.{patient}", seed)
    return folder


@pytest.fixture
def tree(hospitals: Path, tmp_path: Path) -> Path:
    shutil.copytree(hospitals / "dicom", tmp_path / "dicom")
    return tmp_path


def test_the_index_accepts_the_dataset(tree: Path, configure: Configure) -> None:
    report = import_all(tree, institution=parse_institutions("level=1"))
    assert "9 patients: 9 can be imported, 0 cannot" in report
    assert (tree / "data" / "code" / "gfce-import.txt").read_text() == report
    cohort = {"development": ["North", "South"], "external": ["East"]}
    config = configure(cohort={**cohort, "dataset": tree / "data"})
    index(config)
    text = Results(config).patients.read_text()
    assert text.count("\n") == 10
    assert Results(config).exclusions.read_text().count("\n") == 1
    assert {line.split(",")[7] for line in text.splitlines()[1:]} == {"1.5", "3.0"}


def test_the_command_line_imports_the_tree(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["import", str(tree / "dicom"), "--dicom", "-o", str(tree / "data")]
    assert main(command) == 1
    assert "gfce: error: --key: a DICOM tree needs it" in capsys.readouterr().err
    command += ["--key", str(tree / "private" / "key"), "--institution", "level=1"]
    assert main([*command, "--dry-run"]) == 0
    report = capsys.readouterr().out
    assert not (tree / "data").exists()
    assert main(command) == 0
    assert capsys.readouterr().out == report
    assert len(read_dataset(tree / "data")) == 9


def test_the_rules_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--dicom-rules"]) == 0
    assert capsys.readouterr().out == default_rules()


def test_an_option_of_dicom_is_refused_of_a_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["import", "manifest.csv", "-o", str(tmp_path / "data"), "--study", "last"]
    assert main(command) == 1
    assert "--study: is of DICOM trees" in capsys.readouterr().err


def test_the_dataset_is_valid_bids(tree: Path) -> None:
    import_all(tree, institution=parse_institutions("level=1"))
    assert validator_errors(tree / "data") == []


def test_two_imports_are_the_same(tree: Path) -> None:
    """With the same key every byte is the same, however the files lie."""
    import_all(tree, institution=parse_institutions("level=1"))
    first = sorted(contents(tree / "data"))
    shutil.rmtree(tree / "data")
    for number, path in enumerate(sorted((tree / "dicom").rglob("*"), reverse=True)):
        if path.is_file():
            path.rename(path.parents[1] / f"{number}" if "North" in str(path) else path)
    import_all(tree, institution=parse_institutions("level=1"))
    assert sorted(contents(tree / "data")) == first


def test_sidecars(tree: Path) -> None:
    import_all(tree, institution=parse_institutions("level=1"))
    patient = next(one for one in read_dataset(tree / "data") if one.institution == "North")
    sidecar = json.loads(patient.files["t2w"][0].with_suffix("").with_suffix(".json").read_text())
    assert sidecar == {
        "EchoTime": 0.09,
        "FatSuppression": True,
        "FlipAngle": 150.0,
        "InstitutionName": "North",
        "MRAcquisitionType": "2D",
        "MagneticFieldStrength": 1.5,
        "Manufacturer": "Siemens",
        "Modality": "MR",
        "RepetitionTime": 4.2,
        "ScanOptions": "FS_PFP",
        "ScanningSequence": "SE",
        "SequenceVariant": "SK_SP",
        "SliceThickness": 4.0,
        "SpacingBetweenSlices": 4.4,
    }


def test_a_patient_is_left_out(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next((tree / "dicom" / "North" / "0002" / "S2").iterdir()).unlink()
    sorted((tree / "dicom" / "North" / "0001" / "S2").iterdir())[2].unlink()
    institution = parse_institutions("level=1")
    with pytest.raises(UserError, match=r"1 slices are missing .* see --dry-run"):
        import_all(tree, institution=institution)
    assert not (tree / "data").exists()
    report = import_all(tree, institution=institution, leave_out=True)
    assert "9 patients: 8 can be imported, 1 cannot" in report
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("gfce: left out sub-")
    assert len(read_dataset(tree / "data")) == 8


def test_a_patient_whose_series_cannot_be_converted_is_left_out(tree: Path) -> None:
    for path in (tree / "dicom" / "North" / "0001" / "S4").iterdir():
        content = path.read_bytes()
        path.write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.99", 1))
    institution = parse_institutions("level=1")
    with pytest.raises(UserError, match=r"CE: series 4 .* dcm2niix cannot convert it"):
        import_all(tree, institution=institution)
    assert not (tree / "data").exists()
    report = import_all(tree, institution=institution, leave_out=True)
    assert "cannot be imported: CE: series 4" in report
    assert len(read_dataset(tree / "data")) == 8
    assert len([*(tree / "data").glob("sub-*")]) == 8


def test_nobody_is_left(tmp_path: Path) -> None:
    write(Series(voxels(1), siemens("t2", **T2)), tmp_path / "dicom")
    with pytest.raises(UserError, match="no patient can be imported: see --dry-run"):
        import_all(tmp_path, leave_out=True)
    assert not (tmp_path / "data").exists()


def test_a_dataset_that_exists(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").touch()
    with pytest.raises(UserError, match="data: is not empty: name a new folder"):
        import_all(tmp_path)


def test_another_grid_is_noted(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    for path in (tmp_path / "dicom" / "S3").iterdir():
        path.unlink()
    elements = siemens("t2_tse", **T2, AcquisitionTime="082000")
    common = Series(voxels(2), elements, patient="P1", study="1.2.3", number=3)
    down = Place(position=(-15.0, -18.0, 52.0), distance=-4.4)
    write(replace(common, place=down), tmp_path / "dicom" / "S3")
    assert "another grid" not in import_all(tmp_path, dry_run=True)
    for path in (tmp_path / "dicom" / "S3").iterdir():
        change(path, PixelSpacing=[1.4, 2.0])
    report = import_all(tmp_path, dry_run=True)
    assert "note: T2w lies on another grid than T1w" in report


def test_contrast_in_t2w_is_noted(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    for path in (tmp_path / "dicom" / "S3").iterdir():
        change(path, AcquisitionTime="090000")
    assert "note: T2w was acquired after CE" in import_all(tmp_path, dry_run=True)


def test_intervals_are_written_and_dates_are_not(tmp_path: Path) -> None:
    for study, date in (("1.2.3", "20200602"), ("1.2.4", "20200901")):
        siemens_study(tmp_path / "dicom" / study, "P1", study, 1)
        for path in (tmp_path / "dicom" / study).rglob("*.IMA"):
            change(path, StudyDate=date, AcquisitionDate=date)
    import_all(tmp_path, study="last")
    [patient] = read_dataset(tmp_path / "data")
    sidecar = patient.files["ce"][0].with_suffix("").with_suffix(".json").read_text()
    assert json.loads(sidecar)["DaysSinceFirstStudy"] == 91
    assert "2020" not in sidecar


def institutions_of(folder: Path) -> set[str]:
    return {patient.institution for patient in read_dataset(folder / "data")}


def test_institutions_by_tag(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tree / "dicom").rglob("*"):
        if path.is_file():
            change(path, InstitutionName=f"Hospital {path.relative_to(tree / 'dicom').parts[0]}")
    with pytest.raises(UserError, match=r"^9 patients cannot be imported"):
        import_all(tree, institution=parse_institutions("tag"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 9
    assert all("InstitutionName is no name of letters, digits, - and _" in line for line in lines)
    table = tree / "table.csv"
    table.write_text("value,institution\nHospital North,N\nHospital South,S\nHospital East,E\n")
    import_all(tree, institution=parse_institutions("tag", table))
    assert institutions_of(tree) == {"N", "S", "E"}


def test_institutions_by_patient(tree: Path) -> None:
    rows = [f"{name}-{number},{name[0]}" for name in STUDIES for number in (1, 2, 3)]
    (tree / "table.csv").write_text("\n".join(["value,institution", *rows]) + "\n")
    import_all(tree, institution=parse_institutions("patient_id", tree / "table.csv"))
    assert institutions_of(tree) == {"N", "S", "E"}
    (tree / "table.csv").write_text("\n".join(["value,institution", *rows[1:]]) + "\n")
    shutil.rmtree(tree / "data")
    with pytest.raises(UserError, match="PatientID is not in the table: add it there"):
        import_all(tree, institution=parse_institutions("patient_id", tree / "table.csv"))


def test_a_folder_level_of_patients_is_refused(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders that are named for patients would name institutions in participants.tsv."""
    with pytest.raises(UserError, match=r"^9 patients cannot be imported"):
        import_all(tree, institution=parse_institutions("level=4"))
    assert capsys.readouterr().err.count("a file lies above folder level 4: move it") == 9
    for path in (tree / "dicom").rglob("*"):
        if path.is_file():
            change(path, PatientName="Anon")
    for number, folder in enumerate(sorted((tree / "dicom").glob("*/*"))):
        folder.rename(folder.with_name(f"Name{number}"))
    with pytest.raises(UserError, match="the folder of that level is another for each patient"):
        import_all(tree, institution=parse_institutions("level=2"))
    for path in (tree / "dicom").rglob("*"):
        if path.is_file():
            name = path.relative_to(tree / "dicom").parts[1]
            change(path, PatientName=f"{name.lower()}^x")
    other = tree / "dicom" / "South" / "Name8"
    for path in (tree / "dicom" / "South" / "Name7").iterdir():
        other.mkdir(exist_ok=True)
        path.rename(other / f"x{path.name}")
    with pytest.raises(UserError, match=r"^7 patients cannot be imported"):
        import_all(tree, institution=parse_institutions("level=2"))
    assert capsys.readouterr().err.count("the folder of that level holds a name or id") == 7


@pytest.mark.parametrize("same", [True, False])
def test_one_id_in_two_institutions(tree: Path, same: bool) -> None:
    for path in (tree / "dicom" / "South" / "0001").iterdir():
        change(path, PatientID="North-1", **({} if same else {"PatientBirthDate": "19700101"}))
    report = import_all(tree, institution=parse_institutions("level=1"), dry_run=True)
    if same:
        assert report.count("has the PatientID and the birth date of sub-") == 2
        assert "9 patients: 7 can be imported, 2 cannot" in report
    else:
        assert report.count("note: has the PatientID of sub-") == 2
        assert "9 patients: 9 can be imported" in report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name=North", Institutions("name", name="North")),
        ("level=2", Institutions("level", level=2)),
        ("tag", Institutions("tag")),
        ("patient_id", None),
        ("name=", None),
        ("name=St. Mary", None),
        ("level=0", None),
        ("level=x", None),
        ("tag=x", None),
        ("", None),
    ],
)
def test_where_institutions_come_from(text: str, expected: Institutions | None) -> None:
    if expected is not None:
        assert parse_institutions(text) == expected
        return
    with pytest.raises(UserError, match="institution"):
        parse_institutions(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("value\nx\n", "table.csv: column institution is missing: add it"),
        ("value,institution\nx,St. Mary\n", "table.csv: row 2: institutions have letters"),
        ("value,institution\nx,A\nx,B\n", "table.csv: row 3: its value is given twice"),
        (b"value,institution\n\xff,A\n", "table.csv: is not a CSV table in UTF-8"),
        ("", "table.csv: column value is missing: add it"),
    ],
)
def test_wrong_tables(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as raised:
        parse_institutions("tag", path)
    assert str(raised.value).startswith(message)


def test_only_dicom_needs_pydicom() -> None:
    """(nibabel imports it by itself where it is installed.)"""
    package = Path(sys.modules["gfce"].__file__ or "").parent
    imports = re.compile(r"^\s*(import|from) pydicom", re.MULTILINE)
    users = [path for path in package.rglob("*.py") if imports.search(path.read_text())]
    assert {path.parent.name for path in users} == {"dicom"}
    code = (
        "import sys, gfce.cli, gfce.config\n"
        "print([name for name in ('pydicom', 'dcm2niix') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_what_pydicom_is_told_does_not_last(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    before = pydicom.config.settings.reading_validation_mode
    import_all(tmp_path)
    assert pydicom.config.settings.reading_validation_mode == before
