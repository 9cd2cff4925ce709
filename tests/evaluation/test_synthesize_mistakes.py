"""Mistakes of whoever synthesizes one patient: one line, and nothing written."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from cohorts import head, image
from synthesizing import aligned, command, swapped, wide

from gfce.cli import main


def edited(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def other_network(folder: Path) -> None:
    content = json.loads((folder / "run.json").read_text())
    content["config"]["grid"]["networks"]["unet"]["width"] = 4
    (folder / "run.json").write_text(json.dumps(content))


def not_finite(folder: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = folder / "weights.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata, names = file.metadata(), list(file.keys())
        tensors = {name: torch.full_like(file.get_tensor(name), torch.nan) for name in names}
    save_file(tensors, path, metadata)


Break = Callable[[Path, Path], object]
"""Of the model's folder and the inputs'."""
BROKEN: dict[str, tuple[Break, str]] = {
    "no folder": (lambda f, i: shutil.rmtree(f), "--model: no such folder: name"),
    "no weights": (lambda f, i: (f / "weights.safetensors").unlink(), "--model: has no weights.safetensors: name"),
    "no normalization": (lambda f, i: (f / "normalization.json").unlink(), "--model: has no normalization.json: name"),
    "no run": (lambda f, i: (f / "run.json").unlink(), "--model: has no run.json: name"),
    "cut weights": (lambda f, i: (f / "weights.safetensors").write_bytes((f / "weights.safetensors").read_bytes()[:-9]), "--model: weights.safetensors: not a file of weights"),
    "empty weights": (lambda f, i: (f / "weights.safetensors").write_bytes(b""), "--model: weights.safetensors: not a file of weights"),
    "nan weights": (lambda f, i: not_finite(f), "--model: gives voxels that are not finite"),
    "damaged normalization": (lambda f, i: (f / "normalization.json").write_text("{"), "--model: normalization.json: is damaged"),
    "other normalization": (lambda f, i: edited(f / "normalization.json", normalization="z_score"), "--model: normalization.json is of z_score and run.json of min_max"),
    "damaged run": (lambda f, i: (f / "run.json").write_bytes(b"\xff{"), "--model: run.json is damaged: copy it again"),
    "run of a list": (lambda f, i: (f / "run.json").write_text("[]"), "--model: run.json is damaged: copy it again"),
    "run without a cell": (lambda f, i: edited(f / "run.json", cell={}), "--model: run.json is damaged: copy it again"),
    "run of no cell": (lambda f, i: edited(f / "run.json", cell={"network": "unet", "normalization": "min_max", "training_set": "uni-B", "seed": 1}), "--model: run.json is damaged or of another version: cell unet/min_max/uni-B"),
    "run of other keys": (lambda f, i: edited(f / "run.json", config={"cohort": {}}), "--model: run.json is damaged or of another version: "),
    "damaged fingerprint": (lambda f, i: (f / "fingerprint.json").write_text("{"), "--model: fingerprint.json is damaged or of another version"),
    "other network": (lambda f, i: other_network(f), "--model: weights.safetensors is of another network than run.json says"),
    "no T1w": (lambda f, i: (i / "t1w.nii.gz").unlink(), "--t1w: no such file"),
    "cut T2w": (lambda f, i: (i / "t2w.nii.gz").write_bytes((i / "t2w.nii.gz").read_bytes()[:-99]), "--t2w: is cut short"),
    "constant T2w": (lambda f, i: swapped(i, "t2w", wide(head(0) * 0)), "--t2w: every voxel is 0"),
    "other grid": (lambda f, i: swapped(i, "t2w", image(1)), "--t1w, --t2w: lie on different grids (20 x 24 x 3 and 20 x 24 x 3 voxels, or other places): register"),
    "beside T1w": (lambda f, i: (aligned(f, "resample"), swapped(i, "t2w", image(1))), "--t1w, --t2w: T2w covers 0% of T1w's field of view, less than 50%: export"),
    "same image": (lambda f, i: shutil.copy(i / "t1w.nii.gz", i / "t2w.nii.gz"), "--t1w, --t2w: are the same image"),
    "output there": (lambda f, i: (i.parent / "ce.nii.gz").touch(), "--output: exists already"),
    "sidecar there": (lambda f, i: (i.parent / "ce.json").touch(), "--output: a .json of that name exists already"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), BROKEN.values(), ids=BROKEN)
def test_mistakes_are_one_line_and_nothing_is_written(
    damage: Break,
    message: str,
    folder: Path,
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(folder, inputs)
    before = sorted(inputs.parent.rglob("*"))
    assert main(command(folder, inputs)) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"gfce: error: {message}")
    assert "Doe" not in line
    assert str(inputs.parent) not in line
    assert sorted(inputs.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["ce", "ce.png", "ce.hdr", ".nii.gz", "ce.NII", "new/ce.gz"])
def test_other_formats_are_not_written(
    name: str, folder: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(inputs.parent.rglob("*"))
    assert main(command(folder, inputs, output=name)) == 1
    assert "--output: name a file that ends in one of .nii, " in capsys.readouterr().err
    assert sorted(inputs.parent.rglob("*")) == before


def test_a_full_disk_leaves_no_sidecar(
    folder: Path, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gfce.evaluation.synthesize.write_image", full)
    assert main(command(folder, inputs)) == 1
    assert not (inputs.parent / "ce.json").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="of machines without a GPU")
def test_no_gpu(folder: Path, inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(folder, inputs, "--device", "cuda")) == 1
    assert "--device: this machine has no usable GPU" in capsys.readouterr().err
    assert main(command(folder, inputs, "--device", "auto")) == 0
