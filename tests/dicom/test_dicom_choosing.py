"""Which series become T1w, T2w and CE, what is ambiguous, and what a person decides."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_files import (
    AGENT,
    SAGITTAL,
    T1,
    T2,
    Place,
    Series,
    agent_sequence,
    change,
    ge,
    import_all,
    philips,
    philips_frames,
    siemens,
    usage,
    voxels,
    write,
    write_enhanced,
)
from dicom_studies import siemens_study

from gfce.dicom.facts import facts_of
from gfce.dicom.headers import read_header
from gfce.dicom.rules import default_rules, read_rules
from gfce.dicom.stacks import Stack
from gfce.dicom.words import matching, words_of
from gfce.errors import UserError

RULES = read_rules(None)


def stack(folder: Path, elements: dict[str, Any]) -> Stack:
    headers = tuple(read_header(path) for path in write(Series(voxels(1, 2), elements), folder))
    return Stack(headers, "1", "1")


CONTRASTS: list[tuple[str, dict[str, Any], str]] = [
    ("t1 tse", {}, "none"),
    ("t1 tse", {"ContrastBolusAgent": ""}, "none"),
    ("t1 tse", {"ContrastBolusAgent": "NONE"}, "none"),
    ("t1 tse", AGENT, "given"),
    ("t1 tse +c", AGENT, "after"),
    ("t1 tse post gd", {}, "words"),
    ("T1_TSE_TRA_KM", {}, "words"),
    ("t1 tse posterior", {}, "none"),
    ("t1 pre", {}, "none"),
    ("t1 nativ", AGENT, "disputed"),
    ("t1 tse without contrast", {}, "disputed"),
    ("t1", {**AGENT, "AcquisitionTime": "083000", "ContrastBolusStartTime": "082959.5"}, "after"),
    ("t1", {**AGENT, "AcquisitionTime": "083000", "ContrastBolusStartTime": "083001"}, "before"),
    ("t1 gd", {**AGENT, "AcquisitionTime": "083000", "ContrastBolusStartTime": "083001"}, "disputed"),
    ("t1 pre", {**AGENT, "AcquisitionTime": "083000", "ContrastBolusStartTime": "082900"}, "disputed"),
    ("t1", {**AGENT, "AcquisitionTime": "000500", "ContrastBolusStartTime": "235800"}, "given"),
    ("t1", {**AGENT, "ContrastBolusIngredient": "IODINE"}, "other"),
]  # fmt: skip


@pytest.mark.parametrize(("description", "elements", "contrast"), CONTRASTS)
def test_contrast(
    tmp_path: Path, description: str, elements: dict[str, Any], contrast: str
) -> None:
    facts = facts_of(stack(tmp_path, siemens(description, **T1, **elements)), RULES)
    assert facts.contrast == contrast


def test_contrast_of_frames(tmp_path: Path) -> None:
    agents = {**philips("t1"), "ContrastBolusAgentSequence": agent_sequence()}
    for frames, contrast in (
        (usage("NO", "PRE_CONTRAST"), "before"),
        (usage("YES", "PRE_CONTRAST"), "before"),
        (usage("YES", "POST_CONTRAST"), "after"),
        ({}, "given"),
    ):
        path = write_enhanced(
            Series(voxels(1), agents), tmp_path / "x", {**philips_frames(600, 10), **frames}
        )
        assert facts_of(Stack((read_header(path),), "1", "1"), RULES).contrast == contrast


SUPPRESSIONS: list[tuple[dict[str, Any], bool]] = [
    (siemens("t2 tse"), False),
    (siemens("t2 tse", ScanOptions=["PFP", "FS"]), True),
    (siemens("t2_tse_fs"), True),
    (siemens("t2 fsu"), False),
    (siemens("t2 tse", ImageType=["ORIGINAL", "PRIMARY", "M", "WATER"]), True),
    (siemens("t2 tirm", ScanningSequence=["SE", "IR"], InversionTime=160), True),
    (siemens("t1", ScanningSequence=["SE", "IR"], InversionTime=160), True),
    (siemens("t2", ScanningSequence=["SE", "IR"], InversionTime=2500), False),
    # Of GE's terms SAT_GEMS is a saturation slab and FS_GEMS none at all.
    (ge("AX T2", ScanOptions=["FAST_GEMS", "SAT_GEMS"]), False),
    (ge("AX T2", ScanOptions=["FAST_GEMS", "FS"]), True),
    (ge("AX T2", ScanOptions=["FAT_SAT"]), True),
]


@pytest.mark.parametrize(("elements", "suppressed"), SUPPRESSIONS)
def test_fat_suppression(tmp_path: Path, elements: dict[str, Any], suppressed: bool) -> None:
    assert facts_of(stack(tmp_path, elements), RULES).fat_suppression is suppressed


def test_fat_suppression_of_frames(tmp_path: Path) -> None:
    for term, suppressed in (
        ("NONE", False),
        ("FAT", True),
        ("FAT_AND_WATER", True),
        ("WATER", False),
    ):
        path = write_enhanced(
            Series(voxels(1), philips("t2")), tmp_path / "x", philips_frames(4000, 90, term)
        )
        assert facts_of(Stack((read_header(path),), "1", "1"), RULES).fat_suppression is suppressed


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("t1*", "T1_TSE_tra", True),
        ("gd", "t1 tse gd tra", True),
        ("gd", "t1 tse gdx", False),
        ("*+c", "t1+C", True),
        ("+c", "T1 +C", True),
        ("c+", "T1 C+", True),
        ("fat sat*", "T2 FAT SATURATED", True),
        ("fat sat*", "T2 FAT T1 SAT", False),
        ("loc*", "AAHead_Localizer", True),
        ("müller", "T1 MÜLLER", True),
    ],
)
def test_words(pattern: str, text: str, expected: bool) -> None:
    assert bool(matching([pattern], words_of(text))) is expected


# Series beside a complete study, and what becomes of them or of the patient.
LEFT: list[tuple[dict[str, Any], str]] = [
    (siemens("SCOUT", **T1), "rule localizer; words scout*"),
    (siemens("t1_tse", **T1, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"]), "rule phase-or-complex"),
    (siemens("t1 mpr", **T1, ImageType=["DERIVED", "SECONDARY", "MPR"]), "rule projection-or-reformat"),
    (siemens("t1 tse", **T1, ImageType=["DERIVED", "SECONDARY"]), "rule derived"),
    (siemens("ep2d", **T2, ScanningSequence="EP"), "rule echo-planar"),
    (siemens("resolve_ADC", **T2), "rule diffusion"),
    (siemens("t2 haste", **T2), "rule single-shot"),
    (siemens("t2_tirm_flair", **T2), "rule flair"),
    (siemens("pd tse", RepetitionTime=2500, EchoTime=20), "fits no rule"),
    (siemens("Doe John", RepetitionTime=None, EchoTime=None), "fits no rule"),
    (siemens("t1_tse_fs", **T1, ScanOptions="FS"), "rule t1-spin-echo-fat-suppressed for T1w comes after that of series 2"),
]  # fmt: skip


@pytest.mark.parametrize(("elements", "line"), LEFT, ids=[row[1] for row in LEFT])
def test_what_is_left(tmp_path: Path, elements: dict[str, Any], line: str) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    extra = Series(
        voxels(9), {**elements, "AcquisitionTime": "081100"}, patient="P1", study="1.2.3", number=9
    )
    write(extra, tmp_path / "dicom" / "extra")
    report = import_all(tmp_path, dry_run=True)
    [found] = [
        text for text in report.splitlines() if "series 9" in text and "comes" not in text
    ] or [text for text in report.splitlines() if "left: series 9" in text]
    assert found.strip().startswith("left: series 9")
    assert line in found
    assert "Doe" not in report
    assert "1 can be imported" in report


def test_orientation_and_slices(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    common = Series(voxels(9), siemens("t1 tse", **T1), patient="P1", study="1.2.3", number=8)
    write(replace(common, place=Place(orientation=SAGITTAL)), tmp_path / "dicom" / "a")
    write(replace(common, array=voxels(9, 3), number=9), tmp_path / "dicom" / "b")
    report = import_all(tmp_path, dry_run=True)
    assert "rule not-axial [sagittal" in report
    assert "rule few-slices [axial, 3 slices" in report


AMBIGUOUS: list[tuple[dict[str, Any], str]] = [
    (siemens("t1 tse", **T1, AcquisitionTime="081100"), "T1w is ambiguous: series 2 #A and 9 #B fit rule t1-spin-echo"),
    (siemens("t2 tse", **T2), "T2w is ambiguous: series 3 #A and 9 #B fit rule t2-spin-echo"),
    (siemens("t1 tse km", **T1, AcquisitionTime="085000"), "CE is ambiguous: series 4 #A and 9 #B fit rule ce-spin-echo"),
    (siemens("t1 cor km", **T1, AcquisitionTime="080500", SequenceVariant="SK", ScanningSequence="EP"), "T1w was acquired after series 9 #B, which says that contrast was given"),
]  # fmt: skip


@pytest.mark.parametrize(("elements", "message"), AMBIGUOUS, ids=[row[1] for row in AMBIGUOUS])
def test_an_ambiguity_is_an_error(tmp_path: Path, elements: dict[str, Any], message: str) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    write(
        Series(voxels(9), elements, patient="P1", study="1.2.3", number=9),
        tmp_path / "dicom" / "extra",
    )
    with pytest.raises(UserError) as raised:
        import_all(tmp_path)
    assert not (tmp_path / "data").exists()
    said = re.sub(r"(\d) #[0-9a-f]{8}", r"\1 #_", str(raised.value))
    expected = message.replace("#A", "#_").replace("#B", "#_")
    assert said.split(": ", 1)[1].startswith(expected)


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (siemens("t1 tse", **T1, **AGENT), "no T1w series"),
        (siemens("t1 nativ", **T1, **AGENT), "no T1w series"),
    ],
)
def test_a_modality_that_is_missing(tmp_path: Path, elements: dict[str, Any], message: str) -> None:
    """Contrast that is recorded without a time, or disputed, is no series before contrast."""
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    for path in (tmp_path / "dicom" / "S2").iterdir():
        change(path, **elements)
    with pytest.raises(UserError, match=message):
        import_all(tmp_path)


def codes(report: str) -> dict[str, str]:
    """The hashes in a report, by the series' number."""
    return dict(re.findall(r"series (\d+) #([0-9a-f]{8})", report))


