"""How large a study is."""

from __future__ import annotations

import pytest
from cohorts import Configure

from gfce.estimating.size import ASSUMED_PATIENTS, ASSUMED_SLICES, StudySize, counted_size
from gfce.study import Cell, Results

SIMULATION = {"patients": {"A": 6, "B": 5, "C": 4, "D": 3}, "slices": 7}


def test_a_simulation_says_how_many_patients_and_slices(configure: Configure) -> None:
    size = StudySize(configure(simulation=SIMULATION))
    assert size.all_patients == 18
    assert size.slices == 7
    assert [size.tested_at(name) for name in "ABCD"] == [4, 3, 2, 3]


def test_the_unknown_is_assumed(configure: Configure) -> None:
    size = StudySize(configure())
    assert size.patients("A") == ASSUMED_PATIENTS
    assert size.slices == ASSUMED_SLICES


@pytest.mark.parametrize(("pooled", "expected"), [(None, 2), (5, 5)])
def test_a_pooled_set_has_its_own_size(
    configure: Configure, pooled: int | None, expected: int
) -> None:
    size = StudySize(configure(cohort={"pooled_patients": pooled}))
    assert size.training_patients("tri") == expected
    assert size.training_patients("uni-A") == 2


def test_a_share_is_of_the_institutions_patients(configure: Configure) -> None:
    size = StudySize(configure(cohort={"training_patients": 0.5}, simulation=SIMULATION))
    assert [size.trained_on(name) for name in "ABC"] == [3, 2, 2]
    assert size.training_patients("tri") == 2


def test_steps_are_counted_in_whole_batches(configure: Configure) -> None:
    size = StudySize(configure(training={"batch_size": 4, "epochs": 3}, simulation=SIMULATION))
    assert size.steps(Cell("mmgsn_net", "min_max", "uni-A", 1)) == 3 * 4


def test_patients_that_were_indexed_are_counted(configure: Configure) -> None:
    config = configure()
    path = Results(config).patients
    path.parent.mkdir(parents=True)
    path.write_text("patient_id,institution\nsub-1,A\nsub-2,A\nsub-3,B\n")
    size = counted_size(config)
    assert (size.patients("A"), size.patients("B")) == (2, 1)
    assert size.patients("D") == ASSUMED_PATIENTS


def test_patients_of_a_dataset_that_is_not_indexed_are_counted(configure: Configure) -> None:
    config = configure()
    config.cohort.dataset.mkdir()
    table = "participant_id\tinstitution\nsub-1\tD\nsub-2\tD\n"
    (config.cohort.dataset / "participants.tsv").write_text(table)
    assert counted_size(config).patients("D") == 2
