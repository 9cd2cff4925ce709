"""`gfce import` and what it writes: a dataset that the BIDS validator accepts."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from cohorts import head, image
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validating import validator_errors

from gfce.cohort.bids import patient_ids
from gfce.cohort.importing import import_manifest
from gfce.cohort.reading import read_dataset
from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.reading import read_image
from gfce.images.volumes import Image, same_geometry, to_array, to_image
from gfce.images.writing import write_image

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
    assert same_geometry(written, original)
    assert (to_array(written) == to_array(original)).all()


def test_the_dataset_is_valid_bids(manifest: Path, tmp_path: Path) -> None:
    import_manifest(manifest, tmp_path / "bids")
    assert validator_errors(tmp_path / "bids") == []
    assert validator_errors(tmp_path / "bids" / "derivatives" / "masks") == []
    (tmp_path / "bids" / "dataset_description.json").unlink()
    assert validator_errors(tmp_path / "bids") != []


GOOD = "Doe-1,North,t1.nrrd,t2.nrrd,ce.nrrd,tumour.mha\n"
NO_TABLE = "manifest.csv: is not a CSV table in UTF-8: export it as one"
CONTROL = "has a line break or another control character: remove it"

MANIFESTS: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "manifest.csv: is empty: export it again"),
    ("blank", "\n\n", "manifest.csv: column patient is missing: add it"),
    ("no-patient", HEADER, "manifest.csv: has no patient: add one"),
    ("no-column", "patient,institution,t1w,t2w\n", "manifest.csv: column ce is missing: add it"),
    ("semicolons", HEADER.replace(",", ";"), "manifest.csv: column patient is missing: add it"),
    ("column-twice", HEADER.replace("t2w", "t1w,t2w") + "A,N,,,,,\n", "manifest.csv: column t1w is there twice: keep one"),
    ("short-row", HEADER + "Doe,North,t1.nrrd\n", "manifest.csv: row 2 has 3 cells and the header 6: correct the row"),
    ("long-row", HEADER + GOOD + "Doe,North,,,,,,\n", "manifest.csv: row 3 has 8 cells and the header 6: correct the row"),
    ("all-rows-long", HEADER + GOOD.strip() + ",x\n", "manifest.csv: row 2 has 7 cells and the header 6: correct the row"),
    ("latin-1", HEADER.encode() + "Müller,N,,,,\n".encode("latin-1"), NO_TABLE),
    ("utf-16", (HEADER + GOOD).encode("utf-16"), NO_TABLE),
    ("image", bytes(range(256)) * 4, NO_TABLE),
    ("open-quote", HEADER + 'Doe,"North,t1.nrrd,t2.nrrd,ce.nrrd,\n', NO_TABLE),
    ("text-after-quote", HEADER + '"Doe"x,North,,,,\n', NO_TABLE),
    ("line-break", HEADER + '"Doe\n1",North,,,,\n', f"manifest.csv: row 2 {CONTROL}"),
    ("tab", HEADER + "Doe,No\trth,,,,\n", f"manifest.csv: row 2 {CONTROL}"),
    ("null", HEADER + "Doe,North,t1\0.nrrd,,,\n", f"manifest.csv: row 2 {CONTROL}"),
    ("no-name", HEADER + ",North,,,,\n", "manifest.csv: row 2 has no patient: add it"),
    ("no-institution", HEADER + "Doe, ,,,,\n", "manifest.csv: row 2 has no institution: add it"),
    ("twice", HEADER + GOOD * 2, "manifest.csv: patient Doe-1 is there twice: keep one row"),
    ("same-id", HEADER + "D-1,N,,,,\nD1,N,,,,\n", "patient D1: gives no BIDS id of its own: rename the patient"),
    ("same-id-in-capitals", HEADER + "doe,N,,,,\nDOE,N,,,,\n", "patient DOE: gives no BIDS id of its own: rename the patient"),
    ("no-id", HEADER + "---,N,,,,\n", "patient ---: gives no BIDS id of its own: rename the patient"),
    ("missing", HEADER + "Doe,N,gone.nii,t2.nrrd,ce.nrrd,\n", "sub-Doe: t1w: gone.nii: no such file: correct the path"),
    ("absolute", HEADER + "Doe,N,/home/jane-doe/gone.nii,,,\n", "sub-Doe: t1w: gone.nii: no such file: correct the path"),
    ("below-a-file", HEADER + "Doe,N,t1.nrrd/x.nii,,,\n", "sub-Doe: t1w: t1.nrrd/x.nii: no such file: correct the path"),
    ("itself", HEADER + "Doe,N,manifest.csv,t2.nrrd,ce.nrrd,\n", "sub-Doe: t1w: manifest.csv: not an image of a format that is read (.nii .nii.gz .hdr .img .mha .mhd .nrrd .nhdr): convert it"),
    ("folder", HEADER + "Doe,N,t1.nrrd,folder.nii,,\n", "sub-Doe: t2w: folder.nii: is an empty folder: name an image, or a folder with a DICOM series"),
    ("folder-mask", HEADER + "Doe,N,t1.nrrd,,,folder.nii\n", "sub-Doe: tumour_mask: folder.nii: is a folder: name an image file"),
    ("pipe", HEADER + "Doe,N,t1.nrrd,,pipe.nii,\n", "sub-Doe: ce: pipe.nii: is no regular file: name an image file"),
    ("pipe-mask", HEADER + "Doe,N,t1.nrrd,,,pipe.nii\n", "sub-Doe: tumour_mask: pipe.nii: is no regular file: name an image file"),
    ("broken-first", HEADER + "Roe,N,broken.nii.gz,,,\n" + GOOD, "sub-Roe: broken.nii.gz: is cut short: copy or export it again"),
    ("broken-last", HEADER + GOOD + "Roe,N,,,broken.nii.gz,\n", "sub-Roe: broken.nii.gz: is cut short: copy or export it again"),
    ("broken-mask", HEADER + GOOD + "Roe,N,,,,broken.nii.gz\n", "sub-Roe: broken.nii.gz: is cut short: copy or export it again"),
    ("image-as-mask", HEADER + "Doe,N,,,,t1.nrrd\n", "sub-Doe: t1.nrrd: has a voxel of 0.011058: give labels (0, 1, ...), not probabilities"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"), [row[1:] for row in MANIFESTS], ids=[row[0] for row in MANIFESTS]
)
def test_a_wrong_manifest_is_one_line_and_no_dataset(
    manifest: Path, tmp_path: Path, content: str | bytes, message: str
) -> None:
    (tmp_path / "folder.nii").mkdir()
    os.mkfifo(tmp_path / "pipe.nii")
    write_image(image(0), tmp_path / "broken.nii.gz")
    with (tmp_path / "broken.nii.gz").open("r+b") as file:
        file.truncate(300)
    manifest.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError) as caught:
        import_manifest(manifest, tmp_path / "bids")
    assert str(caught.value) == message
    kept = tmp_path / ".bids.gfce-import"
    assert kept.exists() == (
        b"broken" in manifest.read_bytes() and b"Doe-1" in manifest.read_bytes()
    )
    assert sorted(set(tmp_path.iterdir()) - {kept}) == before


def labels() -> Image:
    """A mask of two labels, 1 and 4."""
    array = np.zeros((3, 24, 20), np.uint8)
    array[0, 5:8, 5:8], array[1, 5:8, 5:8] = 1, 4
    return to_image(array, Geometry.of(image(0)))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + GOOD,
        HEADER.replace("\n", "\r\n") + GOOD.replace("\n", "\r\n"),
        HEADER + GOOD + "\n\n",
        HEADER + '"Doe-1","North","t1.nrrd","t2.nrrd","ce.nrrd","tumour.mha"\n',
        HEADER.replace("\n", ",notes\n") + GOOD.replace("\n", ",anything\n"),
        "ce,t2w,t1w,institution,patient\nce.nrrd,t2.nrrd,t1.nrrd,North,Doe-1",
    ],
    ids=["mark", "windows", "blank-lines", "quoted", "more-columns", "other-order"],
)
def test_manifests_of_other_programs(content: str, manifest: Path, tmp_path: Path) -> None:
    manifest.write_bytes(content.encode())
    import_manifest(manifest, tmp_path / "bids")
    [patient] = read_dataset(tmp_path / "bids")
    assert (patient.patient_id, patient.institution) == ("sub-Doe1", "North")
    assert set(patient.files) == {"t1w", "t2w", "ce"}


@pytest.mark.parametrize("name", ["gone.csv", "folder", "pipe"])
def test_a_manifest_that_is_no_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=f"^{name}: (no such file|is a folder|is no regular file)"):
        import_manifest(tmp_path / name, tmp_path / "bids")


def test_the_label_that_is_the_tumours(manifest: Path, tmp_path: Path) -> None:
    write_image(labels(), tmp_path / "tumour.mha")
    import_manifest(manifest, tmp_path / "bids", label=4)
    [patient] = read_dataset(tmp_path / "bids")
    assert patient.tumour is not None
    expected = to_array(labels()) == 4
    np.testing.assert_array_equal(to_array(read_image(patient.tumour)), expected)


def secret(path: Path) -> None:
    """An image with a name wherever its format has room for one."""
    voxels, name = (np.abs(head(0)) * 10).astype(np.int16).T, b"JaneDoe"
    nifti = nibabel.Nifti1Image(voxels, np.diag([-2, -1.5, 4, 1]))
    for field in ("descrip", "aux_file", "intent_name", "db_name"):
        nifti.header[field] = name
    nifti.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", name))
    nibabel.save(nifti, path)


def test_no_text_of_a_header_reaches_the_dataset(manifest: Path, tmp_path: Path) -> None:
    secret(tmp_path / "JaneDoe.nii.gz")
    noted = read_image(tmp_path / "JaneDoe.nii.gz")
    noted.SetMetaData("patient", "JaneDoe")
    SimpleITK.WriteImage(noted, str(tmp_path / "JaneDoe.nrrd"))
    SimpleITK.WriteImage(noted, str(tmp_path / "JaneDoe.mha"))
    for kind in ("nrrd", "mha"):
        assert b"JaneDoe" in (tmp_path / f"JaneDoe.{kind}").read_bytes()
    row = f"P1,North,JaneDoe.nrrd,{tmp_path}/JaneDoe.nii.gz,JaneDoe.mha,\n"
    manifest.write_text(HEADER + row)
    import_manifest(manifest, tmp_path / "bids")
    written = [path for path in (tmp_path / "bids").rglob("*") if path.is_file()]
    assert len([path for path in written if path.suffix == ".gz"]) == 3
    for path in written:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        assert b"JaneDoe" not in data
        assert str(tmp_path).encode() not in data


def test_an_empty_folder_is_filled(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "bids").mkdir()
    import_manifest(manifest, tmp_path / "bids")
    assert (tmp_path / "bids" / "participants.tsv").exists()
    description = json.loads((tmp_path / "bids" / "dataset_description.json").read_text())
    assert description["Name"] == "bids"


def test_a_file_is_no_dataset(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "bids").write_text("mine")
    with pytest.raises(UserError, match=r"^bids: is not empty: name a new folder"):
        import_manifest(manifest, tmp_path / "bids")
    assert (tmp_path / "bids").read_text() == "mine"


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
    write_image(to_image(broken, Geometry.of(image(0))), tmp_path / "t1.nii.gz")
    manifest.write_text(manifest.read_text().replace("t1.nrrd", "t1.nii.gz"))
    with pytest.raises(UserError, match=r"sub-Doe1: t1.nii.gz: has voxels that are not finite"):
        import_manifest(manifest, tmp_path / "bids")


def test_what_a_killed_import_left_is_removed(manifest: Path, tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / f".{socket.gethostname()}-{gone.pid}-bids"
    (left / "sub-Doe").mkdir(parents=True)
    other = tmp_path / f".elsewhere-{gone.pid}-bids"
    other.mkdir()
    import_manifest(manifest, tmp_path / "bids")
    assert not left.exists()
    assert other.exists()


LINES = st.lists(
    st.lists(
        st.sampled_from(["Doe-1", "North", "t1.nrrd", "tumour.mha", "", '"', "=1+1", "../x", "ü"])
        | st.text(max_size=8),
        max_size=8,
    ).map(",".join),
    max_size=4,
)


@given(lines=LINES, header=st.sampled_from([HEADER, "", "patient,institution\n"]))
@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_manifest_is_read_or_refused_in_one_line(
    manifest: Path, tmp_path: Path, lines: list[str], header: str
) -> None:
    manifest.write_bytes((header + "\n".join(lines)).encode("utf-8", "surrogatepass"))
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        dataset = Path(folder, "bids")
        try:
            import_manifest(manifest, dataset)
        except UserError as error:
            assert "\n" not in str(error)
            assert str(tmp_path) not in str(error)
            assert not dataset.exists()


@given(data=st.binary(max_size=200))
@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_no_dataset(manifest: Path, tmp_path: Path, data: bytes) -> None:
    manifest.write_bytes(data)
    with pytest.raises(UserError):
        import_manifest(manifest, tmp_path / "bids")
    assert not (tmp_path / "bids").exists()
