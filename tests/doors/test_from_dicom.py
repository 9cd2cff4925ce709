"""From hospitals' DICOM files to tables and to another hospital, offline, and nothing tells whose.

Markers stand in every element of every file, in the names of files and folders, and in the path of
all that is read.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import pytest
import yaml
from cohorts import minimal_config
from dicom_studies import ge_study, philips_study, siemens_study
from offline import Offline
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from searching import Forbidden, everything, unpacked
from test_dicom_privacy import FORBIDDEN, MARKER, plant

from gfce.config import load_config
from gfce.images.reading import read_image
from gfce.images.volumes import to_array
from gfce.study import Results

HOSPITALS: dict[str, tuple[Callable[..., None], int]] = {
    "North": (siemens_study, 2),
    "South": (ge_study, 2),
    "East": (philips_study, 1),
}
"""Which vendor's scanner each has, and how many patients."""


def write_hospitals(
    root: Path, hospitals: dict[str, tuple[Callable[..., None], int]], seed: int
) -> None:
    """A tree of DICOM files: hospital, patient, and whatever the vendor writes below."""
    for hospital, (vendor, patients) in hospitals.items():
        for number in range(patients):
            seed += 5
            patient = f"P{hospital}{number}"
            vendor(root / hospital / f"{MARKER}^{number}", patient, f"1.2.{seed}", seed)
    for number, path in enumerate(sorted(path for path in root.rglob("*") if path.is_file())):
        plant(path)
        path.rename(path.with_name(f"{MARKER}^{number}"))


@dataclass
class Journey:
    """A study from DICOM files, and a hospital that evaluates its bundle."""

    folder: Path
    read: Path
    """What gfce reads and nobody else gets: DICOM files and keys."""
    config: Path
    offline: Offline

    @property
    def results(self) -> Results:
        return Results(load_config(self.config))


def config_for(journey_folder: Path, dataset: Path, **cohort: Any) -> Path:
    content = minimal_config(
        results=str(journey_folder / "results"),
        cohort={"dataset": str(dataset), "training_patients": 1, **cohort},
        grid={
            "networks": {"unet": {"width": 2}},
            "normalizations": ["min_max"],
            "training_sets": {"both": [*cohort["development"]]},
        },
        statistics={"bootstrap_resamples": 99},
    )
    path = journey_folder / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def importing(read: Path, tree: str, dataset: Path) -> list[object]:
    """The command that imports a tree."""
    options = ["--dicom", "--institution", "level=1", "--key", read / "keys" / tree, "-o", dataset]
    return ["import", read / tree, *options]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    folder = tmp_path_factory.mktemp("journey")
    read = folder / f"{MARKER} Jane"
    write_hospitals(read / "home", HOSPITALS, 0)
    write_hospitals(read / "away", {"West": (siemens_study, 2)}, 100)
    config = config_for(folder, read / "data", development=["North", "South"], external=["East"])
    journey = Journey(folder, read, config, Offline(read / "offline"))
    # The two commands.
    journey.offline.gfce(importing(read, "home", read / "data"))
    journey.offline.snakemake(config)
    return journey


@pytest.fixture(scope="module")
def exchanged(journey: Journey) -> Journey:
    """The bundle has gone to another hospital, and its rows have come back."""
    folder, read = journey.folder, journey.read
    bundle, key = folder / "bundle.zip", ["--key", read / "keys" / "rows", "-o", folder / "rows"]
    journey.offline.gfce(
        ["bundle", journey.config, "-o", bundle],
        importing(read, "away", read / "theirs"),
        ["evaluate-bundle", bundle, read / "theirs", "--institution", "West", *key],
        ["merge", journey.config, folder / "rows"],
        ["tabulate", journey.config],
        ["compare", journey.config],
    )
    return journey


@pytest.fixture(scope="module")
def synthesized(journey: Journey) -> Path:
    """A synthetic volume of a patient of the other hospital, from the planted series."""
    model = next((journey.results.root / "models").rglob("weights.safetensors")).parent
    series = {}
    for path in (journey.read / "away" / "West" / f"{MARKER}^0").iterdir():
        description = pydicom.dcmread(next(path.iterdir())).SeriesDescription
        series[description.split()[0]] = path
    inputs = ["--t1w", series["t1_tse_tra"], "--t2w", series["t2_tse_tra_fs"]]
    output = journey.folder / "one" / "synthetic.nii.gz"
    output.parent.mkdir()
    journey.offline.gfce(["synthesize", "--model", model, *inputs, "-o", output])
    return output


