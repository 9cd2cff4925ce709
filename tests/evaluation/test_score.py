"""`gfce score`: two images of any software's by the code of `gfce evaluate`."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import Configure, head, image

from gfce.cli import main
from gfce.cohort.bids import Patient, write_dataset, write_patient
from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.evaluation.evaluate import evaluate
from gfce.evaluation.metrics import METRICS
from gfce.evaluation.predictions import load_prediction, prediction_path
from gfce.images.arrays import Geometry
from gfce.images.fitting import fit_normalization, save_normalization
from gfce.images.preprocess import preprocess
from gfce.images.store import StoredPatient
from gfce.images.volumes import Image, to_image
from gfce.images.writing import write_image
from gfce.study import Results, cells, read_patients

NAMES = [metric.name for metric in METRICS]


def masked(array: np.ndarray, like: Image) -> Image:
    mask = sitk.GetImageFromArray(array.astype(np.uint8))
    mask.CopyInformation(like)
    return mask


def tumour(like: Image, label: int = 1) -> Image:
    array = np.zeros(sitk.GetArrayViewFromImage(like).shape)
    array[1, 8:12, 7:11] = label
    return masked(array, like)


def scored(*words: object, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["score", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


# A study's own rows.


def finished(configure: Configure, average: str) -> StudyConfig:
    """A study of one patient to test on, with a tumour, and of two cells that have predicted."""
    config = configure(
        cohort={"development": ["A"], "external": []},
        grid={"networks": {"unet": {"width": 2}}, "normalizations": ["min_max", "z_score"]},
        evaluation={"average": average},
    )
    patients = {f"sub-A{number}": "A" for number in (1, 2, 3)}
    for number, name in enumerate(patients):
        images = {m: image(3 * number + k) for k, m in enumerate(("t1w", "t2w", "ce"))}
        write_patient(
            config.cohort.dataset, Patient(name, "A", images, tumour=tumour(images["ce"]))
        )
    write_dataset(config.cohort.dataset, "Random heads", patients, "tests")
    index(config)
    preprocess(config, "A")
    for cell in cells(config):
        pretend_to_predict(Results(config), cell)
        evaluate(config, cell)
    return config


def pretend_to_predict(results: Results, cell: Any) -> None:
    """Synthetic volumes that are T1w and noise, some of it outside the range of CE."""
    normalization = fit_normalization(results, cell.normalization, cell.training_set)
    save_normalization(normalization, results.normalization(cell))
    rng = np.random.default_rng(1)
    for name in read_patients(results)["patient_id"]:
        stored = StoredPatient(results.images("A"), name)
        t1w = stored.normalized("t1w", normalization)
        synthetic = (1.1 * t1w + rng.normal(0, 0.05, t1w.shape)).astype(np.float32)
        path = prediction_path(results.predictions(cell), name)
        write_image(to_image(synthetic, stored.geometry), path)


@pytest.mark.parametrize("average", ["volume", "slice"])
def test_the_scores_of_a_study_are_its_rows_of_metrics_csv(
    configure: Configure, tmp_path: Path, average: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = finished(configure, average)
    results = Results(config)
    for cell in cells(config):
        rows = pd.read_csv(results.cell_metrics(cell))
        [name] = set(rows["patient_id"])
        assert len(rows) == 6
        stored = StoredPatient(results.images("A"), name)
        prediction = load_prediction(results.predictions(cell), stored)
        normalization = fit_normalization(results, cell.normalization, cell.training_set)
        raw = stored.restored("ce", prediction, normalization)
        files = {"real.nii.gz": stored.volume("ce"), "synthetic.mha": raw}
        files |= {f"{key}.nrrd": value.astype(np.float32) for key, value in stored.masks().items()}
        for file, array in files.items():
            write_image(to_image(array, stored.geometry), tmp_path / file)
        masks = ("--mask", tmp_path / "tumour.nrrd", "--head", tmp_path / "foreground.nrrd")
        pair = (tmp_path / "real.nii.gz", tmp_path / "synthetic.mha")
        content = scored(*pair, *masks, "--average", average, capsys=capsys)
        assert 0 < content["clipped_share"] < 1
        expected = rows.set_index(["region", "scaling"]).sort_index()
        found = pd.DataFrame(content["scores"]).set_index(["region", "scaling"]).sort_index()
        for column in ["n_voxels", *NAMES]:  # to the last bit
            assert found[column].tolist() == expected[column].tolist(), column
        # By its own range an affinely normalized prediction needs no raw units.
        normalized = prediction_path(results.predictions(cell), name)
        content = scored(pair[0], normalized, "--scaling", "separate", *masks[2:], capsys=capsys)
        if average == "volume":
            [volume, _] = content["scores"]
            row = expected.loc[("volume", "separate"), NAMES]
            assert [volume[n] for n in NAMES] == pytest.approx(row.tolist(), rel=1e-3)


# Two images of nobody's.


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "patient-Doe"
    paths = folder / "Doe-ce.nii.gz", folder / "Doe-fake.nrrd"
    for number, path in enumerate(paths):
        write_image(image(number), path)
    write_image(tumour(image(0), label=2), folder / "Doe-mask.nii.gz")
    return paths


def mask_of(pair: tuple[Path, Path]) -> Path:
    return pair[0].with_name("Doe-mask.nii.gz")


def test_what_it_says_and_what_it_writes(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "scores.json"
    assert main(["score", *map(str, pair), "--mask", str(mask_of(pair)), "-o", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Doe" not in printed.out + out.read_text()
    lines = printed.out.splitlines()
    content = json.loads(out.read_text())
    assert lines[0].endswith("3 axial slices of 24 x 20 pixels")
    assert "average    volume: over all voxels of a region at once" in lines
    table = [line.split() for line in lines if line.startswith(("volume", "foreground", "tumour"))]
    rows = [row for row in table if row[1] in ("reference", "separate")]
    assert [row[:3] for row in rows] == [
        [row["region"], row["scaling"], str(row["n_voxels"])] for row in content["scores"]
    ]
    assert rows[0][3] == f"{1000 * content['scores'][0]['mae']:.2f}"
    assert content["regions"] == {
        "volume": "every voxel",
        "foreground": "found in REAL alone (Otsu 1979); a study finds it the same way in T1w and T2w",
        "tumour": "--mask",
    }
    assert content["remarks"] == ["MS-SSIM: 1 of 5 scales, because slices are too small for more"]
    assert [content["matrix"], content["slices"]] == [[24, 20], 3]
    assert content["voxel_mm"] == [4, 1.5, 2]
    assert content["range_real"] == [float(f(head(0))) for f in (np.min, np.max)]


def test_the_same_on_standard_output_and_the_options(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = scored(*pair, "-o", tmp_path / "a.json", capsys=capsys)
    assert both == json.loads((tmp_path / "a.json").read_text())
    assert [row["scaling"] for row in both["scores"]] == 2 * ["reference"] + 2 * ["separate"]
    one = scored(*pair, "--scaling", "separate", "--average", "slice", capsys=capsys)
    assert {row["scaling"] for row in one["scores"]} == {"separate"} == set(one["scalings"])
    assert (one["average"], one["clipped_share"]) == ("slice", None)
    assert one["scores"][0]["mae"] == pytest.approx(both["scores"][2]["mae"])
    assert one["scores"][0]["psnr_db"] != both["scores"][2]["psnr_db"]
    labelled = scored(*pair, "--mask", mask_of(pair), "--mask-label", 2, capsys=capsys)
    assert labelled["regions"]["tumour"] == "--mask, label 2"
    assert labelled["scores"][2]["n_voxels"] == 16


def test_the_order_of_axes_does_not_matter(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = scored(*pair, "--mask", mask_of(pair), capsys=capsys)
    for path, order in ((pair[1], "RSP"), (mask_of(pair), "PIR")):
        write_image(sitk.DICOMOrient(sitk.ReadImage(str(path)), order), path)
    assert scored(*pair, "--mask", mask_of(pair), capsys=capsys) == before


def test_an_image_against_itself(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    content = scored(pair[0], pair[0], capsys=capsys)
    first = content["scores"][0]
    assert [first[name] for name in NAMES] == [0, None, 1, 0, 1, 2, 0]
    assert "volume, reference: PSNR (dB) is infinite" in content["remarks"]
    assert main(["score", str(pair[0]), str(pair[0])]) == 0
    assert "inf" not in capsys.readouterr().out.replace("infinite", "")


def test_other_units_and_no_head_are_remarked(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(image(1) * 20.0, pair[1])
    speck = np.ones((3, 24, 20), np.float32)
    speck[1, 4, 4] = 2
    remarks = scored(*pair, capsys=capsys)["remarks"]
    assert remarks[0].startswith("the ranges differ much: scaling reference takes both")
    content = scored(*pair, "--scaling", "separate", capsys=capsys)
    assert not any("ranges" in remark for remark in content["remarks"])
    for headless in (speck, -speck):
        for path in pair:
            write_image(to_image(headless, Geometry((2.0, 1.5, 4.0), (0.0, 0.0, 0.0))), path)
        content = scored(*pair, capsys=capsys)
        assert content["remarks"][0] == "no head is found in REAL: give --head"
        assert set(content["regions"]) == {"volume"}


def test_a_constant_synthetic_image_is_scored(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(image(1) * 0, pair[1])
    assert scored(*pair, capsys=capsys)["scores"][0]["nmi"] == 1


def test_torch_is_not_imported(pair: tuple[Path, Path]) -> None:
    script = "import sys; from gfce.cli import main; main(sys.argv[1:]); print('torch' in sys.modules, file=sys.stderr)"
    answer = subprocess.run(
        [sys.executable, "-c", script, "score", *map(str, pair)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stderr.strip() == "False"


def half(path: Path) -> None:
    write_image(sitk.Extract(sitk.ReadImage(str(path)), (20, 24, 2)), path)


def probabilities(path: Path) -> None:
    write_image(sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkFloat32) * 0.3, path)


def empty(path: Path) -> None:
    write_image(sitk.ReadImage(str(path)) * 0, path)


def narrow(*paths: Path) -> None:
    for path in paths:
        write_image(to_image(head(0, 3, 24, 10), Geometry((2.0, 1.5, 4.0), (0.0, 0.0, 0.0))), path)


Break = Callable[[Path, Path, Path], object]
"""Of the real image, the synthetic one and the mask."""
BROKEN: dict[str, tuple[Break, list[str], str]] = {
    "no real": (lambda r, s, m: r.unlink(), [], "REAL: no such file: "),
    "constant real": (lambda r, s, m: empty(r), [], "REAL: every voxel is 0: "),
    "cut synthetic": (lambda r, s, m: s.write_bytes(s.read_bytes()[:-50]), [], "SYNTHETIC: "),
    "no image": (lambda r, s, m: s.write_text("x"), [], "SYNTHETIC: "),
    "other grid": (lambda r, s, m: half(s), [], "REAL, SYNTHETIC: lie on different grids (20 x 24 x 3 and 20 x 24 x 2 voxels, or other places): resample SYNTHETIC to REAL's grid"),
    "small slices": (lambda r, s, m: narrow(r, s), [], "REAL: axial slices of 24 x 10 pixels are smaller than the window of SSIM, 11 x 11: "),
    "no mask": (lambda r, s, m: m.unlink(), ["--mask", "MASK"], "--mask: no such file: "),
    "mask elsewhere": (lambda r, s, m: half(m), ["--mask", "MASK"], "REAL, --mask: lie on different grids (20 x 24 x 3 and 20 x 24 x 2 voxels, or other places): resample the mask"),
    "head elsewhere": (lambda r, s, m: half(m), ["--head", "MASK"], "REAL, --head: lie on different grids "),
    "probabilities": (lambda r, s, m: probabilities(m), ["--mask", "MASK"], "--mask: has a voxel of 0.6: give labels"),
    "head of probabilities": (lambda r, s, m: probabilities(m), ["--head", "MASK"], "--head: has a voxel of 0.6: give labels"),
    "empty mask": (lambda r, s, m: empty(m), ["--mask", "MASK"], "--mask: no voxel is tumour: "),
    "empty head": (lambda r, s, m: empty(m), ["--head", "MASK"], "--head: no voxel is head: "),
    "other label": (lambda r, s, m: None, ["--mask", "MASK", "--mask-label", "3"], "--mask: has no voxel of label 3 (it has 0, 2): "),
    "label alone": (lambda r, s, m: None, ["--mask-label", "3"], "--mask-label: is of --mask: "),
    "output there": (lambda r, s, m: None, ["-o", "MASK"], "--output: exists already: name a new file"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "words", "message"), BROKEN.values(), ids=BROKEN)
def test_mistakes_are_one_line_and_nothing_is_written(
    damage: Break,
    words: list[str],
    message: str,
    pair: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mask = mask_of(pair)
    damage(*pair, mask)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = [str(mask) if word == "MASK" else word for word in words]
    if "-o" not in words:
        options += ["-o", str(tmp_path / "scores.json")]
    assert main(["score", *map(str, pair), *options]) == 1
    printed = capsys.readouterr()
    [line] = printed.err.splitlines()
    assert line.startswith(f"gfce: error: {message}")
    assert printed.out == ""
    assert "Doe" not in line
    assert str(tmp_path) not in line
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
