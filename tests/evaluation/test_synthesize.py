"""The synthetic CE of a patient of no study, by a trained cell's folder alone."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import torch
from cohorts import COHORT, head, image, minimal_config, write_cohort

from gfce.cli import main
from gfce.cohort.index import index
from gfce.config import parse_config
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.new_patient import NewPatient
from gfce.evaluation.predict import predict
from gfce.evaluation.predictions import prediction_path
from gfce.evaluation.synthesize import synthetic_volume
from gfce.files import sha256
from gfce.images.arrays import Geometry
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.normalizations.min_max import MinMax
from gfce.images.preprocess import preprocess
from gfce.images.reading import read_image
from gfce.images.volumes import Image, same_geometry, to_array, to_image
from gfce.images.writing import write_image
from gfce.study import Cell, Results
from gfce.training.cell import train_cell

CELLS = [Cell("unet", name, "pooled", 1) for name in NORMALIZATIONS]
CELLS += [Cell("mmgsn_net", "min_max", "pooled", 1)]
OBLIQUE = sitk.Euler3DTransform((0, 0, 0), 0.2, -0.1, 0.3).GetMatrix()


@pytest.fixture(scope="module", params=["volume", "foreground"])
def results(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("study")
    networks = {"unet": {"width": 2}, "mmgsn_net": {"width": 8}}
    content = minimal_config(
        results=root / "results",
        cohort={"dataset": root / "data", "development": ["A", "B"]},
        images={"statistics_region": request.param},
        grid={"networks": networks, "normalizations": list(NORMALIZATIONS)},
        training={"batch_size": 2},
    )
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    for institution in config.cohort.institutions:
        preprocess(config, institution)
    for cell in CELLS if request.param == "volume" else CELLS[:1]:
        train_cell(config, cell)
        predict(config, cell)
    return Results(config)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One model alone, and nothing of its study."""
    root = tmp_path_factory.mktemp("one")
    content = minimal_config(
        results=root / "results",
        cohort={"dataset": root / "data", "development": ["A"], "external": []},
        grid={"networks": {"unet": {"width": 2}}, "normalizations": ["min_max"]},
    )
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, {name: i for name, i in COHORT.items() if i == "A"})
    index(config)
    preprocess(config, "A")
    train_cell(config, Cell("unet", "min_max", "uni-A", 1))
    shutil.rmtree(root / "data")
    return Results(config)


