"""The store of resampled patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohorts import COHORT, Configure, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.images.preprocess import preprocess
from gfce.images.reading import read_image
from gfce.images.store import StoredPatient
from gfce.images.volume_statistics import VolumeStatistics
from gfce.images.volumes import resample_in_plane, to_array
from gfce.study import Results


@pytest.fixture
def study(configure: Configure) -> StudyConfig:
    config = configure()
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    return config


def test_raw_intensities_and_geometry_are_kept(study: StudyConfig) -> None:
    preprocess(study, "A")
    stored = StoredPatient(Results(study).images("A"), "sub-A2")
    original = read_image(study.cohort.dataset / "sub-A2/anat/sub-A2_T1w.nii.gz")
    resampled = resample_in_plane(original, (40, 36))
    np.testing.assert_array_equal(stored.volume("t1w"), to_array(resampled))
    assert stored.geometry.spacing == pytest.approx(resampled.GetSpacing())
    assert stored.masks()["foreground"].shape == stored.volume("ce").shape == stored.shape


@pytest.mark.parametrize("region", ["volume", "foreground"])
def test_statistics_are_those_of_the_region(configure: Configure, region: str) -> None:
    config = configure(images={"statistics_region": region})
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    preprocess(config, "D")
    folder = Results(config).images("D")
    stored = StoredPatient(folder, "sub-D1")
    volume, head = stored.volume("ce"), stored.masks()["foreground"]
    expected = VolumeStatistics.of(volume, head, head if region == "foreground" else None)
    assert stored.statistics["ce"] == expected
    table = pd.read_csv(folder / "statistics.csv").set_index(["patient_id", "modality"])
    assert table.loc[("sub-D1", "ce"), "mean"] == pytest.approx(expected.mean)


def test_before_preprocessing(study: StudyConfig) -> None:
    with pytest.raises(UserError, match=r"sub-A1: not in .*: run `gfce preprocess` first"):
        StoredPatient(Results(study).images("A"), "sub-A1").volume("t1w")
