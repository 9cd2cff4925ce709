"""A cohort whose volumes lie on other grids, from the index to the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohorts import COHORT, Configure, image, write_cohort
from displacing import displaced, movement

from gfce.cohort.index import index
from gfce.cohort.layout import MASKS
from gfce.cohort.leaks import find_leaks
from gfce.config import StudyConfig
from gfce.contract.datapackage import describe
from gfce.images.alignment_table import TABLE
from gfce.images.preprocess import preprocess
from gfce.images.store import StoredPatient
from gfce.images.volumes import Image
from gfce.images.writing import write_image
from gfce.study import Results

ON_ONE_GRID, ELSEWHERE = "sub-A1", "sub-A2"
CE = "ce-gadolinium_T1w"


def write(dataset: Path, patient: str, suffix: str, volume: Image) -> None:
    write_image(volume, dataset / f"{patient}/anat/{patient}_{suffix}.nii.gz")


def write_mask(dataset: Path, patient: str, mask: Image) -> None:
    write_image(mask, dataset / MASKS / f"{patient}/anat/{patient}_label-tumour_mask.nii.gz")


def some_tumour(volume: Image) -> Image:
    mask = volume > 1e9
    mask[8:11, 9:12, 1] = 1
    return mask


def cohort(configure: Configure, how: str, ce: Image, mask: Image | None = None) -> StudyConfig:
    config = configure(images={"alignment": how})
    write_cohort(config.cohort.dataset, COHORT)
    write(config.cohort.dataset, ELSEWHERE, CE, ce)
    if mask is not None:
        write_mask(config.cohort.dataset, ELSEWHERE, mask)
    return config


def reasons(config: StudyConfig) -> dict[str, str]:
    excluded = pd.read_csv(Results(config).exclusions)
    return dict(zip(excluded["patient_id"], excluded["reason"], strict=True))


def ce_on_another_grid() -> Image:
    return displaced(image(5), movement(image(5), (1.0, -2.0, 1.0), (3.0, 0.0, 10.0)))


FAR = displaced(image(5), movement(image(5), (0.0, 30.0, 0.0)))


def test_without_alignment_another_grid_is_a_reason(configure: Configure) -> None:
    config = cohort(configure, "none", ce_on_another_grid())
    with pytest.raises(Exception, match="training_patients"):
        index(config)


@pytest.mark.parametrize("how", ["resample", "rigid"])
def test_another_grid_is_no_reason(configure: Configure, how: str) -> None:
    ce = ce_on_another_grid()
    config = cohort(configure, how, ce, some_tumour(ce))
    index(config)
    assert reasons(config) == {}
    preprocess(config, "A")
    results = Results(config)
    table = pd.read_csv(results.alignment("A"))
    assert list(table.columns) == TABLE.names
    assert len(table) == 6
    rows = table.set_index(["patient_id", "modality"])
    assert rows["on_grid"].sum() == 5
    assert not rows.loc[(ELSEWHERE, "ce"), "on_grid"]
    assert 0.5 < rows.loc[(ELSEWHERE, "ce"), "coverage"] < 1
    assert table["registration"].isna().all() == (how == "resample")
    stored = StoredPatient(results.images("A"), ELSEWHERE)
    assert stored.masks()["tumour"].any()
    assert stored.shape == (3, 40, 36)
    resources = {resource["path"] for resource in describe(config)["resources"]}
    assert "images/A/alignment.csv" in resources


def test_by_the_headers_a_displaced_volume_goes_to_its_place(configure: Configure) -> None:
    """Half of it lies beside T1w: there is air."""
    ce = displaced(image(5), movement(image(5), (0.0, 17.0, 0.0)))
    config = cohort(configure, "resample", ce)
    index(config)
    preprocess(config, "A")
    stored = StoredPatient(Results(config).images("A"), ELSEWHERE)
    volume = stored.volume("ce")
    assert np.ptp(volume[:, :14]) == 0
    assert volume[:, 24:].mean() > 50


def test_without_alignment_there_is_no_table(configure: Configure) -> None:
    config = configure()
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    preprocess(config, "A")
    assert not Results(config).alignment("A").exists()


def test_a_volume_beside_t1w_is_a_reason(configure: Configure) -> None:
    config = configure(images={"alignment": "rigid"}, cohort={"training_patients": 1})
    write_cohort(config.cohort.dataset, COHORT)
    write(config.cohort.dataset, ELSEWHERE, "T2w", FAR)
    write_mask(config.cohort.dataset, "sub-B1", some_tumour(image(9))[:, :, :2])
    write(config.cohort.dataset, "sub-C1", CE, image(3) * 0)
    index(config)
    assert reasons(config) == {
        ELSEWHERE: "sub-A2: T2w covers 17% of T1w's field of view, less than 50%: export both "
        "with their place in the scanner",
        "sub-B1": "sub-B1: tumour mask: lies on the grid of no volume: resample it to that of one",
        "sub-C1": "sub-C1: sub-C1_ce-gadolinium_T1w.nii.gz: every voxel is 0: export it again",
    }


def test_a_failed_registration_is_said(
    configure: Configure, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gfce.images.alignment.MAX_MOVEMENT_MM", -1.0)
    config = cohort(configure, "rigid", ce_on_another_grid())
    index(config)
    preprocess(config, "A")
    lines = [line for line in capsys.readouterr().err.splitlines() if ELSEWHERE in line]
    assert len(lines) == 2
    assert lines[1].startswith(
        "gfce: warning: sub-A2: CE is not registered, but lies as its header says: "
    )
    table = pd.read_csv(Results(config).alignment("A"))
    assert set(table["registration"]) == {"failed"}


def test_the_leak_guard_compares_aligned_volumes(configure: Configure) -> None:
    config = cohort(configure, "resample", ce_on_another_grid())
    index(config)
    assert find_leaks(config).empty
    # A copy of T1w on another grid is still one.
    write(config.cohort.dataset, ELSEWHERE, CE, image(3)[2:, :, :])
    index(config)
    found = find_leaks(config)
    assert "same_image" in set(found["kind"])