def test_a_person_chooses(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    again = siemens("t1 tse", **T1, AcquisitionTime="081100")
    write(
        Series(voxels(9), again, patient="P1", study="1.2.3", number=9),
        tmp_path / "dicom" / "extra",
    )
    report = import_all(tmp_path, dry_run=True)
    [patient] = [line[:16] for line in report.splitlines() if line.startswith("sub-")]
    table = tmp_path / "choices.csv"
    for row, taken, left in (
        (f"{patient},{codes(report)['9']},t1w", "9", "2"),
        (f"{patient},#{codes(report)['9']},leave", "2", "9"),
    ):
        table.write_text(f"patient,series,modality\n{row}\n")
        chosen = import_all(tmp_path, choices=table, dry_run=True)
        assert f"T1w: series {taken} " in chosen
        assert f"left: series {left} " in chosen


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("patient,series\n", "choices.csv: column modality is missing: add it"),
        ("patient,series,modality\na,b,t1\n", "choices.csv: row 2: modality t1: give t1w, t2w, ce or leave"),
        ("patient,series,modality\na,b,t1w\na,#b,ce\n", "choices.csv: row 3: its series is given twice: keep one row"),
        ("patient,series,modality\na,b,t1w\n", "a patient of the choices is not in the folder: correct the table"),
        ("patient,series,modality\na,b\n", "choices.csv: a row is longer or shorter than the header: correct it"),
    ],
)  # fmt: skip
def test_wrong_choices(tmp_path: Path, content: str, message: str) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    (tmp_path / "choices.csv").write_text(content)
    with pytest.raises(UserError) as raised:
        import_all(tmp_path, choices=tmp_path / "choices.csv")
    assert str(raised.value) == message


