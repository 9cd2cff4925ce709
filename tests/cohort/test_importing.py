"""`gfce import` and what it writes: a dataset that the BIDS validator accepts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cohorts import image

from gfce.cohort.bids import patient_ids
from gfce.cohort.importing import import_manifest
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.images.arrays import Grid
from gfce.images.volumes import read_image, same_grid, to_array, to_image, write_image

HEADER = "patient,institution,t1w,t2w,ce,tumour_mask\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for number, name in enumerate(("t1", "t2", "ce")):
        write_image(image(number), tmp_path / f"{name}.nrrd")
    write_image(image(0) > 300, tmp_path / "tumour.mha")
    path = tmp_path / "manifest.csv"
    path.write_text(HEADER + "Doe-1,North,t1.nrrd,t2.nrrd,ce.nrrd,tumour.mha\n")
    return path


def test_images_keep_voxels_and_geometry(manifest: Path, tmp_path: Path) -> None:
    import_manifest(manifest, tmp_path / "bids")
    [patient] = read_dataset(tmp_path / "bids")
    assert patient.patient_id == "sub-Doe1"
    assert patient.institution == "North"
    assert patient.tumour is not None
    written, original = read_image(patient.files["t2w"][0]), read_image(tmp_path / "t2.nrrd")
    assert same_grid(written, original)
    assert (to_array(written) == to_array(original)).all()


def validator_errors(dataset: Path) -> list[str]:
    program = Path(sys.executable).parent / "bids-validator-deno"
    command = [program, dataset, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    issues = json.loads(answer.stdout)["issues"]["issues"]
    return [issue["code"] for issue in issues if issue["severity"] == "error"]


def test_the_dataset_is_valid_bids(manifest: Path, tmp_path: Path) -> None:
    import_manifest(manifest, tmp_path / "bids")
    assert validator_errors(tmp_path / "bids") == []
    (tmp_path / "bids" / "dataset_description.json").unlink()
    assert validator_errors(tmp_path / "bids") != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patient,institution,t1w,t2w\n", "column ce is missing"),
        (HEADER + "Doe,North,gone.nii,t2.nrrd,ce.nrrd,\n", "sub-Doe: t1w: gone.nii: no such file"),
        (HEADER + "Doe,N,t1.nrrd,t2.nrrd,ce.nrrd,\n" * 2, "patient Doe is there twice"),
        (HEADER + "D-1,N,,,,\nD1,N,,,,\n", "patient D1: gives no BIDS id of its own"),
        (
            HEADER + "Doe,North,manifest.csv,t2.nrrd,ce.nrrd,\n",
            "sub-Doe: manifest.csv: not an image",
        ),
    ],
)
def test_a_wrong_manifest_is_one_line(
    manifest: Path, tmp_path: Path, text: str, expected: str
) -> None:
    manifest.write_text(text)
    with pytest.raises(UserError) as caught:
        import_manifest(manifest, tmp_path / "bids")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "bids" / "participants.tsv").exists()


def test_a_dataset_is_never_overwritten(manifest: Path, tmp_path: Path) -> None:
    import_manifest(manifest, tmp_path / "bids")
    with pytest.raises(UserError, match="is not empty"):
        import_manifest(manifest, tmp_path / "bids")


def test_ids_are_letters_and_digits() -> None:
    assert patient_ids(["gli-00000", "Ünal_7"]) == {
        "gli-00000": "sub-gli00000",
        "Ünal_7": "sub-nal7",
    }


def test_voxels_that_are_not_finite_are_refused(manifest: Path, tmp_path: Path) -> None:
    broken = to_array(image(0))
    broken[0, 0, 0] = float("inf")
    write_image(to_image(broken, Grid.of(image(0))), tmp_path / "t1.nii.gz")
    manifest.write_text(manifest.read_text().replace("t1.nrrd", "t1.nii.gz"))
    with pytest.raises(UserError, match=r"sub-Doe1: t1.nii.gz: has voxels that are not finite"):
        import_manifest(manifest, tmp_path / "bids")
