"""participants.tsv: which tables are read, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gfce.cohort.participants import read_participants
from gfce.errors import UserError

TABLE = "participant_id\tinstitution\n"
NOT_AN_ID = "is not sub- with letters and digits behind it, at most 64 in all: correct it"

PARTICIPANTS: list[tuple[str | bytes, str]] = [
    ("", "is empty: list the patients and their institutions"),
    ("\n\n \t \n", "is empty: list the patients and their institutions"),
    (TABLE, "lists no patient: add them"),
    (TABLE + "sub-1\tZürich\n", ""),
    ((TABLE + "sub-1\tZürich\n").encode("latin-1"), "not text in UTF-8: save it as UTF-8"),
    ((TABLE + "sub-1\tA\n").encode("utf-16"), "not text in UTF-8: save it as UTF-8"),
    ((TABLE + "sub-1\tA\n").encode("utf-8-sig"), ""),
    (TABLE.replace("\n", "\r\n") + "sub-1\tA\r\n", ""),
    (TABLE + " sub-1 \tA \n\n", ""),
    (TABLE + "sub-1\tA", ""),
    ("institution\tage\tparticipant_id\nA\t60\tsub-1\n", ""),
    (
        "participant_id,institution\nsub-1,A\n",
        "not separated by tabs: save it as a table separated by tabs",
    ),
    (
        "participant_id;institution\nsub-1;A\n",
        "not separated by tabs: save it as a table separated by tabs",
    ),
    ("sub-1\tA\nsub-2\tA\n", "column participant_id is missing: add it"),
    (
        "participant_id\tinstitution\tinstitution\nsub-1\tA\tB\n",
        "column institution is there twice: keep one",
    ),
    (TABLE + "sub-1\tA\tB\n", "line 2 has 3 cells and the header 2: correct the line"),
    (TABLE + "sub-1\n", "line 2 has 1 cells and the header 2: correct the line"),
    (TABLE + "sub-1\tA\n\nsub-2\n", "line 4 has 1 cells and the header 2: correct the line"),
    (
        TABLE + 'sub-1\t"A\n',
        "not a table separated by tabs (unexpected end of data): save it as one",
    ),
    (TABLE + 'sub-1\t"A\nB"\n', "line 3: institution has a control character: correct it"),
    (TABLE + "sub-1\tA\0\n", "line 2: institution has a control character: correct it"),
    (TABLE + "sub-1\tA\nsub-1\tA\n", "patient sub-1 is there twice: keep one row"),
    (TABLE + "sub-1\tA\nsub-1\tB\n", "patient sub-1 is there twice: keep one row"),
    (TABLE + "sub-a\tA\nsub-A\tA\n", "patients sub-a and sub-A differ only in case: rename one"),
    (TABLE + "1\tA\n", f"line 2: participant_id 1 {NOT_AN_ID}"),
    (TABLE + "SUB-1\tA\n", f"line 2: participant_id SUB-1 {NOT_AN_ID}"),
    (TABLE + "sub-\tA\n", f"line 2: participant_id sub- {NOT_AN_ID}"),
    (TABLE + "sub-1 2\tA\n", f"line 2: participant_id sub-1 2 {NOT_AN_ID}"),
    (TABLE + "sub-1/2\tA\n", f"line 2: participant_id sub-1/2 {NOT_AN_ID}"),
    (TABLE + "../sub-1\tA\n", f"line 2: participant_id ../sub-1 {NOT_AN_ID}"),
    (TABLE + "sub-..\tA\n", f"line 2: participant_id sub-.. {NOT_AN_ID}"),
    (TABLE + "sub-ü\tA\n", f"line 2: participant_id sub-ü {NOT_AN_ID}"),
    (TABLE + "sub-1_2\tA\n", f"line 2: participant_id sub-1_2 {NOT_AN_ID}"),
    (TABLE + "\tA\n", f"line 2: participant_id (empty) {NOT_AN_ID}"),
    (TABLE + f"sub-{'1' * 61}\tA\n", f"line 2: participant_id sub-{'1' * 56}... {NOT_AN_ID}"),
]
"""The text of participants.tsv, and what is said of it (nothing: it lists sub-1)."""


@pytest.mark.parametrize(("content", "expected"), PARTICIPANTS)
def test_lists_of_participants(tmp_path: Path, content: str | bytes, expected: str) -> None:
    data = content.encode() if isinstance(content, str) else content
    (tmp_path / "participants.tsv").write_bytes(data)
    if not expected:
        assert list(read_participants(tmp_path)) == ["sub-1"]
        assert read_participants(tmp_path)["sub-1"] in ("A", "Zürich")
        return
    with pytest.raises(UserError) as caught:
        read_participants(tmp_path)
    assert str(caught.value) == f"participants.tsv: {expected}"


@pytest.mark.parametrize(("column", "expected"), [("site", "A"), ("institution", "B")])
def test_the_column_of_the_institution(tmp_path: Path, column: str, expected: str) -> None:
    table = "participant_id\tsite\tinstitution\nsub-1\tA\tB\n"
    (tmp_path / "participants.tsv").write_text(table)
    assert read_participants(tmp_path, column) == {"sub-1": expected}
    with pytest.raises(UserError) as caught:
        read_participants(tmp_path, "centre")
    assert str(caught.value) == (
        "participants.tsv: column centre is missing: correct cohort.bids.institution_column"
    )


def test_without_such_a_column_it_is_unknown_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "participants.tsv").write_text("participant_id\tsite\nsub-1\tA\n")
    assert read_participants(tmp_path) == {"sub-1": None}
    [line] = caplog.messages
    assert line.startswith("warning: participants.tsv: column institution is missing")
    assert line.endswith("cohort.bids.institution_column can name a column (others: site)")


def test_a_dataset_that_is_none(tmp_path: Path) -> None:
    line = f"{tmp_path.name}: not a BIDS dataset with participants.tsv: check cohort.dataset"
    with pytest.raises(UserError) as caught:
        read_participants(tmp_path)
    assert str(caught.value) == line
    (tmp_path / "participants.tsv").mkdir()
    with pytest.raises(UserError) as caught:
        read_participants(tmp_path)
    assert str(caught.value) == line


FUZZ = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(
    st.binary(max_size=80)
    | st.text('sub-1A2\t\n\r"', max_size=40).map(lambda t: (TABLE + t).encode())
)
def test_any_list_of_participants_is_read_or_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "participants.tsv").write_bytes(content)
    try:
        assert read_participants(tmp_path)
    except UserError as error:
        assert str(error).isprintable()