@pytest.fixture
def folder(study: Results, tmp_path: Path) -> Path:
    """A copy of the model's folder, at another place."""
    copy = tmp_path / "model-of-Doe"
    shutil.copytree(study.model(Cell("unet", "min_max", "uni-A", 1)), copy)
    return copy


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with the T1w and T2w of a patient, and nothing else."""
    root = tmp_path / "patient-Doe"
    for number, name in enumerate(("t1w", "t2w")):
        write_image(wide(head(number)), root / f"{name}.nii.gz")
    return root


def wide(array: np.ndarray) -> Image:
    """A head in a field of view of a head."""
    return to_image(array, Geometry((10.0, 9.0, 4.0), (-100.0, -90.0, 30.0), OBLIQUE))


def command(folder: Path, inputs: Path, *more: object, output: str = "ce.nii.gz") -> list[str]:
    words = ["synthesize", "--model", folder, "--t1w", inputs / "t1w.nii.gz"]
    words += ["--t2w", inputs / "t2w.nii.gz", "-o", inputs.parent / output, *more]
    return [str(word) for word in words]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_it_is_the_volume_that_predict_writes(results: Results, cell: Cell, tmp_path: Path) -> None:
    if not results.model(cell).exists():
        pytest.skip("trained with statistics of the volume alone")
    data = results.root.parents[1] / "data"
    for path in results.predictions(cell).glob("sub-*"):
        name = path.name
        anat = data / name / "anat"
        written = read_image(prediction_path(results.predictions(cell), name))
        model = ModelFolder.read(results.model(cell))
        t1w, t2w = (anat / f"{name}_{suffix}.nii.gz" for suffix in ("T1w", "T2w"))
        patient = NewPatient.read(t1w, t2w, model.config.images)
        volume = synthetic_volume(model, patient)
        assert volume.tobytes() == to_array(written).tobytes()
        assert same_geometry(to_image(volume, patient.geometry), written)


def test_it_needs_the_folder_alone_and_says_what_it_wrote(
    folder: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "history.csv").unlink()
    assert main(command(folder, inputs)) == 0
    assert capsys.readouterr().err == ""
    sidecar = inputs.parent / "ce.json"
    content = json.loads(sidecar.read_text())
    assert content["Description"].startswith("Synthetic, not for diagnosis")
    assert content["Model"] == "Uni-m1"
    assert content["Cell"] == "unet/min_max/uni-A/seed-1"
    assert content["WeightsSHA256"] == sha256(folder / "weights.safetensors")
    assert (content["Units"], content["Warnings"]) == ("t1w", [])
    assert "Doe" not in sidecar.read_text()
    assert str(inputs.parent) not in sidecar.read_text()


def test_units(folder: Path, inputs: Path) -> None:
    assert main(command(folder, inputs, "--units", "normalized", output="n.mha")) == 0
    assert main(command(folder, inputs, "--units", "t1w", output="t.nrrd")) == 0
    normalized, like_t1w = (
        to_array(read_image(inputs.parent / name)) for name in ("n.mha", "t.nrrd")
    )
    t1w = read_image(inputs / "t1w.nii.gz")
    resampled = NewPatient.read(
        inputs / "t1w.nii.gz", inputs / "t2w.nii.gz", ModelFolder.read(folder).config.images
    ).volumes["t1w"]
    low, high = float(resampled.min()), float(resampled.max())
    np.testing.assert_allclose(like_t1w, normalized * (high - low) + low, rtol=1e-4)
    assert json.loads((inputs.parent / "n.json").read_text())["Units"] == "normalized"
    assert same_geometry(read_image(inputs.parent / "n.mha"), t1w)


def test_a_normalization_without_an_inverse(
    folder: Path, inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OneWay(MinMax):
        def map_for(self, statistics: Any, fitted: Any) -> Any:
            inner = super().map_for(statistics, fitted)

            class Map:
                apply = staticmethod(inner.apply)

                def invert(self, volume: Any) -> Any:
                    raise NotImplementedError

            return Map()

    monkeypatch.setattr(
        "gfce.images.fitted_normalization.NORMALIZATIONS",
        {**NORMALIZATIONS, "min_max": OneWay()},
    )
    assert main(command(folder, inputs, "--units", "t1w")) == 1
    assert "min_max cannot be inverted" in capsys.readouterr().err
    assert main(command(folder, inputs)) == 0
    assert json.loads((inputs.parent / "ce.json").read_text())["Units"] == "normalized"


class Copy(torch.nn.Module):
    """A network whose CE is the T1w."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, t1w: torch.Tensor, t2w: torch.Tensor) -> torch.Tensor:
        return t1w


