"""Nothing that identifies reaches the dataset, messages, the report or the log."""

# A table is read by its rows.

from __future__ import annotations

import csv
import gzip
import logging
import os
import shutil
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_files import import_all
from dicom_studies import ge_study, philips_study, siemens_study
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

from gfce import cli
from gfce.cohort.reading import read_dataset
from gfce.dicom.institutions import parse_institutions
from gfce.dicom.keywords import KEYWORDS
from gfce.dicom.pseudonyms import Pseudonyms, read_key
from gfce.errors import UserError

MARKER = "Xmarker"
UID_MARKER = "66642424242"
DATE_MARKER, TIME_MARKER = "19420607", "131313"
TEXT = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
KEPT = {
    *("SeriesDescription", "StudyDate", "AcquisitionDate", "PatientID", "Manufacturer"),
    *("ContrastBolusAgent", "ContrastBolusIngredient", "ContrastBolusStartTime"),
    "SpecificCharacterSet",
}
"""Elements that have a marker of their own, or none, because what is read of them decides."""


SEVERAL_CODES = {"ImageType", "ScanOptions", "ScanningSequence", "SequenceVariant"}


def plant(path: Path) -> None:
    """Put a marker into every element of the standard that can hold one, and private ones."""
    dataset = pydicom.dcmread(path)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.IGNORE)
        patch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
            if keyword and keyword not in KEPT and tag >> 16 > 0x0002 and tag >> 16 < 0x5000:
                _plant_one(dataset, tag, vr, keyword)
        _plant_special(dataset)
        dataset.save_as(path)


def _plant_one(dataset: Dataset, tag: int, vr: str, keyword: str) -> None:
    if vr in TEXT:
        dataset.add_new(tag, vr, f"{MARKER}^{keyword}")
    elif vr == "CS" and keyword not in dataset:
        dataset.add_new(tag, vr, MARKER.upper())
    elif keyword in SEVERAL_CODES and keyword in dataset:
        given = dataset[keyword].value
        dataset[keyword].value = [*([given] if isinstance(given, str) else given), MARKER.upper()]
    elif vr == "UI" and keyword not in dataset:
        dataset.add_new(tag, vr, f"1.2.{UID_MARKER}")
    elif vr in ("DA", "TM", "DT") and keyword not in dataset:
        dataset.add_new(
            tag, vr, {"DA": DATE_MARKER, "TM": TIME_MARKER}.get(vr, DATE_MARKER + TIME_MARKER)
        )


def _plant_special(dataset: Dataset) -> None:
    dataset.PatientID = f"{MARKER}-{dataset.PatientID}"
    dataset.PatientBirthDate = DATE_MARKER
    dataset.StudyDate = dataset.AcquisitionDate = "19430708"
    dataset.SeriesDescription = f"{dataset.SeriesDescription} {MARKER}"
    dataset.Manufacturer = f"{dataset.Manufacturer} {MARKER}"
    if dataset.get("ContrastBolusAgent"):
        dataset.ContrastBolusAgent = f"{MARKER} gave it"
    for group, creator in (
        (0x0029, "SIEMENS CSA HEADER"),
        (0x0043, "GEMS_PARM_01"),
        (0x2005, f"{MARKER} PRIVATE"),
    ):
        block = dataset.private_block(group, creator, create=True)
        block.add_new(0x60, "LO", f"{MARKER} private")
    study = dataset.StudyInstanceUID
    dataset.StudyInstanceUID = f"{study}.{UID_MARKER}"
    dataset.SeriesInstanceUID = f"{dataset.SeriesInstanceUID[:40]}.{UID_MARKER}"
    dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID[:40]}.{UID_MARKER}"


FORBIDDEN = [MARKER, UID_MARKER, DATE_MARKER, TIME_MARKER, "19430708", "1943-07-08", "1942-06-07"]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every name and every content below a folder, decompressed."""
    for path in folder.rglob("*"):
        yield "name", str(path.relative_to(folder)).encode()
        if path.is_file():
            content = path.read_bytes()
            yield path.name, gzip.decompress(content) if path.suffix == ".gz" else content


def assert_clean(what: str, content: bytes) -> None:
    for forbidden in FORBIDDEN:
        assert forbidden.lower().encode() not in content.lower(), (what, forbidden)


@pytest.fixture(scope="module")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three vendors' studies with markers in elements, files' names and folders' names."""
    folder = tmp_path_factory.mktemp("planted")
    root = folder / "dicom" / f"{MARKER}_John" / MARKER
    siemens_study(root / f"{MARKER}1", "P1", "1.2.3.1", 1)
    ge_study(root / f"{MARKER}2", "P2", "1.2.3.2", 10)
    philips_study(root / f"{MARKER}3", "P3", "1.2.3.3", 20)
    for number, path in enumerate(sorted(path for path in root.rglob("*") if path.is_file())):
        plant(path)
        path.rename(path.with_name(f"{MARKER}^{number}.dcm"))
    return folder


