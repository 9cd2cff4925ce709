"""From a manifest of several formats and from BraTS's folders to tables, two commands each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from brats_folders import write_fets
from cohorts import image, minimal_config
from dicom_files import AGENT, T1, T2, Series, siemens, voxels, write
from long import takes_minutes
from offline import Offline

from gfce.config import load_config
from gfce.images.writing import write_image
from gfce.study import Results

FORMATS = (".nii.gz", ".nii", ".mha", ".nrrd")
pytestmark = takes_minutes


def run_study(folder: Path, offline: Offline, **cohort: Any) -> Results:
    """The study of an imported dataset; what it scored is checked."""
    development = cohort["development"]
    content = minimal_config(
        results=str(folder / "results"),
        cohort={"dataset": str(folder / "data"), "training_patients": 1, **cohort},
        grid={
            "networks": {"unet": {"width": 2}},
            "training_sets": {"one": development[:1], "both": [*development]},
        },
        statistics={"bootstrap_resamples": 99},
    )
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump(content))
    offline.snakemake(config)
    results = Results(load_config(config))
    scored = pd.read_csv(results.metrics)
    assert set(scored["institution"]) == {*development, *cohort["external"]}
    assert scored["model"].nunique() == 4
    for number in range(1, 6):
        assert len(pd.read_csv(results.table(f"table{number}", "csv")))
    assert (results.figures / "quality.html").stat().st_size > 0
    assert offline.attempts == ""
    return results


def write_files(folder: Path, name: str, seed: int) -> list[str]:
    """A patient's volumes, each in another format."""
    paths = []
    for number, modality in enumerate(("t1w", "t2w", "ce")):
        end = FORMATS[(seed + number) % len(FORMATS)]
        path = folder / f"{name} {modality}{end}"
        write_image(image(3 * seed + number), path)
        paths.append(path.name)
    return paths


def write_series(folder: Path, name: str, seed: int) -> list[str]:
    """A patient's volumes, a folder with a DICOM series each."""
    kinds = {
        "t1w": siemens("t1_tse_tra", **T1),
        "t2w": siemens("t2_tse_tra", **T2),
        "ce": siemens("t1_tse_tra_fs", **T1, **AGENT),
    }
    for number, (modality, elements) in enumerate(kinds.items(), start=1):
        series = Series(voxels(3 * seed + number, 3), elements, patient=name, number=number)
        write(series, folder / "dicom" / name / modality)
    return [f"dicom/{name}/{modality}" for modality in kinds]


def test_from_a_manifest_of_several_formats(tmp_path: Path) -> None:
    lines = ["patient,institution,t1w,t2w,ce"]
    for seed, institution in enumerate(("North", "North", "South", "South", "East", "East")):
        name = f"P{seed}"
        cells = (write_series if seed % 2 else write_files)(tmp_path, name, seed)
        lines.append(",".join([name, institution, *cells]))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n")
    offline = Offline(tmp_path / "offline")
    offline.gfce(["import", manifest, "-o", tmp_path / "data"])
    results = run_study(tmp_path, offline, development=["North", "South"], external=["East"])
    scored = pd.read_csv(results.metrics)
    external = set(scored.loc[scored["institution"] == "East", "patient_id"])
    assert external == {"sub-P4", "sub-P5"}  # one of files, one of DICOM series


def test_from_folders_of_brats(tmp_path: Path) -> None:
    table = write_fets(tmp_path / "training", {1: 3, 2: 2, 3: 2})
    offline = Offline(tmp_path / "offline")
    options = ["--brats", "--institution-table", table, "-o", tmp_path / "data"]
    offline.gfce(["import", table.parent, *options])
    development = ["Institution-1", "Institution-2"]
    results = run_study(
        tmp_path, offline, development=development, external=["Institution-3"], mask_label=4
    )
    assert "tumour" in set(pd.read_csv(results.metrics)["region"])
