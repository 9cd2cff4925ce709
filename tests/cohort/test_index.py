"""From a BIDS dataset to the index of its cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cohorts import COHORT, Configure, head, image, write_cohort

from gfce.cohort.index import index
from gfce.cohort.tables import PATIENTS
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.volumes import to_image
from gfce.images.writing import write_image
from gfce.study import Results

GEOMETRY = Geometry((2.0, 1.5, 4.0), (-10.0, -20.0, 30.0))


@pytest.fixture
def study(configure: Configure) -> StudyConfig:
    config = configure()
    write_cohort(config.cohort.dataset, COHORT)
    return config


def path_of(config: StudyConfig, patient: str, suffix: str) -> Path:
    return config.cohort.dataset / patient / "anat" / f"{patient}_{suffix}.nii.gz"


def exclusions(config: StudyConfig) -> dict[str, str]:
    table = pd.read_csv(Results(config).exclusions)
    return dict(zip(table["patient_id"], table["reason"], strict=True))


def test_what_the_index_says(study: StudyConfig) -> None:
    index(study)
    table = pd.read_csv(Results(study).patients)
    assert list(table.columns) == PATIENTS.names
    assert dict(zip(table["patient_id"], table["institution"], strict=True)) == COHORT
    first = table.iloc[0]
    assert first["t1w"] == "sub-A1/anat/sub-A1_T1w.nii.gz"
    assert first["ce"] == "sub-A1/anat/sub-A1_ce-gadolinium_T1w.nii.gz"
    assert first["field_strength_t"] == 3
    assert first["slices"] == 3
    assert first["voxel_mm"] == "2x1.5x4"
    assert len(first["sha256_ce"]) == 64
    assert table["sha256_t1w"].nunique() == len(COHORT)
    assert set(table["role"][table["institution"] == "D"]) == {"external"}
    assert table["split"].value_counts().to_dict() == {"train": 6, "test": 4}
    assert exclusions(study) == {}


def constant(config: StudyConfig) -> None:
    flat = np.full_like(head(0), 7)
    write_image(to_image(flat, GEOMETRY), path_of(config, "sub-A2", "T2w"))


def not_finite(config: StudyConfig) -> None:
    broken = head(0)
    broken[1, 2, 3] = np.nan
    write_image(to_image(broken, GEOMETRY), path_of(config, "sub-A2", "T1w"))


def other_grid(config: StudyConfig) -> None:
    write_image(image(0, (2.0, 1.5, 5.0)), path_of(config, "sub-A2", "ce-gadolinium_T1w"))


def missing(config: StudyConfig) -> None:
    path_of(config, "sub-A2", "T2w").unlink()


def twice(config: StudyConfig) -> None:
    write_image(image(0), path_of(config, "sub-A2", "run-2_T2w"))


def no_image(config: StudyConfig) -> None:
    path_of(config, "sub-A2", "T1w").write_text("nothing")


BROKEN = {
    constant: "sub-A2: sub-A2_T2w.nii.gz: every voxel is 7: export it again",
    not_finite: "sub-A2: sub-A2_T1w.nii.gz: has voxels that are not finite: export it again",
    other_grid: "sub-A2: t1w and ce lie on different grids",
    missing: "sub-A2: no t2w volume: add it or leave the patient out",
    twice: "sub-A2: 2 t2w volumes (sub-A2_T2w.nii.gz, sub-A2_run-2_T2w.nii.gz): choose one by",
    no_image: "sub-A2: sub-A2_T1w.nii.gz: is not gzip data though its name says so",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_an_unusable_patient_is_excluded_or_stops_the_run(
    configure: Configure, broken: object, capsys: pytest.CaptureFixture[str]
) -> None:
    # One training patient each, so that the cohort can do without the broken one.
    config = configure(cohort={"training_patients": 1})
    write_cohort(config.cohort.dataset, COHORT)
    broken(config)  # type: ignore[operator]
    index(config)
    [(patient, reason)] = exclusions(config).items()
    assert patient == "sub-A2"
    assert reason.startswith(BROKEN[broken])  # type: ignore[index]
    assert reason in capsys.readouterr().err
    assert "sub-A2" not in set(pd.read_csv(Results(config).patients)["patient_id"])
    strict = configure(cohort={"training_patients": 1, "unusable_patient": "stop"}, study="strict")
    with pytest.raises(UserError, match="sub-A2") as caught:
        index(strict)
    assert "\n" not in str(caught.value)
    assert not Results(strict).root.exists()


def test_a_patient_whom_a_person_leaves_out(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    exclude = {"sub-A2": "wrong series"}
    cohort = {"training_patients": 1, "exclude": exclude, "unusable_patient": "stop"}
    config = configure(cohort=cohort)
    write_cohort(config.cohort.dataset, COHORT)
    no_image(config)  # is not looked at any more
    index(config)
    assert exclusions(config) == {"sub-A2": "sub-A2: wrong series (cohort.exclude)"}
    assert "sub-A2" not in set(pd.read_csv(Results(config).patients)["patient_id"])
    assert "gfce: excluded sub-A2: wrong series (cohort.exclude)\n" in capsys.readouterr().err


def test_nobody_is_excluded_by_mistake(configure: Configure) -> None:
    config = configure(cohort={"exclude": {"sub-A22": "wrong series"}})
    write_cohort(config.cohort.dataset, COHORT)
    with pytest.raises(UserError) as caught:
        index(config)
    assert str(caught.value) == (
        "cohort.exclude: participants.tsv has no patient sub-A22 (did you mean sub-A2?)"
    )


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 201])
def test_an_exclusion_has_a_reason_of_one_line(configure: Configure, reason: str) -> None:
    with pytest.raises(UserError, match=r"cohort.exclude.sub-A2: give one line"):
        configure(cohort={"exclude": {"sub-A2": reason}})


def test_a_patient_of_an_institution_without_a_role_is_listed(configure: Configure) -> None:
    config = configure(cohort={"unusable_patient": "stop"})
    write_cohort(config.cohort.dataset, COHORT | {"sub-E1": "E"})
    index(config)
    assert exclusions(config) == {"sub-E1": "the study has no role for institution E"}


def test_an_institution_that_the_dataset_lacks(configure: Configure) -> None:
    config = configure(cohort={"external": ["D", "Elsewhere"]})
    write_cohort(config.cohort.dataset, COHORT)
    with pytest.raises(UserError, match="institution Elsewhere: no usable patient"):
        index(config)


def test_no_dataset(configure: Configure) -> None:
    with pytest.raises(UserError, match="not a BIDS dataset"):
        index(configure())


def test_workers_change_nothing(study: StudyConfig) -> None:
    written = []
    for workers in (1, 2):
        index(study, workers)
        written.append(Results(study).patients.read_bytes())
    assert written[0] == written[1]
