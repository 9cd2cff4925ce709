"""What a bundle holds, and what it must not hold."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from two_hospitals import CELL, MARKER, change, complaint, gfce, run

from gfce.config import load_config
from gfce.evaluation.model_folder import ModelFolder
from gfce.exchange.received_bundle import ReceivedBundle
from gfce.study import Results, find_cell


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_member_has_its_checksum_and_no_time(bundle: Path) -> None:
    content = members(bundle)
    listed = json.loads(content["manifest.json"])["members"]
    assert listed.keys() == content.keys() - {"manifest.json"}
    for name, checksum in listed.items():
        assert hashlib.sha256(content[name]).hexdigest() == checksum
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(content)
    assert {(info.date_time, info.compress_type) for info in infos} == {((1980, 1, 1, 0, 0, 0), 0)}
    assert sum("weights" in name for name in content) == 8


def test_no_patient_no_path_and_no_word_of_a_persons(original: Path, bundle: Path) -> None:
    """Ids are in run.json, in cohort.exclude and in cohort.two_persons of the study."""
    results = Results(load_config(original))
    run = json.loads(results.run(find_cell(load_config(original), CELL)).read_text())
    assert MARKER in json.dumps(run["patients"])
    assert MARKER in json.dumps(run["config"]["cohort"])
    for name, content in members(bundle).items():
        assert MARKER.encode() not in content, name
        assert b"sub-" not in content, name
        assert str(original.parent).encode() not in content, name


def test_the_card_says_who_was_trained_on_and_how_it_scored(bundle: Path) -> None:
    card = members(bundle)["MODEL_CARD.md"].decode()
    assert "Research, not for diagnosis" in card
    assert "| Tri-Z | unet | Z-Score | A, B, C | 2 | 1 |" in card
    assert "| A | 2 | 3 | 3 | 2x1.5x4 |" in card
    assert card.count("| Tri-Z | Overall |") == 1


def test_the_card_says_that_scores_are_not_known(home: Path, tmp_path: Path) -> None:
    results = Results(load_config(home))
    results.record("tabulate").unlink()
    gfce("bundle", home, "-o", tmp_path / "bundle.zip")
    card = members(tmp_path / "bundle.zip")["MODEL_CARD.md"].decode()
    assert "tables were not up to date" in card
    assert "Overall" not in card


def test_a_model_of_a_bundle_is_one_that_synthesizes(
    original: Path, bundle: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    folder = ModelFolder.read(tmp_path / "models" / CELL)
    cell = find_cell(load_config(original), CELL)
    assert folder.cell == cell
    own = ModelFolder.read(Results(load_config(original)).model(cell))
    assert (folder.normalization, folder.weights_sha256) == (own.normalization, own.weights_sha256)
    folder.generator("cpu")
    content = json.loads((tmp_path / "models" / CELL / "run.json").read_text())
    assert content["n_patients"] == folder.trained_on == own.trained_on == 2
    assert folder.fingerprint is None


def test_what_the_training_is_like_goes_with_the_models(home: Path, tmp_path: Path) -> None:
    """If the study has measured it, and its measurements are those of today."""
    run(home, "fingerprint")
    gfce("bundle", home, "-o", tmp_path / "with.zip", "--cells", CELL)
    assert ReceivedBundle.read(tmp_path / "with.zip").cells.keys()
    with zipfile.ZipFile(tmp_path / "with.zip") as archive:
        archive.extractall(tmp_path)
    fingerprint = ModelFolder.read(tmp_path / "models" / CELL).fingerprint
    assert fingerprint is not None
    assert fingerprint.patients == 2
    assert MARKER not in (tmp_path / "models" / CELL / "fingerprint.json").read_text()
    Results(load_config(home)).record("fingerprint").unlink()
    gfce("bundle", home, "-o", tmp_path / "without.zip", "--cells", CELL)
    assert f"models/{CELL}/fingerprint.json" not in members(tmp_path / "without.zip")


def test_the_study_keeps_the_checksum(original: Path, bundle: Path) -> None:
    checksum = hashlib.sha256(bundle.read_bytes()).hexdigest()
    record = Results(load_config(original)).bundles / f"{checksum}.json"
    received = ReceivedBundle.read(bundle)
    assert received.sha256 == checksum == json.loads(record.read_text())["sha256"]
    assert {str(cell) for cell in received.cells} == json.loads(record.read_text())["cells"].keys()


def test_cells_are_chosen_by_patterns(home: Path, tmp_path: Path) -> None:
    patterns = ["*/min_max/uni-[AB]/*", CELL]
    gfce("bundle", home, "-o", tmp_path / "some.zip", "--cells", *patterns)
    names = {str(cell) for cell in ReceivedBundle.read(tmp_path / "some.zip").cells}
    assert names == {CELL, "unet/min_max/uni-A/seed-1", "unet/min_max/uni-B/seed-1"}


def test_what_is_not_trained_is_left_out_or_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    results, cell = Results(load_config(home)), find_cell(load_config(home), CELL)
    results.record("train", cell).unlink()
    gfce("bundle", home, "-o", tmp_path / "most.zip")
    assert cell not in ReceivedBundle.read(tmp_path / "most.zip").cells
    assert f"left out: train {CELL}: not made yet" in caplog.text
    capsys.readouterr()
    line = complaint(capsys, "bundle", home, "-o", tmp_path / "b.zip", "--cells", CELL)
    assert f"train {CELL}: not made yet: run `gfce train` first" in line
    change(home, "training", epochs=2)
    assert "no cell is trained" in complaint(capsys, "bundle", home, "-o", tmp_path / "b.zip")
    line = complaint(capsys, "bundle", home, "-o", tmp_path / "b.zip", "--cells", "*/uni-A/*")
    assert "setting training.epochs 1 -> 2" in line
    assert not (tmp_path / "b.zip").exists()


def test_mistakes(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "b.zip"
    line = complaint(capsys, "bundle", home, "-o", output, "--cells", "*/duo/*")
    assert "--cells */duo/*: fits none of the grid's cells, such as unet/" in line
    output.touch()
    assert "b.zip: exists already" in complaint(capsys, "bundle", home, "-o", output)
    output.unlink()
    weights = Results(load_config(home)).weights(find_cell(load_config(home), CELL))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    before = weights.stat()
    weights.write_bytes(content)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "is not as it was written" in complaint(capsys, "bundle", home, "-o", output)
    assert not output.exists()
    assert list(tmp_path.glob(".*zip")) == []
