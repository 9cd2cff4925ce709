"""normalization.json, when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gfce.errors import UserError
from gfce.images.fitting import load_normalization
from gfce.images.modalities import MODALITIES


def each(values: object) -> dict[str, object]:
    return dict.fromkeys(MODALITIES, values)


def text(name: object = "dataset_z_score", parameters: object = None) -> str:
    fitted = each([1.0, 2.0]) if parameters is None else parameters
    return json.dumps({"normalization": name, "parameters": fitted})


DAMAGES = {
    "empty": "",
    "cut": text()[:-20],
    "list": "[]",
    "number": "7",
    "null": "null",
    "no-keys": "{}",
    "unknown": text("min_min"),
    "no-name": text(["min_max"]),
    "no-modality": text(parameters={}),
    "one-modality": text(parameters={"t1w": [1, 2]}),
    "parameters-list": text(parameters=[1, 2]),
    "too-few": text(parameters=each([1.0])),
    "too-many": text("z_score"),
    "nan": text(parameters=each([1.0, float("nan")])),
    "infinite": text(parameters=each([1.0, float("inf")])),
    "words": text(parameters=each(["a", "b"])),
    "nested": text(parameters=each([[1], [2]])),
    "no-lists": text(parameters=each(1)),
    "no-spread": text(parameters=each([1.0, 0.0])),
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_normalization(content: str, tmp_path: Path) -> None:
    path = tmp_path / "normalization.json"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        load_normalization(tmp_path / "normalization.json")
    assert str(caught.value) == f"{path}: is damaged: run `gfce train` again"


def test_other_bytes(tmp_path: Path) -> None:
    (tmp_path / "normalization.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is damaged: run `gfce train` again"):
        load_normalization(tmp_path / "normalization.json")
