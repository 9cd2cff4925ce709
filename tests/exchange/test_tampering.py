"""A bundle that is not as it was written is refused in one line, and nothing is written."""

from __future__ import annotations

import copy
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from two_hospitals import CELL

from gfce.errors import UserError
from gfce.exchange.archive import write_archive
from gfce.exchange.received_bundle import ReceivedBundle
from gfce.study import Results

Members = dict[str, bytes]
WEIGHTS = f"models/{CELL}/weights.safetensors"


def sign(members: Members) -> Members:
    """Make the checksums those of the members."""
    manifest = json.loads(members["manifest.json"])
    others = {name: content for name, content in members.items() if name != "manifest.json"}
    manifest["members"] = {n: hashlib.sha256(c).hexdigest() for n, c in others.items()}
    return {**others, "manifest.json": json.dumps(manifest).encode()}


def in_manifest(*keys: str, value: object = None) -> Callable[[Members], Members]:
    """Give a key of the manifest another value (None: leave it out)."""

    def change(members: Members) -> Members:
        manifest = json.loads(members["manifest.json"])
        place = manifest
        for key in keys[:-1]:
            place = place[key]
        if value is None:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value
        return {**members, "manifest.json": json.dumps(manifest).encode()}

    return change


def with_member(name: str, content: bytes = b"x") -> Callable[[Members], Members]:
    return lambda members: {**members, name: content}


def signed(change: Callable[[Members], Members]) -> Callable[[Members], Members]:
    return lambda members: sign(change(members))


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: value for key, value in members.items() if key != name}


DAMAGED = "is damaged or no bundle of gfce"
CHANGES: dict[str, tuple[Callable[[Members], Members], str]] = {
    "weights": (with_member(WEIGHTS), "weights.safetensors is not as it was written"),
    "card": (with_member("MODEL_CARD.md"), "MODEL_CARD.md is not as it was written"),
    "one more": (with_member("more.txt"), DAMAGED),
    "one more, listed": (signed(with_member("more.txt")), DAMAGED),
    "outside": (signed(with_member("../outside.txt")), DAMAGED),
    "absolute": (signed(with_member("/tmp/outside.txt")), DAMAGED),
    "no weights": (signed(without(WEIGHTS)), DAMAGED),
    "other weights, listed": (signed(with_member(WEIGHTS)), DAMAGED),
    "no manifest": (without("manifest.json"), DAMAGED),
    "no JSON": (with_member("manifest.json", b"\xff"), DAMAGED),
    "deep JSON": (with_member("manifest.json", b"[" * 100_000), DAMAGED),
    "a list": (with_member("manifest.json", b"[]"), DAMAGED),
    "no list of members": (in_manifest("members", value=3), DAMAGED),
    "another format": (in_manifest("format", value=2), "made by another version of gfce"),
    "no cells": (in_manifest("cells"), DAMAGED),
    "a cell outside": (
        in_manifest("cells", value={"../../x": {}}),
        "cell ../../x: not one of the grid's",
    ),
    "no recipe": (in_manifest("cells", CELL, "recipe"), DAMAGED),
    "half a recipe": (in_manifest("cells", CELL, "recipe", "settings", value=3), DAMAGED),
    "a mean of text": (in_manifest("cells", CELL, "mean_ce", value="x"), DAMAGED),
    "other code": (
        in_manifest("cells", CELL, "recipe", "versions", "evaluate", value=99),
        "scores otherwise (version of evaluate 99 -> ",
    ),
    "other settings": (
        in_manifest("cells", CELL, "recipe", "settings", "images.matrix", value=[8, 8]),
        "scores otherwise (setting images.matrix [8, 8] -> [40, 36])",
    ),
    "no cohort": (signed(with_member("config.json", b"{}")), DAMAGED),
    "an impossible configuration": (
        signed(with_member("config.json", b'{"cohort": {}}')),
        "config.json: study: this key must be given",
    ),
}


def read(bundle: Path) -> Members:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        ReceivedBundle.read(path)
    text = str(refused.value)
    assert text.startswith("changed.zip: ")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", CHANGES)
def test_changes(bundle: Path, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    write_archive(change(read(bundle)), tmp_path / "changed.zip")
    assert expected in refusal(tmp_path / "changed.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["changed.zip"]


def test_the_archive_is_taken_as_it_was_written(bundle: Path, tmp_path: Path) -> None:
    """The changes above are found though the bytes of the archive are as ours would be."""
    write_archive(read(bundle), tmp_path / "same.zip")
    assert (tmp_path / "same.zip").read_bytes() == bundle.read_bytes()
    assert ReceivedBundle.read(tmp_path / "same.zip").cells


def test_a_compressed_archive_may_be_a_bomb(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "changed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in read(bundle).items():
            archive.writestr(name, content)
    assert "was packed anew" in refusal(tmp_path / "changed.zip")


def test_a_name_that_is_there_twice(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
        for name, content in read(bundle).items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("MODEL_CARD.md", b"other")
    assert "was packed anew" in refusal(tmp_path / "changed.zip")


def test_sizes_that_are_not_there(bundle: Path, tmp_path: Path) -> None:
    """Members that say that they share their bytes would be larger than the file."""
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
        archive.writestr("manifest.json", bytes(10_000))
        archive.infolist().extend(archive.infolist() * 3)
        for number, info in enumerate(archive.infolist()):
            if number:
                archive.filelist[number] = copy.copy(info)
                archive.filelist[number].filename = f"{number}.json"
        archive._didModify = True  # type: ignore[attr-defined]
    assert "was packed anew" in refusal(tmp_path / "changed.zip")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_part_of_a_bundle(bundle: Path, tmp_path: Path, share: float) -> None:
    content = bundle.read_bytes()
    (tmp_path / "changed.zip").write_bytes(content[: int(share * len(content))])
    assert DAMAGED in refusal(tmp_path / "changed.zip")


def test_a_flipped_bit_anywhere(bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    for place in range(100, len(content), len(content) // 40):
        changed = bytearray(content)
        changed[place] ^= 4
        (tmp_path / "changed.zip").write_bytes(changed)
        refusal(tmp_path / "changed.zip")


def test_no_bundle_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.zip: No such file or directory: name a bundle"):
        ReceivedBundle.read(tmp_path / "none.zip")
    with pytest.raises(UserError, match="Is a directory"):
        ReceivedBundle.read(tmp_path)


def test_a_file_that_changes_meanwhile(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "changed.zip"
    copy.write_bytes(bundle.read_bytes())
    received = ReceivedBundle.read(copy)
    write_archive({**read(bundle), "MODEL_CARD.md": b"x"}, copy)
    results = Results(received.config.model_copy(update={"results": tmp_path / "work"}))
    with pytest.raises(UserError, match="was changed meanwhile"):
        received.unpack(results)