@pytest.fixture
def planted(planted_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(planted_once / "dicom", tmp_path / "dicom")
    return tmp_path


def test_markers_reach_nothing(
    planted: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    report = import_all(planted)
    assert "3 can be imported" in report
    said = capfd.readouterr()
    for what, content in [
        ("report", report.encode()),
        ("standard output", said.out.encode()),
        ("standard error", said.err.encode()),
        ("log", caplog.text.encode()),
        *contents(planted / "data"),
    ]:
        assert_clean(what, content)
    # Nothing is written but the dataset, the key and its table.
    assert {path.name for path in planted.iterdir()} == {"dicom", "data", "private"}
    assert len(read_dataset(planted / "data")) == 3


def test_the_markers_are_where_they_are_read(planted: Path) -> None:
    """The test above would find nothing if nothing were planted."""
    path = next(path for path in (planted / "dicom").rglob("*") if path.is_file())
    assert path.read_bytes().count(MARKER.encode()) > 700
    assert MARKER in str(pydicom.dcmread(path).PatientName)


def _no_t1(folder: Path) -> dict[str, Any]:
    for path in list((folder / "dicom").rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        if dataset.SeriesNumber == 2:
            path.unlink()
    return {}


def _cut(folder: Path) -> dict[str, Any]:
    for path in (folder / "dicom").rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[:-100])
    return {}


def _no_headers(folder: Path) -> dict[str, Any]:
    for path in (folder / "dicom").rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[:300])
    return {}


def _unwritable_pixels(folder: Path) -> dict[str, Any]:
    """A transfer syntax that is none of its pixels: dcm2niix fails."""
    for path in (folder / "dicom").rglob("*.dcm"):
        content = path.read_bytes()
        path.write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.99", 1))
    return {}


def _level(folder: Path) -> dict[str, Any]:
    return {"institution": parse_institutions("level=3")}


def _tag(folder: Path) -> dict[str, Any]:
    return {"institution": parse_institutions("tag")}


def _table(folder: Path) -> dict[str, Any]:
    (folder / "table.csv").write_text("value,institution\nnobody,North\n")
    return {"institution": parse_institutions("patient_id", folder / "table.csv")}


def _unreadable(folder: Path) -> dict[str, Any]:
    for path in list((folder / "dicom").rglob("*.dcm")):
        target = path.with_suffix(".old")
        path.rename(target)
        path.symlink_to(path)  # a link to itself
        target.unlink()
    return {}


FAILURES = [_no_t1, _cut, _no_headers, _unwritable_pixels, _level, _tag, _table, _unreadable]


@pytest.mark.parametrize("spoil", FAILURES, ids=lambda work: work.__name__.lstrip("_"))
def test_failures_tell_nothing(
    planted: Path, spoil: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the command line's own handling of errors: a line each, nothing personal."""
    options = spoil(planted)

    def run(*_: Any) -> None:
        import_all(planted, **options)

    parsed = cli.parser().parse_args(["import", "x", "-o", "y"])
    parsed.run = run
    monkeypatch.setattr(cli, "parser", lambda: type("P", (), {"parse_args": lambda *_: parsed})())
    assert cli.main([]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("gfce: error: ")
    assert_clean("message", said.err.encode())
    assert not (planted / "data").exists()
    for kept in planted.glob(".*"):
        assert kept.name == ".data.gfce-import"
        assert spoil is _unwritable_pixels
        for name, content in contents(kept):
            assert_clean(name, content)
        shutil.rmtree(kept)
    shutil.rmtree(planted / "private")


def test_the_dry_run_writes_the_key_and_its_table_alone(planted: Path) -> None:
    report = import_all(planted, dry_run=True)
    assert_clean("report", report.encode())
    assert {path.name for path in (planted / "private").iterdir()} == {"key", "key.patients.csv"}
    assert not (planted / "data").exists()


def test_the_table_leads_back(planted: Path) -> None:
    os.umask(0o022)
    import_all(planted)
    private = planted / "private"
    for path in (private / "key", private / "key.patients.csv"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    with (private / "key.patients.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["patient_id"] for row in rows} == {f"{MARKER}-P{number}" for number in (1, 2, 3)}
    imported = [patient.patient_id for patient in read_dataset(planted / "data")]
    assert [row["participant_id"] for row in rows] == imported


def test_pseudonyms_last_and_need_the_key(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    first = import_all(tmp_path, dry_run=True)
    assert import_all(tmp_path, dry_run=True) == first
    (tmp_path / "private" / "key").unlink()
    assert import_all(tmp_path, dry_run=True) != first
    # The table keeps the patients of earlier imports.
    assert len((tmp_path / "private" / "key.patients.csv").read_text().splitlines()) == 3


def test_pseudonyms_depend_on_institution_and_issuer() -> None:
    names = Pseudonyms(bytes(32))
    several = {
        names.patient(*parts)
        for parts in (("N", "", "1"), ("S", "", "1"), ("N", "1", ""), ("N", "", "2"))
    }
    assert len(several) == 4
    assert names.patient("N", "", "1") == "sub-" + names._digest("patient", "N", "", "1")[:12]


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("ab" * 31, 0o600, "the key file does not hold 32 bytes in hexadecimal: name another"),
        ("Müller", 0o600, "the key file does not hold 32 bytes in hexadecimal: name another"),
        ("ab" * 32, 0o640, "the key file may be read by others: chmod 600 it"),
        ("ab" * 32, 0o604, "the key file may be read by others: chmod 600 it"),
    ],
)
def test_keys_that_are_none(tmp_path: Path, content: str, mode: int, message: str) -> None:
    key = tmp_path / "key"
    key.write_text(content)
    key.chmod(mode)
    with pytest.raises(UserError) as raised:
        read_key(key, tmp_path / "data")
    assert str(raised.value) == message


def test_the_key_never_lies_in_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for place in ("data/key", "data/sub/key", "link/key"):
        with pytest.raises(UserError, match="the key file lies in the dataset"):
            read_key(tmp_path / place, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_no_other_element_is_read() -> None:
    """The list of elements is short; a new one is looked at with this test in mind."""
    assert len(KEYWORDS) == len(set(KEYWORDS)) == 54
    assert not {"ReferringPhysicianName", "AccessionNumber", "StudyDescription"} & set(KEYWORDS)
