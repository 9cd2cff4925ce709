"""The commands of docs/public-data.md, on miniatures of the datasets."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from brats_folders import TCGA, UCSF, UPENN, labels, write_fets, write_folder
from cohorts import REPOSITORY, minimal_config

from gfce.cli import main
from gfce.cohort.reading import read_dataset
from gfce.images.writing import write_image

TEXT = (REPOSITORY / "docs" / "public-data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^gfce .*$", TEXT, re.MULTILINE)
[SCRIPT] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
[CONFIG] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def _config(folder: Path) -> None:
    """The configuration of the page, for the miniature's few patients."""
    content: dict[str, Any] = yaml.safe_load(CONFIG)
    cohort = content["cohort"] | {"training_patients": 1}
    (folder / "config").mkdir()
    written = minimal_config(results=str(folder / "results")) | {"cohort": cohort}
    (folder / "config" / "fets.yaml").write_text(yaml.safe_dump(written))


def test_the_commands_for_fets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    roles = yaml.safe_load(CONFIG)["cohort"]
    patients = dict.fromkeys(roles["development"], 2) | dict.fromkeys(roles["external"], 1)
    write_fets(Path("training"), {int(name.split("-")[1]): n for name, n in patients.items()})
    _config(tmp_path)
    dry, wet, check, _ = [shlex.split(line)[1:] for line in COMMANDS]
    assert main(dry) == 0
    report = capsys.readouterr().out
    assert "11 patients: 11 can be imported, 0 cannot" in report
    assert not Path("data").exists()
    assert main(wet) == 0
    assert capsys.readouterr().out == report
    assert main(check) == 0


def _write_collections(root: Path) -> None:
    for number, name in enumerate(("UCSF-PDGM-0004", "UCSF-PDGM-0429_FU003d")):
        folder = root / "UCSF-PDGM-v5" / f"{name}_nifti"
        write_folder(folder, UCSF, number, name=name)
    for number, name in enumerate(("UPENN-GBM-00001_11", "UPENN-GBM-00001_21"), start=2):
        write_folder(root / "NIfTI-files" / "images_structural" / name, UPENN, number)
    mask = root / "NIfTI-files" / "images_segm" / "UPENN-GBM-00001_11_segm.nii.gz"
    write_image(labels(1, 2, 4), mask)
    for number, name in enumerate(("TCGA-02-0006", "TCGA-CS-4941"), start=4):
        study = root / "Pre-operative_TCGA_GBM_NIfTI_and_Segmentations"
        write_folder(study / name, TCGA, number, name=f"{name}_1996.08.23")
    (study / "TCGA-CS-4941" / "TCGA-CS-4941_1996.08.23_t2.nii.gz").unlink()


def test_the_manifest_of_three_collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _write_collections(tmp_path)
    program = [sys.executable, "-c", SCRIPT]
    answer = subprocess.run(program, capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("TCGA-CS-4941 is left out: there is not one file each")
    assert main(shlex.split(COMMANDS[-1])[1:]) == 0
    patients = {one.patient_id: one for one in read_dataset(tmp_path / "data" / "gliomas")}
    assert {name: one.institution for name, one in patients.items()} == {
        "sub-UCSFPDGM0004": "UCSF",
        "sub-UPENNGBM00001": "UPENN",
        "sub-TCGA020006": "TCGA-02",
    }
    assert all(one.tumour is not None for one in patients.values())
    for path in (tmp_path / "data").rglob("*"):
        assert "1996" not in path.name
        if path.suffix in (".json", ".tsv"):
            assert "1996" not in path.read_text()
