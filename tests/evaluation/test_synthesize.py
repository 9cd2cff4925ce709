"""The synthetic CE of a patient of no study, by a trained cell's folder alone."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cohorts import COHORT, head, minimal_config, write_cohort
from synthesizing import command, swapped, wide

from gfce.cli import main
from gfce.cohort.index import index
from gfce.config import parse_config
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.new_patient import NewPatient
from gfce.evaluation.predict import predict
from gfce.evaluation.predictions import prediction_path
from gfce.evaluation.synthesize import synthetic_volume
from gfce.evaluation.unlike import ABSENT
from gfce.files import sha256
from gfce.images.arrays import Geometry
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.normalizations.min_max import MinMax
from gfce.images.preprocess import preprocess
from gfce.images.reading import read_image
from gfce.images.volumes import Image, same_geometry, to_array, to_image
from gfce.study import Cell, Results
from gfce.training.cell import train_cell

CELLS = [Cell("unet", name, "pooled", 1) for name in NORMALIZATIONS]
CELLS += [Cell("mmgsn_net", "min_max", "pooled", 1)]


def trained(root: Path, region: str, cells: list[Cell]) -> Results:
    """A study of two institutions, of which cells are trained and have predicted."""
    networks = {"unet": {"width": 2}, "mmgsn_net": {"width": 8}}
    content = minimal_config(
        results=root / "results",
        cohort={"dataset": root / "data", "development": ["A", "B"]},
        images={"statistics_region": region},
        grid={"networks": networks, "normalizations": list(NORMALIZATIONS)},
        training={"batch_size": 2},
    )
    config = parse_config(content, "test.yaml")
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    for institution in config.cohort.institutions:
        preprocess(config, institution)
    for cell in cells:
        train_cell(config, cell)
        predict(config, cell)
    return Results(config)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return trained(tmp_path_factory.mktemp("study"), "volume", CELLS)


def check_predictions(results: Results, cell: Cell) -> None:
    """Each prediction of a cell is what its folder gives for the same two files."""
    model = ModelFolder.read(results.model(cell))
    names = [path.name for path in results.predictions(cell).glob("sub-*")]
    assert len(names) == 3
    for name in names:
        anat = results.root.parents[1] / "data" / name / "anat"
        t1w, t2w = (anat / f"{name}_{suffix}.nii.gz" for suffix in ("T1w", "T2w"))
        patient = NewPatient.read(t1w, t2w, model.config.images)
        volume = synthetic_volume(model, patient)
        written = read_image(prediction_path(results.predictions(cell), name))
        assert volume.tobytes() == to_array(written).tobytes()
        assert same_geometry(to_image(volume, patient.geometry), written)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_it_is_the_volume_that_predict_writes(results: Results, cell: Cell) -> None:
    check_predictions(results, cell)


def test_it_takes_the_statistics_of_the_models_region(tmp_path: Path) -> None:
    cell = Cell("unet", "z_score", "pooled", 1)
    check_predictions(trained(tmp_path, "foreground", [cell]), cell)


def test_it_needs_the_folder_alone_and_says_what_it_wrote(
    folder: Path, inputs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "history.csv").unlink()
    assert main(command(folder, inputs)) == 0
    assert caplog.messages == [f"warning: {ABSENT}"]
    sidecar = inputs.parent / "ce.json"
    content = json.loads(sidecar.read_text())
    assert content["Description"].startswith("Synthetic, not for diagnosis")
    assert content["Model"] == "Uni-m1"
    assert content["Cell"] == "unet/min_max/uni-A/seed-1"
    assert content["WeightsSHA256"] == sha256(folder / "weights.safetensors")
    assert (content["Units"], content["Warnings"]) == ("t1w", [ABSENT])
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
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, each in made.items():
        swapped(inputs, name, each)
    assert main(command(folder, inputs)) == 0
    lines = caplog.messages
    assert all(line.startswith("warning: ") for line in lines)
    assert any(line.startswith(f"warning: {said}") for line in lines), lines
    assert len(json.loads((inputs.parent / "ce.json").read_text())["Warnings"]) == len(lines)


def test_intensities_far_outside_an_unbounded_training(
    results: Results, inputs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cell = Cell("unet", "dataset_z_score", "pooled", 1)
    swapped(inputs, "t1w", wide(1000 * head(0)))
    swapped(inputs, "t2w", wide(head(1) / 1000))
    assert main(command(results.model(cell), inputs)) == 0
    said = caplog.text
    assert "T1w: normalized intensities of the head are " in said
    assert "T2w: the head is nearly one grey" in said
