"""Tables that say which institution a BraTS patient is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfce.brats.partition import read_partition
from gfce.errors import UserError

EXPECTED = {"P1": "Institution-1", "P2": "Institution-10"}


@pytest.mark.parametrize(
    "content",
    [
        "Partition_ID,Subject_ID\n1,P1\n10,P2\n",
        "Subject_ID,Partition_ID\nP1,01\nP2,10\n",
        "\ufeffSubject_ID,Partition_ID\r\nP1,1\r\nP2,10\r\n\r\n",
        "subject_id,partition_id,TrainOrVal\nP1,1.0,train\nP2,10.0,val\n",
        "PATIENT,Institution\nP1,Institution-1\nP2,Institution-10\n",
        ' Patient , INSTITUTION\n" P1", 1 \nP2,10\n',
    ],
    ids=["fets-2022", "fets-2021", "windows", "more-columns", "names", "spaces"],
)
def test_tables(tmp_path: Path, content: str) -> None:
    (tmp_path / "table.csv").write_bytes(content.encode())
    assert read_partition(tmp_path / "table.csv") == EXPECTED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: export it again"),
        ("Subject_ID,Partition_ID\n", "has no patient: add one"),
        ("Subject_ID\nP1\n", "column partition_id (or institution) is missing: add it"),
        ("Subject_ID;Partition_ID\nP1;1\n", "column subject_id (or patient) is missing: add it"),
        ("patient,Subject_ID,institution\n", "column subject_id (or patient) is there twice: keep"),
        ("patient,institution\nP1,1\nP1,2\n", "patient P1 is there twice: keep one row"),
        ("patient,institution\nP1,1\n,2\n", "row 3 has no patient: add it, or remove the row"),
        ("patient,institution\nP1,\n", "row 2 has no institution: add it, or remove the row"),
        ("patient,institution\nP1,St. Mary\n", "row 2: an institution is a number, or a name of"),
        ("patient,institution\nP1,-3\n", "row 2: an institution is a number, or a name of"),
        ("patient,institution\nP1,1.5\n", "row 2: an institution is a number, or a name of"),
        ("patient,institution\nP1\n", "row 2 has 1 cells and the header 2: correct the row"),
        ('patient,institution\n"P\n1",1\n', "row 2 has a line break or another control"),
        (b"patient,institution\n\xff,A\n", "is not a CSV table in UTF-8: export it as one"),
    ],
)
def test_wrong_tables(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        read_partition(path)
    assert str(caught.value).startswith(f"table.csv: {message}")
    assert "\n" not in str(caught.value)
