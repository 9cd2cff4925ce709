"""Sidecars: the field strength, and what is said where it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cohorts import COHORT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gfce.cohort.reading import read_dataset

NO_JSON = "the field strength stays empty"
TESLA = "not a number of tesla up to 30"


def anat(root: Path, name: str, folder: str = "sub-A2/anat") -> Path:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


SIDECARS: list[tuple[bytes, str]] = [
    (b"", f"not JSON in UTF-8: {NO_JSON}"),
    (b"{", f"not JSON in UTF-8: {NO_JSON}"),
    ('{"InstitutionName": "Zürich"}'.encode("latin-1"), f"not JSON in UTF-8: {NO_JSON}"),
    ('{"MagneticFieldStrength": 3}'.encode("utf-16"), f"not JSON in UTF-8: {NO_JSON}"),
    (b"[" * 100_000, f"not JSON in UTF-8: {NO_JSON}"),
    (b"[3]", f"not a JSON object: {NO_JSON}"),
    (b"3", f"not a JSON object: {NO_JSON}"),
    (b"null", f"not a JSON object: {NO_JSON}"),
    (b'"3T"', "3T"),
    (b'"3"', "3"),
    (b'"1,5"', "1,5"),
    (b"true", "True"),
    (b"-3", "-3"),
    (b"0", "0"),
    (b"NaN", "nan"),
    (b"Infinity", "inf"),
    (b"15000", "15000"),
    (b"1" + b"0" * 400, f"1{'0' * 59}..."),
    (b"[3]", "something else"),
    (b"{}", "something else"),
]


@pytest.mark.parametrize(("content", "said"), SIDECARS)
def test_a_broken_sidecar_is_a_warning(
    root: Path, caplog: pytest.LogCaptureFixture, content: bytes, said: str
) -> None:
    if NO_JSON not in said:
        content = b'{"MagneticFieldStrength": ' + content + b"}"
        said = f"MagneticFieldStrength is {said}, {TESLA}: {NO_JSON}"
    anat(root, "sub-A2_T1w.json").write_bytes(content)
    strengths = {patient.patient_id: patient.field_strength_t for patient in read_dataset(root)}
    assert strengths == dict.fromkeys(COHORT, 3) | {"sub-A2": None}
    assert caplog.messages == [f"warning: sub-A2/anat/sub-A2_T1w.json: {said}"]


def test_sidecars_that_are_of_no_use_are_not_read(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only those of the T1w volume tell the field strength."""
    for name in ("sub-A2_T2w.json", "sub-A2_ce-gadolinium_T1w.json", "sub-A2_acq-x_T1w.json"):
        anat(root, name).write_text("{")
    (root / "participants.json").write_text("{")
    (root / "task-rest_bold.json").write_text("{")
    (root / "derivatives" / "other").mkdir(parents=True)
    (root / "derivatives" / "other" / "T1w.json").write_text("{")
    assert {patient.field_strength_t for patient in read_dataset(root)} == {3}
    assert caplog.messages == []


def test_sidecars_are_inherited(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for patient in COHORT:
        anat(root, f"{patient}_T1w.json", f"{patient}/anat").unlink()
    anat(root, "sub-B1_T1w.json", "sub-B1/anat").write_text('{"MagneticFieldStrength": null}')
    anat(root, "sub-B2_T1w.json", "sub-B2/anat").write_text("\ufeff{}", encoding="utf-8")
    (root / "T1w.json").write_text(json.dumps({"MagneticFieldStrength": 1.5}))
    (root / "sub-A2" / "T1w.json").write_text(json.dumps({"MagneticFieldStrength": 7}))
    strengths = {patient.patient_id: patient.field_strength_t for patient in read_dataset(root)}
    assert strengths == dict.fromkeys(COHORT, 1.5) | {"sub-A2": 7}
    (root / "T1w.json").write_text("{")
    assert {patient.field_strength_t for patient in read_dataset(root)} == {None}
    assert caplog.messages == [f"warning: T1w.json: not JSON in UTF-8: {NO_JSON}"]


FUZZ = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
)


@FUZZ
@given(
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps({"MagneticFieldStrength": value}).encode())
)
def test_any_sidecar_is_read_or_a_warning(tmp_path: Path, content: bytes) -> None:
    root = tmp_path / "one"
    path = anat(root, "sub-A2_T1w.nii.gz")
    path.touch()
    (root / "participants.tsv").write_text("participant_id\tinstitution\nsub-A2\tA\n")
    anat(root, "sub-A2_T1w.json").write_bytes(content)
    [patient] = read_dataset(root)
    assert patient.field_strength_t is None or 0 < patient.field_strength_t <= 30