def test_two_commands_lead_to_tables(journey: Journey) -> None:
    scored = pd.read_csv(journey.results.metrics)
    assert set(scored["institution"]) == set(HOSPITALS)
    for number in range(1, 6):
        assert journey.results.table(f"table{number}", "csv").stat().st_size > 0
    assert (journey.results.figures / "quality.html").stat().st_size > 0
    assert list(journey.results.root.rglob("fingerprint.json"))


def test_the_other_hospital_is_in_the_tables(exchanged: Journey) -> None:
    table = pd.read_csv(exchanged.results.table("table2", "csv"))
    assert set(table["testing"]) == {*HOSPITALS, "West", "Overall"}


def test_no_byte_of_what_was_written_tells_a_patient(exchanged: Journey, synthesized: Path) -> None:
    forbidden = Forbidden([*FORBIDDEN, str(exchanged.folder)])
    written = [exchanged.folder / name for name in ("results", "rows", "one")]
    written += [exchanged.read / name for name in ("data", "theirs")]
    for folder in written:
        assert len(list(everything(folder))) > 2
        assert forbidden.found(everything(folder)) == set()
    bundle = exchanged.folder / "bundle.zip"
    assert forbidden.found(unpacked("bundle.zip", bundle.read_bytes())) == set()
    # Nothing else was written; the configuration is the user's, and what was read is left alone.
    names = {path.name for path in exchanged.folder.iterdir()}
    assert names == {"results", "rows", "one", "bundle.zip", "study.yaml", exchanged.read.name}
    names = {path.name for path in exchanged.read.iterdir()}
    assert names - {"offline"} == {"home", "away", "keys", "data", "theirs"}
    assert np.ptp(to_array(read_image(synthesized))) > 0


def test_nothing_that_was_printed_tells_a_patient(exchanged: Journey, synthesized: Path) -> None:
    assert "gfce" in exchanged.offline.said
    said = iter([(line, line.encode()) for line in exchanged.offline.said.splitlines()])
    assert Forbidden(FORBIDDEN).found(said) == set()


def test_the_tables_beside_the_keys_alone_lead_back(exchanged: Journey) -> None:
    with (exchanged.read / "keys" / "home.patients.csv").open() as file:
        linked = {row["participant_id"] for row in csv.DictReader(file)}
    assert linked >= set(pd.read_csv(exchanged.results.patients)["patient_id"])


def test_no_network_was_asked_for(exchanged: Journey, synthesized: Path) -> None:
    assert exchanged.offline.attempts == ""


def test_attempts_would_be_noticed(tmp_path: Path) -> None:
    offline = Offline(tmp_path)
    code = "import urllib.request as u\ntry: u.urlopen('http://127.0.0.1:9')\nexcept OSError: pass"
    offline.run("python", "-c", code)
    assert "socket." in offline.attempts


def packed(text: str) -> dict[str, bytes]:
    """A text in each way that results pack something."""
    raw = text.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("member", gzip.compress(raw))
    image, info = io.BytesIO(), PngInfo()
    info.add_text("Comment", text, zip=True)
    Image.new("L", (2, 2)).save(image, "png", pnginfo=info)
    page = b"<img src='data:image/png;base64," + base64.b64encode(image.getvalue())
    utf16 = text.encode("utf-16-le")
    return {"zip": archive.getvalue(), "png": image.getvalue(), "html": page, "utf-16": utf16}


@pytest.mark.parametrize("kind", ["zip", "png", "html", "utf-16"])
def test_what_is_packed_would_be_found(kind: str) -> None:
    content = packed(f"for {MARKER} ")[kind]
    assert MARKER.encode() not in content
    assert Forbidden([MARKER]).found(unpacked(kind, content))
    assert not Forbidden(["another"]).found(unpacked(kind, content))


def test_numbers_count_by_themselves() -> None:
    forbidden = Forbidden(["131313"])
    assert forbidden.found(iter([("a", b'"131313"')])) == {"a"}
    assert not forbidden.found(iter([("a", b"0.61313137 a131313f 1131313")]))