def lopsided(rows: int, columns: int, slices: int = 5) -> np.ndarray:
    """A head with a bright part at its left, anterior and inferior, (slice, row, column)."""
    array = head(0, slices, rows, columns)
    array[: slices // 2, rows // 6 : rows // 3, columns // 2 : 3 * columns // 4] += 400
    return array


TURNS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda one: one,
    "flipped left-right": lambda one: sitk.Flip(one, (True, False, False)),
    "flipped back-front": lambda one: sitk.Flip(one, (False, True, True)),
    "RAS": lambda one: sitk.DICOMOrient(one, "RAS"),
    "sagittal": lambda one: sitk.DICOMOrient(one, "PSR"),
    "coronal": lambda one: sitk.DICOMOrient(one, "LIP"),
    "left-handed": lambda one: sitk.DICOMOrient(one, "RPS"),
}


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha"])
@pytest.mark.parametrize("direction", [Geometry.direction, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("matrix", [(40, 36), (24, 20), (61, 50)], ids=str)
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_structures_stay_where_they_are(
    turn: Callable[[Image], Image],
    matrix: tuple[int, int],
    direction: tuple[float, ...],
    suffix: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ModelFolder, "generator", lambda self, device: Copy())
    geometry = Geometry((200 / matrix[1], 220 / matrix[0], 4.0), (-104.7, 50.3, 6.1), direction)
    t1w = turn(to_image(lopsided(*matrix), geometry))
    t2w = turn(to_image(head(1, 5, *matrix), geometry))
    for name, each in (("t1w", t1w), ("t2w", t2w)):
        write_image(each, tmp_path / "in" / f"{name}.nii.gz")
    assert main(command(folder, tmp_path / "in", output=f"ce{suffix}")) == 0
    result, original = (read_image(tmp_path / name) for name in (f"ce{suffix}", "in/t1w.nii.gz"))
    assert same_geometry(result, original, tolerance_mm=1e-3)
    np.testing.assert_allclose(result.GetDirection(), original.GetDirection(), atol=1e-6)
    after, before = to_array(result), to_array(original)
    if matrix == (40, 36):  # nothing was interpolated
        np.testing.assert_allclose(after, before, atol=0.05)
    error = np.abs(after - before).mean()
    assert error < 0.05 * before.mean()
    for axis in range(3):
        assert np.abs(np.flip(after, axis) - before).mean() > 2 * error


def swapped(inputs: Path, name: str, made: Image) -> None:
    write_image(made, inputs / f"{name}.nii.gz")


def far(array: np.ndarray) -> np.ndarray:
    array[1, 3, 3] = 1e6
    return array


SMALL = Geometry((2.0, 1.5, 4.0), (0.0, 0.0, 0.0))
UNLIKE: dict[str, tuple[dict[str, Image], str]] = {
    "matrix": ({"t1w": wide(head(0, 3, 90, 20)), "t2w": wide(head(1, 3, 90, 20))}, "T1w and T2w: slices of 90 x 20 pixels, the model's have 40 x 36"),
    "pixels": ({m: to_image(head(k), Geometry((20.0, 9.0, 4.0), (0.0, 0.0, 0.0))) for k, m in enumerate(("t1w", "t2w"))}, "T1w and T2w: pixels of 5.40 x 11.11 mm on the model's matrix stretch the head"),
    "view": ({m: to_image(head(k), SMALL) for k, m in enumerate(("t1w", "t2w"))}, "T1w and T2w: a field of view of 36 x 40 mm is not that of a head"),
    "outlier": ({"t2w": wide(far(head(1)))}, "T2w: the head is nearly one grey (0"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "said"), UNLIKE.values(), ids=UNLIKE)
def test_what_is_unlike_the_training(
    made: dict[str, Image],
    said: str,
    folder: Path,
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, each in made.items():
        swapped(inputs, name, each)
    assert main(command(folder, inputs)) == 0
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("gfce: warning: ") for line in lines)
    assert any(line.startswith(f"gfce: warning: {said}") for line in lines), lines
    assert len(json.loads((inputs.parent / "ce.json").read_text())["Warnings"]) == len(lines)


def test_intensities_far_outside_an_unbounded_training(
    results: Results, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = Cell("unet", "dataset_z_score", "pooled", 1)
    if not results.model(cell).exists():
        pytest.skip("trained with statistics of the volume alone")
    swapped(inputs, "t1w", wide(1000 * head(0)))
    swapped(inputs, "t2w", wide(head(1) / 1000))
    assert main(command(results.model(cell), inputs)) == 0
    said = capsys.readouterr().err
    assert "T1w: normalized intensities of the head are " in said
    assert "T2w: the head is nearly one grey" in said


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
    "other network": (lambda f, i: other_network(f), "--model: weights.safetensors is of another network than run.json says"),
    "no T1w": (lambda f, i: (i / "t1w.nii.gz").unlink(), "--t1w: no such file"),
    "cut T2w": (lambda f, i: (i / "t2w.nii.gz").write_bytes((i / "t2w.nii.gz").read_bytes()[:-99]), "--t2w: is cut short"),
    "constant T2w": (lambda f, i: swapped(i, "t2w", wide(head(0) * 0)), "--t2w: every voxel is 0"),
    "other grid": (lambda f, i: swapped(i, "t2w", image(1)), "--t1w, --t2w: lie on different grids (20 x 24 x 3 and 20 x 24 x 3 voxels, or other places): register"),
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