def test_modalities_are_of_one_study(tmp_path: Path) -> None:
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    for path in (tmp_path / "dicom" / "S3").iterdir():
        change(path, StudyInstanceUID="1.2.4", StudyDate="20200901")
    with pytest.raises(UserError, match=r"study 1: no T2w series"):
        import_all(tmp_path)


def test_two_studies(tmp_path: Path) -> None:
    for study, date in (("1.2.3", "20200602"), ("1.2.4", "20200901")):
        siemens_study(tmp_path / "dicom" / study, "P1", study, 1)
        for path in (tmp_path / "dicom" / study).rglob("*.IMA"):
            change(path, StudyDate=date, AcquisitionDate=date)
    with pytest.raises(UserError, match="studies 1, 2 could all serve: give --study first or last"):
        import_all(tmp_path)
    for policy, number in (("first", "1"), ("last", "2, 91 days after the first")):
        report = import_all(tmp_path, study=policy, dry_run=True)
        assert f"study {number}, taken" in report
        assert "20200" not in report


def test_dixon_parts_of_one_series(tmp_path: Path) -> None:
    """Water, fat and in-phase images under one series number are told apart."""
    siemens_study(tmp_path / "dicom", "P1", "1.2.3", 1)
    for path in (tmp_path / "dicom" / "S4").iterdir():
        path.unlink()
    for kind in ("W", "F", "IP", "OP"):
        elements = siemens("t1_dixon_km", **T1, **AGENT, AcquisitionTime="084000")
        elements["ImageType"] = ["DERIVED", "PRIMARY", "M", kind]
        one = Series(voxels(4), elements, patient="P1", study="1.2.3", number=4)
        paths = write(one, tmp_path / "dicom" / kind)
        for number, path in enumerate(paths):
            change(path, SOPInstanceUID=f"1.9.{ord(kind[0])}{ord(kind[-1])}.{number}")
    report = import_all(tmp_path, dry_run=True)
    assert report.count("of 4 #") >= 4
    assert "CE is ambiguous" in report  # in-phase and water
    rules = tmp_path / "rules.yaml"
    text = default_rules().replace(
        "    contrast: [after, given, words]\n",
        "    contrast: [after, given, words]\n    fat_suppression: true\n",
        1,
    )
    rules.write_text(text)
    assert "1 can be imported" in import_all(tmp_path, rules=rules)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("leave:", "leaves:", "rules.yaml: leave: this key must be given (and 1 more)"),
        ("slices: [1, 4]", "slices: [1]", "rules.yaml: leave.17.slices: give at least one (given: "),
        ("slices: [1, 4]", "slice: [1, 4]", "rules.yaml: leave.17.slice: unknown key"),
        ("[none, before]", "[none, befor]", "rules.yaml: t1w.0.contrast.1: give 'none', 'before', "),
        ('["t1*", "pd*"]', '["t1*", "p&d"]', "rules.yaml: t2w.0.words_none: a word has letters, digits, + and * only: correct it"),
        ("name: derived", "name: flair", "rules.yaml: leave: rule flair is named more than once: name it once"),
        ("    slices: [1, 4]\n", "", "rules.yaml: leave.17: a rule without a condition would fit every series: give one"),
        ("leave:", "leave: &a", "rules.yaml: not valid YAML (line "),
    ],
)  # fmt: skip
def test_wrong_rules(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in default_rules()
    (tmp_path / "rules.yaml").write_text(default_rules().replace(old, new, 1))
    with pytest.raises(UserError) as raised:
        read_rules(tmp_path / "rules.yaml")
    assert str(raised.value).startswith(message.split(" (given")[0])


def test_rules_of_the_package_are_read_without_their_numbers_changing() -> None:
    assert RULES.t1w[0].repetition_time_ms == [200, 1500]
    assert np.isclose(RULES.t1w[1].echo_time_ms or [0, 0], [0.5, 12]).all()
